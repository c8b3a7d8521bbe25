import { typeName } from "../build.js";
import {
  badThread,
  evaluatesNothing,
  loopNotAtLevel,
  notARegister,
  notInScope,
  sizeNotConstant,
  unfoldsTooFar,
  unknownWord,
  wrongOperand,
} from "../errors.js";
import type { Expr, Var } from "../expr.js";
import type { Node } from "../fields.js";
import {
  type Allocate,
  type Assert,
  type Assign,
  type For,
  type If,
  type Let,
  type Register,
  type Stmt,
  THREAD_TAGS,
  type While,
} from "../stmt.js";
import { ATOMIC_OPERANDS } from "./operators.js";
import { verifyCall } from "./verify-call.js";
import { type Place, verifyAccess, verifyExpr, verifyPredicate } from "./verify-expr.js";
import { bind, type StatementPlace, verifyBuffer, verifyRegion, verifyScalarIndex } from "./verify-scope.js";

/** Statements that may be visited, each counted wherever it stands. */
const MOST_VISITS = 4_000_000;
const LOOP_KINDS = ["serial", "parallel", "vectorized", "unrolled", "thread", "virtual"] as const;

/** Checks statements and all that is in them. Iterative: nesting is limited by memory alone. */
export function verifyStmt(root: Stmt, place: StatementPlace) {
  const stack: (Stmt | (() => void))[] = [root];
  let visits = 0;
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (typeof item === "function") {
      item();
      continue;
    }
    if (++visits > MOST_VISITS) return place.report.add(unfoldsTooFar(MOST_VISITS, root.span));
    place.report.place = item;
    const next = enter(item, place);
    for (let position = next.length - 1; position >= 0; position--) stack.push(next[position] as Stmt | (() => void));
  }
  place.report.place = null;
}

/** Checks one statement and returns what is to be visited next, with the ends of the scopes it opens. */
function enter(stmt: Stmt, place: StatementPlace): readonly (Stmt | (() => void))[] {
  const { report } = place;
  const check = (...exprs: readonly (Expr | null)[]): void => {
    for (const expr of exprs) if (expr !== null) verifyExpr(expr, place);
  };
  if ("condition" in stmt) verifyCondition(stmt, place);
  switch (stmt.kind) {
    case "For":
      check(stmt.min, stmt.extent);
      return verifyFor(stmt, place);
    case "While":
      return [stmt.body];
    case "Store":
    case "Atomic":
      check(...stmt.indices, stmt.value, stmt.kind === "Store" ? stmt.predicate : null);
      verifyWrite(stmt, place);
      return [];
    case "If":
      return stmt.otherwise === null ? [stmt.then] : [stmt.then, stmt.otherwise];
    case "Let":
    case "Register":
      return verifyBinding(stmt, place);
    case "Assign":
      check(stmt.value);
      verifyAssignment(stmt, place);
      return [];
    case "Allocate":
      verifyAllocation(stmt, place);
      return [stmt.body, bind(stmt.buffer, "buffer", place)];
    case "Seq":
      return stmt.stmts;
    case "Evaluate":
      check(stmt.value);
      if (stmt.value.kind !== "Call") report.add(evaluatesNothing(stmt.value.kind, stmt.span));
      return [];
    case "Assert":
    case "Barrier":
    case "PushToken":
    case "PopToken":
    case "Synchronize":
      return [];
    case "Async":
      for (const region of [...stmt.reads, ...stmt.writes]) verifyRegion(region, place);
      return [stmt.body];
    case "KernelCall":
    case "ParallelCall":
      verifyCall(stmt, place);
      return [];
    default:
      report.add(
        unknownWord(
          "kind of statement",
          "a kind of Stmt",
          String((stmt satisfies never as Node).kind),
          (stmt as Node).span,
        ),
      );
      return [];
  }
}

function verifyBinding(stmt: Let | Register, place: StatementPlace): readonly (Stmt | (() => void))[] {
  const value = stmt.kind === "Let" ? stmt.value : stmt.initial;
  verifyExpr(value, place);
  verifyVariable(stmt.variable, value, stmt, place);
  const end = bind(stmt.variable, "variable", place);
  if (stmt.kind === "Register") place.registers.add(stmt.variable);
  return [stmt.body, end];
}

