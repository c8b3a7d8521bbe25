import type { Buffer } from "../buffer.js";
import type { Expr, Var } from "../expr.js";
import type { FunctionRole, IRModule, PrimFunc } from "../func.js";
import {
  type Allocate,
  type Let,
  type LoopKind,
  type Register,
  type Seq,
  type Stmt,
  THREAD_TAGS,
  type ThreadTag,
} from "../stmt.js";
import {
  attributesClause, type Cursor, dtypeWord, listUntil, parenthesizedList, stringLiteral, typeWord, wholeNumber,
} from "./cursor.js"; // biome-ignore format: a list
import type { ExprReader } from "./parse-expr.js";
import { typeFromName } from "./syntax.js";

const LOOP_KINDS = ["serial", "parallel", "vectorized", "unrolled", "thread", "virtual"] as const;
const ATOMIC_OPS = ["add", "min", "max", "and", "or", "xor", "exchange"] as const;
const ROLES = ["kernel", "host", "parallel"] as const;

type Binding = Let | Register | Allocate;
/** A binding whose body is what follows in its block. */
type Open = { readonly [K in Binding["kind"]]: Omit<Extract<Binding, { kind: K }>, "body"> }[Binding["kind"]];

/** `{ … }`: one statement stays itself, several or none are a sequence; a binding holds to the end. */
export function parseBlock(cursor: Cursor, exprs: ExprReader): Stmt {
  const span = cursor.span();
  return blockOf(elements(cursor, exprs), span);
}

function elements(cursor: Cursor, exprs: ExprReader): (Stmt | { readonly open: Open })[] {
  cursor.expect("{");
  return cursor.nested(() =>
    cursor.scoped(() => {
      const items: (Stmt | { readonly open: Open })[] = [];
      while (!cursor.accept("}")) items.push(parseElement(cursor, exprs));
      return items;
    }),
  );
}

/** Folds bindings over what follows them, from the end. */
function blockOf(items: readonly (Stmt | { readonly open: Open })[], span: Seq["span"]): Stmt {
  let rest: Stmt[] = [];
  const close = (): Stmt => {
    const [only] = rest;
    return rest.length === 1 && only !== undefined ? only : { kind: "Seq", span, stmts: rest.reverse() };
  };
  for (let position = items.length - 1; position >= 0; position--) {
    const item = items[position] as Stmt | { readonly open: Open };
    if ("open" in item) rest = [{ ...item.open, body: close() } as Stmt];
    else rest.push(item);
  }
  return close();
}

function parseElement(cursor: Cursor, exprs: ExprReader): Stmt | { readonly open: Open } {
  const token = cursor.peek();
  if (token.text === "{" && token.type === "symbol") return parseBlock(cursor, exprs);
  if (token.type === "name" && Object.hasOwn(STATEMENTS, token.text)) {
    const span = cursor.span();
    cursor.next();
    return (STATEMENTS[token.text] as StatementParser)(cursor, exprs, span);
  }
  return assignment(cursor, exprs);
}

type StatementParser = (cursor: Cursor, exprs: ExprReader, span: Stmt["span"]) => Stmt | { readonly open: Open };

