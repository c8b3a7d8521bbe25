// Rule: a value that does not change while a serial loop runs is computed before it and bound by `Let`. Values that the loop always needs
// alone move; a read moves only where the loop surely runs and does not write that buffer. Addresses are left to their own pass.
import { 
  type Buffer, build, type Expr, type For, operandsOf, type PrimFunc, type Rules, rewrite, type Stmt, type Var, variable, visit,} from "@tilewright/ir"; // biome-ignore format: a list
import { allOf, contains } from "./count-nodes.js";
import { eachStatement } from "./each-statement.js";
import { constantOf } from "./index-arithmetic.js";
import { postorder } from "./operands.js";
import { functionPass } from "./pass.js";
import { bindersOf } from "./refresh-binders.js";

export const hoistInvariants = functionPass({
  name: "hoist",
  requires: "flat",
  establishes: "flat",
  run(func) {
    const calls = contains(func.body, ["Call"]);
    const body = rewrite(func.body, {
      For: (loop) => (loop.loopKind === "serial" ? hoist(loop, func, calls) : undefined),
    });
    return body === func.body ? func : { ...func, body };
  },
});

/** Values that one loop may keep in registers for itself. */
const MAX_HOISTED = 16;

const HOISTABLE = ["Unary", "Binary", "Select", "Cast", "Reinterpret", "Load", "Broadcast", "Shuffle"] as const;

function hoist(loop: For, func: PrimFunc, calls: boolean): Stmt | undefined {
  const found = invariantsOf(loop, func, calls);
  if (found.size === 0) return undefined;
  const enter = (node: Expr): Expr | undefined => found.get(node);
  const rules: Rules = allOf(HOISTABLE, { enter });
  const body = rewrite<Stmt>(loop.body, rules);
  return [...found].reduceRight<Stmt>((rest, [value, held]) => build.let(held, value, rest), { ...loop, body });
}

/** The largest invariant values of the loop's body, and the variables that are to hold them. `calls`: some expression of the function calls an intrinsic. */
function invariantsOf(loop: For, func: PrimFunc, calls: boolean): ReadonlyMap<Expr, Var> {
  const varying = new Set<Var>([loop.loopVar, ...bindersOf(loop.body).variables]);
  const written = new Set<Buffer>();
  const opaque =
    (constantOf(loop.extent) ?? 0) < 1 || contains(loop.body, OPAQUE) || (calls && contains(loop.body, ["Call"]));
  eachStatement(loop.body, {
    Assign: (node) => void varying.add(node.variable),
    Store: (node) => void written.add(node.buffer),
    Atomic: (node) => void written.add(node.buffer),
    Allocate: (node) => void written.add(node.buffer),
  });
  for (const [a, b] of func.mayAlias) if (written.has(a) || written.has(b)) written.add(a).add(b);
  const invariant = invariance(varying, (buffer) => !opaque && !written.has(buffer));
  const found = new Map<Expr, Var>();
  const consider = (node: Expr): boolean => {
    if (node.kind === "IfThenElse") return false;
    if (found.size >= MAX_HOISTED || node.dtype === "index" || isTrivial(node) || !invariant(node)) return true;
    if (!found.has(node)) found.set(node, variable("invariant", node.dtype, node.lanes, node.span));
    return false;
  };
  visit(loop.body, {
    If: () => false,
    While: () => false,
    For: (inner) => inner.loopKind === "serial" && (constantOf(inner.extent) ?? 0) >= 1,
    IfThenElse: () => false,
    ...allOf(HOISTABLE, consider),
  });
  return found;
}

const OPAQUE: readonly Stmt["kind"][] = ["KernelCall", "ParallelCall", "Async", "Synchronize", "Barrier", "Evaluate"];
const DIVISIONS: ReadonlySet<string> = new Set(["floordiv", "floormod", "truncdiv", "truncmod"]);

function isTrivial(node: Expr): boolean {
  return node.kind === "Const" || node.kind === "Var" || (node.kind === "Broadcast" && node.operand.kind === "Const");
}

/** A memoised test: built of variables that stay, constants, and reads that `mayRead`. */
function invariance(varying: ReadonlySet<Var>, mayRead: (buffer: Buffer) => boolean): (expr: Expr) => boolean {
  const known = new Map<Expr, boolean>();
  const test = (expr: Expr): boolean => {
    if (expr.kind === "Var") return !varying.has(expr);
    if (expr.kind === "Call" || expr.kind === "IfThenElse") return false;
    if (expr.kind === "Load" && !mayRead(expr.buffer)) return false;
    if (expr.kind === "Binary" && DIVISIONS.has(expr.op)) return false;
    return operandsOf(expr).every((operand) => known.get(operand));
  };
  return (expr) => postorder(expr, known, test);
}
