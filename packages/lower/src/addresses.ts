// Rule: the address of an access becomes `variable + constant`. An address is a sum of terms; each term belongs to the loop whose variable it
// uses. Going inwards, the sum of the terms so far is a `Let` at the start of that loop's body, shared by all accesses with the same terms.
// In an innermost serial loop the last sum is a register that grows by a constant each time, instead of a product:
//   for k { … A[i·n + 4·k + 1] … }  →  let p = i·n { register q = p { for k { … A[q + 1] …  q = q + 4 } } }
// Code generators fold the constant into the instruction.
import {
  build,
  type Expr,
  type For,
  int,
  type Let,
  type Rules,
  rewrite,
  type Stmt,
  sequence,
  type Var,
  variable,
  visit,
} from "@tilewright/ir";
import { fromSteps, type Step, stepsOf } from "./block.js";
import { contains } from "./count-nodes.js";
import { constantOf, plus, times } from "./index-arithmetic.js";
import { insideThreads } from "./launch.js";
import { linearFormOf, sumOf, type Term } from "./linear-form.js";
import { createNumbering, type Numbering } from "./numbering.js";
import { bodyPass } from "./pass.js";

export const formAddresses = bodyPass({
  name: "addresses",
  requires: "flat",
  establishes: "flat",
  run: (body) =>
    insideThreads(body, (inner) =>
      block(inner, { parent: null, depth: 0, loop: null, sums: new Map(), lets: [], inductions: [] }, createState()),
    ),
});

/** A place where sums can be bound: the body of a function, a loop or a branch. */
interface Scope {
  readonly parent: Scope | null;
  /** Loops around. */
  readonly depth: number;
  /** The loop whose body this is, when it is innermost and serial: sums over its variable become registers. */
  readonly loop: For | null;
  readonly sums: Map<string, Var>;
  readonly lets: Let[];
  readonly inductions: { readonly register: Var; readonly initial: Expr; readonly step: number }[];
}

interface State {
  readonly numbering: Numbering;
  /** Depth at which a variable is known: whole for loops and parameters, half for what is bound on the way. */
  readonly depths: Map<Var, number>;
}

function createState(): State {
  return { numbering: createNumbering(), depths: new Map() };
}

function child(parent: Scope, loop: For | null, isLoop: boolean): Scope {
  return { parent, depth: parent.depth + (isLoop ? 1 : 0), loop, sums: new Map(), lets: [], inductions: [] };
}

function block(stmt: Stmt, scope: Scope, state: State): Stmt {
  const steps = stepsOf(stmt).flatMap((entry) => step(entry, scope, state));
  return fromSteps([...scope.lets, ...steps]);
}

function step(entry: Step, scope: Scope, state: State): Step | readonly Step[] {
  switch (entry.kind) {
    case "For":
      return loopStep(entry, scope, state);
    case "If": {
      const condition = inAddresses(entry.condition, scope, state);
      const then = block(entry.then, child(scope, scope.loop, false), state);
      const otherwise = entry.otherwise && block(entry.otherwise, child(scope, scope.loop, false), state);
      return { ...entry, condition, then, otherwise };
    }
    case "While":
    case "Async":
      return { ...entry, body: block(entry.body, child(scope, null, false), state) };
    case "Allocate":
      return { ...entry, body: block(entry.body, child(scope, scope.loop, false), state) };
    case "Let":
      state.depths.set(entry.variable, scope.depth + 0.5);
      return { ...entry, value: inAddresses(entry.value, scope, state), body: sequence([]) };
    case "Register":
      state.depths.set(entry.variable, Number.POSITIVE_INFINITY);
      return { ...entry, initial: inAddresses(entry.initial, scope, state), body: sequence([]) };
    default:
      return inAddresses<Stmt>(entry, scope, state);
  }
}

function loopStep(loop: For, scope: Scope, state: State): readonly Step[] {
  const min = inAddresses(loop.min, scope, state);
  const extent = inAddresses(loop.extent, scope, state);
  const inner = child(scope, loop.loopKind === "serial" && !contains(loop.body, ["For", "While"]) ? loop : null, true);
  state.depths.set(loop.loopVar, inner.depth);
  const body = block(loop.body, inner, state);
  const registers = inner.inductions.map(({ register, initial }) => build.register(register, initial, sequence([])));
  const advance = inner.inductions.map(({ register, step: by }) => build.assign(register, plus(register, int(by))));
  return [...registers, { ...loop, min, extent, body: advance.length === 0 ? body : sequence([body, ...advance]) }];
}