/** What each word begins. The word is already taken. */
const STATEMENTS: { readonly [word: string]: StatementParser } = {
  for: parseFor,
  while: (cursor, exprs, span) => ({ kind: "While", span, condition: exprs.expr(), body: parseBlock(cursor, exprs) }),
  if: (cursor, exprs, span) => parseIf(cursor, exprs, "branch", span),
  guard: (cursor, exprs, span) => parseIf(cursor, exprs, "guard", span),
  seq: (cursor, exprs, span) => ({ kind: "Seq", span, stmts: [parseBlock(cursor, exprs)] }),
  let: (cursor, exprs, span) => {
    const { variable, value } = binding(cursor, exprs);
    return { open: { kind: "Let", span, variable, value } };
  },
  register: (cursor, exprs, span) => {
    const { variable, value } = binding(cursor, exprs);
    return { open: { kind: "Register", span, variable, initial: value } };
  },
  allocate: (cursor, exprs, span) => ({ open: { kind: "Allocate", span, buffer: parseDeclaration(cursor, exprs) } }),
  assert: (cursor, exprs, span) => {
    const condition = exprs.expr();
    cursor.expect(",");
    return { kind: "Assert", span, condition, message: stringLiteral(cursor) };
  },
  evaluate: (_, exprs, span) => ({ kind: "Evaluate", span, value: exprs.expr() }),
  atomic: (cursor, exprs, span) => {
    const op = oneOf(cursor, ATOMIC_OPS, "an atomic operation");
    const buffer = bufferName(cursor);
    cursor.expect("[");
    const { indices } = exprs.indices();
    cursor.expect("=");
    return { kind: "Atomic", span, op, buffer, indices, value: exprs.expr() };
  },
  barrier: (cursor, _, span) => {
    cursor.expect("@");
    return { kind: "Barrier", span, scope: oneOf(cursor, ["shared", "global"] as const, "a scope") };
  },
  async: (cursor, exprs, span) => {
    const queue = cursor.name("the name of a queue");
    cursor.expect("reads");
    const reads = parenthesizedList(cursor, exprs.region);
    cursor.expect("writes");
    const writes = parenthesizedList(cursor, exprs.region);
    return { kind: "Async", span, queue, reads, writes, body: parseBlock(cursor, exprs) };
  },
  push_token: (cursor, _, span) => ({ kind: "PushToken", span, ...channel(cursor) }),
  pop_token: (cursor, _, span) => ({ kind: "PopToken", span, ...channel(cursor) }),
  synchronize: (cursor, _, span) => ({
    kind: "Synchronize",
    span,
    queues: parenthesizedList(cursor, () => cursor.name("the name of a queue")),
  }),
  call: (cursor, exprs, span) => {
    const { callee, args } = callOf(cursor, exprs);
    const list = (): readonly Expr[] => parenthesizedList(cursor, exprs.expr);
    const launch = cursor.accept("launch") ? { grid: list(), block: list() } : null;
    return { kind: "KernelCall", span, callee, args, launch };
  },
  parallel_call: (cursor, exprs, span) => {
    const { callee, args } = callOf(cursor, exprs);
    cursor.expect("over");
    return { kind: "ParallelCall", span, callee, extent: exprs.expr(), args };
  },
};

function oneOf<T extends string>(cursor: Cursor, words: readonly T[], what: string): T {
  const found = words.find((word) => word === cursor.peek().text);
  if (found === undefined) return cursor.fail(`${what}: ${words.join(", ")}`);
  cursor.next();
  return found;
}

function bufferName(cursor: Cursor): Buffer {
  const at = cursor.peek();
  return cursor.lookup(cursor.name("the name of a buffer"), ["Buffer"], at);
}

function channel(cursor: Cursor): { readonly from: string; readonly to: string } {
  const from = cursor.name("the name of a queue");
  cursor.expect("->");
  return { from, to: cursor.name("the name of a queue") };
}

function callOf(cursor: Cursor, exprs: ExprReader) {
  cursor.expect("@");
  const callee = cursor.name("the name of a function");
  const args = parenthesizedList(cursor, () => (cursor.accept("&") ? exprs.region() : exprs.expr()));
  return { callee, args };
}

function assignment(cursor: Cursor, exprs: ExprReader): Stmt {
  const span = cursor.span();
  const at = cursor.peek();
  const name = cursor.name("a statement");
  if (cursor.accept("[")) {
    const buffer = cursor.lookup(name, ["Buffer"], at);
    const { indices, predicate } = exprs.indices();
    cursor.expect("=");
    return { kind: "Store", span, buffer, indices, value: exprs.expr(), predicate };
  }
  if (cursor.peek().text !== "=") cursor.fail("a statement: a word that begins one, or `=` or `[` after a name");
  const variable = cursor.lookup(name, ["Var"], at);
  cursor.next();
  return { kind: "Assign", span, variable, value: exprs.expr() };
}

/** `name = value`, `name: type = value`; the name means something only after the value. */
function binding(cursor: Cursor, exprs: ExprReader): { readonly variable: Var; readonly value: Expr } {
  const span = cursor.span();
  const name = cursor.name("the name of a variable");
  const declared = cursor.accept(":") ? typeWord(cursor) : null;
  cursor.expect("=");
  const value = exprs.expr();
  const { dtype, lanes } = declared ?? value;
  return { variable: cursor.define(name, { kind: "Var", span, dtype, lanes, name } as const), value };
}

function parseFor(cursor: Cursor, exprs: ExprReader, span: Stmt["span"]): Stmt {
  const at = cursor.span();
  const name = cursor.name("the name of a loop variable");
  let loopKind: LoopKind = "serial";
  let thread: ThreadTag | null = null;
  if (cursor.accept(":")) {
    loopKind = oneOf(cursor, LOOP_KINDS, "a kind of loop");
    if (cursor.accept("(")) {
      thread = oneOf(cursor, THREAD_TAGS, "a thread tag");
      cursor.expect(")");
    }
  }
  cursor.expect("in");
  const { min, extent } = exprs.range();
  return cursor.scoped((): Stmt => {
    const loopVar = cursor.define(name, { kind: "Var", span: at, dtype: "index", lanes: 1, name } as const);
    return { kind: "For", span, loopVar, min, extent, loopKind, thread, body: parseBlock(cursor, exprs) };
  });
}

