// Rule: what has no effect goes: loops, branches and sequences without statements, unused `Let`s, registers that are never read and
// allocations that are never read. A register whose first use is an assignment starts with that value.
import {
  type Buffer,
  build,
  type Expr,
  type If,
  type Register,
  rewrite,
  type Stmt,
  sequence,
  type Var,
  visit,
} from "@tilewright/ir";
import { contains } from "./count-nodes.js";
import { eachStatement } from "./each-statement.js";
import { mentions } from "./guards.js";
import { insideThreads, isLaunch } from "./launch.js";
import { bodyPass } from "./pass.js";

export const cleanUp = bodyPass({
  name: "clean-up",
  requires: "flat",
  establishes: "device",
  run: (body, _, func) => (isLaunch(func) ? insideThreads(body, cleaned) : cleaned(body)),
});

function cleaned(body: Stmt): Stmt {
  let before = body;
  for (let round = 0; round < 4; round++) {
    const after = once(before);
    if (after === before) break;
    before = after;
  }
  return before;
}

const NOTHING: Stmt = sequence([]);
const isNothing = (stmt: Stmt | null): boolean => stmt === null || (stmt.kind === "Seq" && stmt.stmts.length === 0);
const isPure = (expr: Expr): boolean => !contains(expr, ["Call"]);

function once(body: Stmt): Stmt {
  const used = new Set<Var>();
  const read = new Set<Buffer>();
  visit(body, {
    Var: (node) => void used.add(node),
    Load: (node) => void read.add(node.buffer),
    Atomic: (node) => void read.add(node.buffer),
    BufferRegion: (node) => void read.add(node.buffer),
  });
  const own = new Set<Buffer>();
  eachStatement(body, { Allocate: (node) => void own.add(node.buffer) });
  return rewrite(body, {
    For: (node) => (isNothing(node.body) && isPure(node.extent) ? NOTHING : undefined),
    If: branch,
    Let: (node) => (!used.has(node.variable) && isPure(node.value) ? node.body : undefined),
    Register: (node) => {
      if (used.has(node.variable)) return startWithFirstValue(node);
      return isPure(node.initial) ? withoutAssignments(node) : undefined;
    },
    Allocate: (node) => (isNothing(node.body) ? NOTHING : undefined),
    Store: (node) => (own.has(node.buffer) && !read.has(node.buffer) && isPure(node.value) ? NOTHING : undefined),
    Seq: (node) => {
      if (!node.stmts.some((stmt) => isNothing(stmt) || stmt.kind === "Seq")) return undefined;
      return sequence(
        node.stmts.filter((stmt) => !isNothing(stmt)),
        node.span,
      );
    },
  });
}

function branch(node: If): Stmt | undefined {
  const { condition, then, otherwise } = node;
  if (condition.kind === "Const") return condition.value === true ? then : (otherwise ?? NOTHING);
  if (isNothing(then) && isNothing(otherwise) && isPure(condition)) return NOTHING;
  if (isNothing(then) && otherwise !== null)
    return { ...node, condition: build.unary("not", condition), then: otherwise, otherwise: null };
  return otherwise !== null && isNothing(otherwise) ? { ...node, otherwise: null } : undefined;
}

function withoutAssignments(node: Register): Stmt {
  let pure = true;
  visit(node.body, {
    Assign: (assign) => {
      pure = pure && (assign.variable !== node.variable || isPure(assign.value));
    },
  });
  if (!pure) return node;
  return rewrite(node.body, { Assign: (assign) => (assign.variable === node.variable ? NOTHING : undefined) });
}

/** `register r = 0 { register s = 0 { r = a; s = b; … } }` → `register r = a { register s = b { … } }` */
function startWithFirstValue(node: Register): Stmt | undefined {
  const own = new Set([node.variable]);
  const path: Register[] = [];
  let inner: Stmt = node.body;
  while (inner.kind === "Register" && !mentions(inner.initial, own)) {
    path.push(inner);
    inner = inner.body;
  }
  if (inner.kind !== "Seq") return undefined;
  const position = inner.stmts.findIndex((stmt) => stmt.kind === "Assign" && stmt.variable === node.variable);
  const assign = inner.stmts[position];
  if (assign?.kind !== "Assign" || mentions(assign.value, own)) return undefined;
  const before = inner.stmts.slice(0, position);
  const changed = before.flatMap((stmt) => (stmt.kind === "Assign" ? [stmt.variable] : []));
  const between = new Set([...path.map((register) => register.variable), ...changed]);
  const movable = before.every((stmt) => stmt.kind === "Assign" && !mentions(stmt.value, own));
  if (!movable || mentions(assign.value, between) || contains(assign.value, ["Call"])) return undefined;
  const rest: Stmt = sequence(
    inner.stmts.filter((_, at) => at !== position),
    inner.span,
  );
  const body = path.reduceRight<Stmt>((made, register) => ({ ...register, body: made }), rest);
  return { ...node, initial: assign.value, body };
}