/** Rewrites the addresses in one expression or simple statement. */
function inAddresses<N extends Expr | Stmt>(node: N, scope: Scope, state: State): N {
  if (node.kind === "Const" || node.kind === "Var") return node;
  const formed = (indices: readonly Expr[]): readonly Expr[] | undefined => {
    const [index] = indices;
    const made = index && formAddress(index, scope, state);
    return made === undefined || made === index ? undefined : [made];
  };
  const rules: Rules = {
    Load: (load) => replaced(load, formed(load.indices)),
    Store: (store) => replaced(store, formed(store.indices)),
    Atomic: (atomic) => replaced(atomic, formed(atomic.indices)),
  };
  return rewrite<Expr | Stmt>(node, rules) as N;
}

const replaced = <N>(node: N, indices: readonly Expr[] | undefined): N | undefined =>
  indices === undefined ? undefined : { ...node, indices };

function formAddress(index: Expr, scope: Scope, state: State): Expr {
  if (index.kind === "Ramp") {
    const base = formAddress(index.base, scope, state);
    return base === index.base ? index : { ...index, base };
  }
  if (index.lanes !== 1 || index.kind === "Const" || index.kind === "Var") return index;
  const form = linearFormOf(index, (atom) => (atom.kind === "Var" ? atom : state.numbering.of(atom)));
  const levels: Term[][] = Array.from({ length: scope.depth + 1 }, () => []);
  const late: Term[] = [];
  for (const term of form.terms) (levels[depthOf(term.atom, state)] ?? late).push(term);
  let sum: Expr | undefined;
  levels.forEach((terms, depth) => {
    if (terms.length > 0) sum = bind(sum, terms, scopeAt(scope, depth), state);
  });
  const rest = late.length === 0 ? sum : sum === undefined ? sumOf(late) : plus(sum, sumOf(late));
  return rest === undefined ? int(form.constant, index.span) : plus(rest, int(form.constant, index.span));
}

/** The scope where sums over variables of `depth` are bound: the innermost one of that depth. */
function scopeAt(scope: Scope, depth: number): Scope {
  let found = scope;
  while (found.depth > depth && found.parent !== null) found = found.parent;
  return found;
}

/** The depth from which on `atom` is known and cannot change or fail; infinite when it must stay where it is. */
function depthOf(atom: Expr, { depths }: State): number {
  if (atom.kind === "Var") return Math.ceil(depths.get(atom) ?? 0);
  let depth = 0;
  visit(atom, {
    Var: (node) => {
      depth = Math.max(depth, Math.ceil(depths.get(node) ?? 0));
    },
    Load: () => {
      depth = Number.POSITIVE_INFINITY;
    },
    Call: () => {
      depth = Number.POSITIVE_INFINITY;
    },
    Shuffle: () => {
      depth = Number.POSITIVE_INFINITY;
    },
    Binary: ({ op, right }) => {
      const divides = op === "floordiv" || op === "floormod" || op === "truncdiv" || op === "truncmod";
      if (divides && (constantOf(right) ?? 0) === 0) depth = Number.POSITIVE_INFINITY;
    },
  });
  return depth;
}

/** A variable for `sum + Σ terms`, made in `scope` or found there. */
function bind(sum: Expr | undefined, terms: readonly Term[], scope: Scope, state: State): Expr {
  const [first] = terms;
  if (sum === undefined && terms.length === 1 && first?.atom.kind === "Var" && first.coefficient === 1)
    return first.atom;
  const parts = terms.map(({ atom, coefficient }) => `${state.numbering.of(atom)}*${coefficient}`).sort();
  const key = `${sum === undefined ? "" : state.numbering.of(sum)}:${parts.join("+")}`;
  for (let place: Scope | null = scope; place !== null; place = place.parent) {
    const known = place.sums.get(key);
    if (known !== undefined) return known;
  }
  const { loop } = scope;
  const moves = loop !== null && terms.length === 1 && first?.atom === loop.loopVar;
  const made = variable("address", "index");
  if (moves && first.coefficient !== 1) {
    const home = loopScope(scope, loop);
    const start = times(loop.min, int(first.coefficient));
    home.inductions.push({
      register: made,
      initial: sum === undefined ? start : plus(sum, start),
      step: first.coefficient,
    });
    home.sums.set(key, made);
    state.depths.set(made, Number.POSITIVE_INFINITY);
  } else {
    const value = sum === undefined ? sumOf(terms) : plus(sum, sumOf(terms));
    scope.lets.push({ kind: "Let", span: value.span, variable: made, value, body: sequence([]) });
    scope.sums.set(key, made);
    state.depths.set(made, scope.depth);
  }
  return made;
}

/** The scope of the loop's whole body, seen from a branch in it. */
function loopScope(scope: Scope, loop: For): Scope {
  let found = scope;
  while (found.parent !== null && found.parent.loop === loop) found = found.parent;
  return found;
}