/** A chain of `else if` is read in a loop: it may be long. */
function parseIf(cursor: Cursor, exprs: ExprReader, first: "branch" | "guard", start: Stmt["span"]): Stmt {
  const arms: { condition: Expr; then: Stmt; role: "branch" | "guard"; span: Stmt["span"] }[] = [];
  let role = first;
  let span = start;
  let otherwise: Stmt | null = null;
  for (;;) {
    arms.push({ condition: exprs.expr(), then: parseBlock(cursor, exprs), role, span });
    if (!cursor.accept("else")) break;
    span = cursor.span();
    if (cursor.accept("if")) role = "branch";
    else if (cursor.accept("guard")) role = "guard";
    else {
      otherwise = parseBlock(cursor, exprs);
      break;
    }
  }
  for (const arm of arms.reverse()) otherwise = { kind: "If", ...arm, otherwise };
  return otherwise as Stmt;
}

/** `A: float32[4, 4] strides [8, 1] @local align 64`; defines the name. */
export function parseDeclaration(cursor: Cursor, exprs: ExprReader): Buffer {
  const span = cursor.span();
  const name = cursor.name("the name of a buffer");
  cursor.expect(":");
  const dtype = dtypeWord(cursor);
  cursor.expect("[");
  const shape = listUntil(cursor, "]", exprs.expr);
  let strides: readonly Expr[] | null = null;
  if (cursor.accept("strides")) {
    cursor.expect("[");
    strides = listUntil(cursor, "]", exprs.expr);
  }
  cursor.expect("@");
  const scope = cursor.name("a scope") as Buffer["scope"];
  const alignment = cursor.accept("align") ? wholeNumber(cursor) : 16;
  return cursor.define(name, { kind: "Buffer", span, name, dtype, shape, strides, scope, alignment } as const);
}

/** `prim_func @name(…) { … }`, with its role before it. */
export function parseFunction(cursor: Cursor, exprs: ExprReader): PrimFunc {
  cursor.forget();
  const span = cursor.span();
  const role: FunctionRole = cursor.peek(1).text === "prim_func" ? oneOf(cursor, ROLES, "a role") : "kernel";
  cursor.expect("prim_func");
  cursor.expect("@");
  const name = cursor.name("the name of a function");
  declareScalars(cursor);
  const parameters = parenthesizedList(cursor, (): Buffer | Var => {
    if (cursor.peek(3).text === "[") return parseDeclaration(cursor, exprs);
    const at = cursor.peek();
    const variable = cursor.lookup(cursor.name("the name of a parameter"), ["Var"], at);
    cursor.expect(":");
    typeWord(cursor);
    return variable;
  });
  const pair = (): [Buffer, Buffer] => {
    cursor.expect("(");
    const first = bufferName(cursor);
    cursor.expect(",");
    const second = bufferName(cursor);
    cursor.expect(")");
    return [first, second];
  };
  const mayAlias = cursor.accept("may_alias") ? parenthesizedList(cursor, pair) : [];
  const attributes = attributesClause(cursor);
  return { kind: "PrimFunc", span, name, role, parameters, mayAlias, body: parseBlock(cursor, exprs), attributes };
}

/** Shapes may name scalar parameters that come later: those are defined first. */
function declareScalars(cursor: Cursor): void {
  let depth = 0;
  for (let ahead = 0; cursor.peek(ahead).type !== "end"; ahead++) {
    const { text, type } = cursor.peek(ahead);
    if (type !== "symbol") continue;
    if (text === "(" || text === "[") depth++;
    if (text === ")" || text === "]") depth--;
    if (depth === 0) return;
    if (depth !== 1 || (text !== "(" && text !== ",")) continue;
    const [name, colon, word, after] = [1, 2, 3, 4].map((step) => cursor.peek(ahead + step));
    if (colon?.text !== ":" || after?.text === "[" || (name?.type !== "name" && name?.type !== "quoted")) continue;
    const scalar = typeFromName(word?.text ?? "");
    if (scalar === undefined) continue;
    const span = cursor.span();
    cursor.define(name.text, { kind: "Var", span, ...scalar, name: name.text } as const);
  }
}

/** `module`, then functions. */
export function parseModule(cursor: Cursor, exprs: ExprReader): IRModule {
  const span = cursor.span();
  cursor.expect("module");
  const attributes = attributesClause(cursor);
  const functions: PrimFunc[] = [];
  while (cursor.peek().type !== "end") functions.push(parseFunction(cursor, exprs));
  return { kind: "IRModule", span, functions, attributes };
}
