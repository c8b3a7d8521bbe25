// Rule: a value that straight-line code computes more than once is computed once and bound by `Let` before its first use. Numbers stand for
// values: a register that is assigned, or a buffer that is written, gets a new version, so that equal numbers mean equal values. What
// only one arm of an `IfThenElse` computes is not bound, since the other arm may not be able to.
import { 
  type Buffer, build, type Expr, type For, type If, type Let, operandsOf, type PrimFunc, type Stmt, sequence, type Var, variable,withOperands, } from "@tilewright/ir"; // biome-ignore format: a list
import { fromSteps, mapExpressions, type Step, stepsOf } from "./block.js";
import { contains } from "./count-nodes.js";
import { eachStatement, type StatementVisitors } from "./each-statement.js";
import { constantOf } from "./index-arithmetic.js";
import { createNumbering, type Numbering } from "./numbering.js";
import { functionPass } from "./pass.js";

export const shareSubexpressions = functionPass({
  name: "common-subexpressions",
  requires: "flat",
  establishes: "flat",
  run(func) {
    const walk = createWalk(func);
    walkBlock(func.body, walk, null);
    if (!walk.entries.some(isShared)) return func;
    for (const entry of walk.entries) entry.variable = entry.given;
    Object.assign(walk, { rewriting: true, next: 0, nextNumbers: 0 });
    return { ...func, body: walkBlock(func.body, walk, null) };
  },
});

/** A value where it is first computed. */
interface Entry {
  uses: number;
  /** The `Let` of the program that binds it. */
  readonly given: Var | null;
  variable: Var | null;
  readonly worth: boolean;
}

const isShared = (entry: Entry): boolean => (entry.given !== null ? entry.uses > 1 : entry.worth && entry.uses > 1);

interface Scope {
  readonly parent: Scope | null;
  readonly values: Map<number, Entry>;
  /** Arms of an IfThenElse: nothing can be bound here. */
  readonly closed: boolean;
}

/**
 * The program is walked twice in the same order: first counting uses, then, `rewriting`, binding the entries that the first walk found
 * shared. Entries, and the numbers that expressions had, are told by the order in which they appear.
 */
interface Walk {
  rewriting: boolean;
  readonly entries: Entry[];
  next: number;
  /** The numbers in the expressions of the program. */
  readonly numbers: ReadonlyMap<Expr, number>[];
  nextNumbers: number;
  readonly numbering: Numbering;
  versions: Map<object, number>;
  clock: number;
  readonly aliases: ReadonlyMap<Buffer, readonly Buffer[]>;
  /** Every buffer that anything writes. */
  readonly buffers: ReadonlySet<Buffer>;
  /** Some expression calls an intrinsic, which may write anything. */
  readonly callsAnything: boolean;
  /** Lets to put before the current step. */
  pending: Step[];
  /** What happens to memory and registers in a statement: they change. */
  readonly changes: StatementVisitors;
}

function createWalk(func: PrimFunc): Walk {
  const aliases = new Map<Buffer, Buffer[]>();
  for (const [a, b] of func.mayAlias) {
    aliases.set(a, [...(aliases.get(a) ?? []), b]);
    aliases.set(b, [...(aliases.get(b) ?? []), a]);
  }
  const buffers = new Set<Buffer>(func.parameters.filter((parameter) => parameter.kind === "Buffer"));
  eachStatement(func.body, { Allocate: (node) => void buffers.add(node.buffer) });
  const walk: Walk = {
    rewriting: false, entries: [], next: 0, numbers: [], nextNumbers: 0, versions: new Map(), clock: 0, aliases, buffers, pending: [],
    callsAnything: contains(func.body, ["Call"]), numbering: createNumbering((thing) => walk.versions.get(thing) ?? 0),
    changes: changesOf(() => walk),
  }; // biome-ignore format: a list
  return walk;
}

function change(walk: Walk, thing: Var | Buffer): void {
  walk.versions.set(thing, ++walk.clock);
  if (thing.kind === "Buffer") for (const other of walk.aliases.get(thing) ?? []) walk.versions.set(other, walk.clock);
}

function changeEverything(walk: Walk): void {
  for (const buffer of walk.buffers) change(walk, buffer);
}

function changesOf(walk: () => Walk): StatementVisitors {
  const everything = (): void => changeEverything(walk());
  return {
    Assign: (node) => change(walk(), node.variable),
    Store: (node) => change(walk(), node.buffer),
    Atomic: (node) => change(walk(), node.buffer),
    KernelCall: everything,
    ParallelCall: everything,
    Async: everything,
    Synchronize: everything,
    Barrier: everything,
  };
}

/** What a statement may change: registers it assigns, buffers it writes. Numbers, which depend on it, are known when the program is walked again. */
function changeAll(walk: Walk, stmt: Stmt): void {
  if (walk.rewriting) return;
  if (walk.callsAnything && contains(stmt, ["Call"])) changeEverything(walk);
  eachStatement(stmt, walk.changes);
}

function walkBlock(stmt: Stmt, walk: Walk, parent: Scope | null): Stmt {
  const scope: Scope = { parent, values: new Map(), closed: false };
  const made: Step[] = [];
  for (const entry of stepsOf(stmt)) {
    const outer = walk.pending;
    walk.pending = [];
    const step = walkStep(entry, walk, scope);
    made.push(...walk.pending, step);
    walk.pending = outer;
  }
  return walk.rewriting ? fromSteps(made) : stmt;
}