function verifyAssignment(stmt: Assign, place: StatementPlace) {
  const { variable, span } = stmt;
  if (!place.scope.has(variable)) place.report.add(notInScope("variable", variable.name, span));
  else if (!place.registers.has(variable)) place.report.add(notARegister(variable.name, span));
  verifyVariable(variable, stmt.value, stmt, place);
}

function verifyFor(stmt: For, place: StatementPlace): readonly (Stmt | (() => void))[] {
  const { report, grammar, threads } = place;
  const { loopVar, loopKind, thread, span } = stmt;
  verifyScalarIndex(stmt.min, "first value of a loop", place);
  verifyScalarIndex(stmt.extent, "extent of a loop", place);
  verifyScalarIndex(loopVar, "loop variable", place);
  if (!LOOP_KINDS.includes(loopKind))
    report.add(unknownWord("kind of loop", LOOP_KINDS.join(", "), String(loopKind), span));
  else if (!grammar.loops.includes(loopKind))
    report.add(loopNotAtLevel(loopKind, loopVar.name, place.level, grammar.loops, span));
  if ((loopKind === "thread") !== (thread !== null)) {
    report.add(
      badThread(loopVar.name, loopKind === "thread" ? THREAD_TAGS.join(", ") : "no tag", String(thread), span),
    );
  } else if (thread !== null && !THREAD_TAGS.includes(thread))
    report.add(badThread(loopVar.name, THREAD_TAGS.join(", "), String(thread), span));
  const end = bind(loopVar, "variable", place);
  if (thread === null) return [stmt.body, end];
  if (threads.has(thread)) {
    report.add(badThread(loopVar.name, "one loop of a tag in a nest", `${thread} again`, span));
    return [stmt.body, end];
  }
  threads.add(thread);
  return [stmt.body, end, () => threads.delete(thread)];
}

function verifyCondition(stmt: If | While | Assert, place: Place) {
  const { condition, kind, span } = stmt;
  verifyExpr(condition, place);
  if (condition.dtype !== "bool" || condition.lanes !== 1) {
    place.report.add(wrongOperand(`condition of ${kind}`, "a scalar bool", condition, span));
  }
  if (kind === "If" && stmt.role !== "guard" && stmt.role !== "branch") {
    place.report.add(unknownWord("role of If", "guard, branch", String((stmt as If).role), span));
  }
}

function verifyVariable(variable: Var, value: Expr, stmt: Stmt, { report }: Place) {
  if (variable.dtype !== value.dtype || variable.lanes !== value.lanes) {
    report.add(wrongOperand(`value of \`${variable.name}\``, typeName(variable), value, stmt.span));
  }
}

function verifyWrite(stmt: Extract<Stmt, { kind: "Store" | "Atomic" }>, place: Place) {
  const { report } = place;
  const { buffer, value, span } = stmt;
  const lanes = verifyAccess(buffer, stmt.indices, stmt, place);
  const expected = { dtype: buffer.dtype, lanes };
  if (value.dtype !== buffer.dtype || value.lanes !== lanes)
    report.add(wrongOperand(`value stored in \`${buffer.name}\``, typeName(expected), value, span));
  if (stmt.kind === "Store") return verifyPredicate(stmt.predicate, lanes, stmt, place);
  const family = Object.hasOwn(ATOMIC_OPERANDS, stmt.op) ? ATOMIC_OPERANDS[stmt.op] : undefined;
  if (family === undefined)
    report.add(unknownWord("atomic operation", Object.keys(ATOMIC_OPERANDS).join(", "), String(stmt.op), span));
  else if (!family.has(value.dtype))
    report.add(wrongOperand(`operand of atomic \`${stmt.op}\``, family.words, value, span));
}

function verifyAllocation(stmt: Allocate, place: StatementPlace) {
  const { buffer, span } = stmt;
  verifyBuffer(buffer, place);
  if (!place.grammar.constantSizes) return;
  const open = buffer.shape.find((extent) => extent.kind !== "Const" || Number(extent.value) < 0);
  if (open !== undefined)
    place.report.add(sizeNotConstant(buffer.name, open.kind === "Const" ? String(open.value) : open.kind, span));
}