function walkStep(entry: Step, walk: Walk, scope: Scope): Step {
  switch (entry.kind) {
    case "Let":
      return walkLet(entry, walk, scope);
    case "Register":
      return { ...entry, initial: walkExpr(entry.initial, walk, scope), body: sequence([]) };
    case "For":
      return walkLoop(entry, walk, scope);
    case "While": {
      changeAll(walk, entry);
      const condition = walkExpr(entry.condition, walk, { parent: scope, values: new Map(), closed: true });
      const body = walkBlock(entry.body, walk, scope);
      changeAll(walk, entry);
      return { ...entry, condition, body };
    }
    case "If":
      return walkBranch(entry, walk, scope);
    case "Allocate":
      return { ...entry, body: walkBlock(entry.body, walk, scope) };
    case "Async": {
      const body = walkBlock(entry.body, walk, null);
      changeAll(walk, entry);
      return { ...entry, body };
    }
    default: {
      const step = mapExpressions(entry, (expr) => walkExpr(expr, walk, scope));
      changeAll(walk, entry);
      return step;
    }
  }
}

function walkLet(entry: Let, walk: Walk, scope: Scope): Step {
  const numbers = numbersIn(entry.value, walk);
  const given = { root: entry.value, variable: entry.variable };
  const value = share(entry.value, { walk, scope, numbers, given }, 0);
  walk.numbering.define(entry.variable, numbers.get(entry.value) as number);
  return { ...entry, value, body: sequence([]) };
}

function walkLoop(loop: For, walk: Walk, scope: Scope): Step {
  const min = walkExpr(loop.min, walk, scope);
  const extent = walkExpr(loop.extent, walk, scope);
  changeAll(walk, loop.body);
  const body = walkBlock(loop.body, walk, scope);
  changeAll(walk, loop.body);
  return { ...loop, min, extent, body };
}

function walkBranch(branch: If, walk: Walk, scope: Scope): Step {
  const condition = walkExpr(branch.condition, walk, scope);
  const before = new Map(walk.versions);
  const then = walkBlock(branch.then, walk, scope);
  walk.versions = before;
  const otherwise = branch.otherwise && walkBlock(branch.otherwise, walk, scope);
  changeAll(walk, branch);
  return { ...branch, condition, then, otherwise };
}

function find(number: number, scope: Scope): Entry | undefined {
  for (let place: Scope | null = scope; place !== null; place = place.parent) {
    const entry = place.values.get(number);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** The nesting below which expressions are left as they are: what follows recurs. */
const DEEPEST = 800;

interface Place {
  readonly walk: Walk;
  readonly scope: Scope;
  readonly numbers: ReadonlyMap<Expr, number>;
  readonly given: { readonly root: Expr; readonly variable: Var } | null;
}

function walkExpr(root: Expr, walk: Walk, scope: Scope): Expr {
  return isFree(root) ? root : share(root, { walk, scope, numbers: numbersIn(root, walk), given: null }, 0);
}

/** The numbers of all that stands in an expression of the program. */
function numbersIn(root: Expr, walk: Walk): ReadonlyMap<Expr, number> {
  const known = walk.numbers[walk.nextNumbers++];
  if (known !== undefined) return known;
  const numbers = new Map<Expr, number>();
  walk.numbering.of(root, numbers);
  walk.numbers.push(numbers);
  return numbers;
}

function share(expr: Expr, place: Place, depth: number): Expr {
  if (isFree(expr) || depth > DEEPEST) return expr;
  if (expr.kind === "IfThenElse") return shareChoice(expr, place, depth);
  const { walk, scope, given } = place;
  const number = place.numbers.get(expr) as number;
  const known = find(number, scope);
  if (known !== undefined) {
    known.uses++;
    if (known.variable !== null) return known.variable;
    if (!walk.rewriting) return expr;
  }
  if (expr.kind === "Var") return expr;
  const entry = known === undefined ? entryFor(expr, walk, given?.root === expr ? given.variable : null) : undefined;
  if (entry !== undefined) scope.values.set(number, entry);
  const made = shareOperands(expr, place, depth);
  if (!walk.rewriting || entry === undefined || scope.closed || entry.given !== null || !isShared(entry)) return made;
  const held = variable("value", made.dtype, made.lanes, made.span);
  walk.pending.push(build.let(held, made, sequence([])));
  entry.variable = held;
  return held;
}

function shareOperands(expr: Expr, place: Place, depth: number): Expr {
  const operands = operandsOf(expr);
  const shared = operands.map((operand) => share(operand, place, depth + 1));
  return place.walk.rewriting ? withOperands(expr, shared) : expr;
}

/** The arms are not always computed, so what they alone compute is not bound. */
function shareChoice(node: Extract<Expr, { kind: "IfThenElse" }>, place: Place, depth: number): Expr {
  const condition = share(node.condition, place, depth + 1);
  const arm = (expr: Expr): Expr =>
    share(expr, { ...place, scope: { parent: place.scope, values: new Map(), closed: true } }, depth + 1);
  return withOperands(node, [condition, arm(node.whenTrue), arm(node.whenFalse)]);
}

function entryFor(node: Expr, walk: Walk, given: Var | null): Entry {
  const known = walk.entries[walk.next++];
  if (known !== undefined) return known;
  const entry: Entry = { uses: 1, given, variable: null, worth: isWorth(node) };
  walk.entries.push(entry);
  return entry;
}

/** Never looked up: costs nothing to repeat. */
function isFree(node: Expr): boolean {
  return node.kind === "Const" || (node.kind === "Broadcast" && node.operand.kind === "Const");
}

/** Addresses `variable + constant` and ramps are part of an instruction. */
function isWorth(node: Expr): boolean {
  if (node.kind === "Ramp" || node.kind === "Var") return false;
  if (node.dtype !== "index" || node.lanes > 1) return true;
  return !(node.kind === "Binary" && (node.op === "add" || node.op === "sub") && constantOf(node.right) !== undefined);
}
