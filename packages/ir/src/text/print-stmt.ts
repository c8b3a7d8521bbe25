import { formatSpan, isNoSpan } from "@tilewright/diagnostics";
import type { Buffer, BufferRegion } from "../buffer.js";
import { typeName } from "../build.js";
import type { Expr, Var } from "../expr.js";
import type { IRModule, PrimFunc } from "../func.js";
import type { Allocate, For, If, KernelCall, Let, ParallelCall, Register, Stmt } from "../stmt.js";
import { createNames } from "./names.js";
import { DEDENT, INDENT, join, NEWLINE, type Piece } from "./pieces.js";
import { indexedPieces, type PrintContext, rangePieces, regionPieces, rootPieces } from "./print-expr.js";
import { nameText, stringText } from "./syntax.js";

/** `{ … }` around what `stmt` is as a block. */
export function blockPieces(stmt: Stmt, context: PrintContext): Piece[] {
  if (stmt.kind === "Seq" && stmt.stmts.length === 0) return ["{ }"];
  return ["{", INDENT, NEWLINE, () => contentPieces(stmt, context), DEDENT, NEWLINE, "}"];
}

/**
 * The inside of a block: the elements of a sequence, else the one statement. A `let`, `register` or `allocate` holds to the block's end,
 * so its body follows on the next line.
 */
export function contentPieces(stmt: Stmt, context: PrintContext): Piece[] {
  if (stmt.kind === "Seq") {
    const { stmts } = stmt;
    if (stmts.length === 1) return elementPieces(stmt, context);
    const last = stmts.length - 1;
    return join(
      stmts.map((each, position): Piece[] => [
        () => (position === last && isBinding(each) ? contentPieces(each, context) : elementPieces(each, context)),
      ]),
      NEWLINE,
    );
  }
  if (!isBinding(stmt)) return elementPieces(stmt, context);
  const head = bindingPieces(stmt, context);
  if (stmt.body.kind === "Seq" && stmt.body.stmts.length === 0) return head;
  return [...head, NEWLINE, () => contentPieces(stmt.body, context)];
}

type Binding = Let | Register | Allocate;

function isBinding(stmt: Stmt): stmt is Binding {
  return stmt.kind === "Let" || stmt.kind === "Register" || stmt.kind === "Allocate";
}

/** One statement among others: what would run on or merge is put in braces. */
function elementPieces(stmt: Stmt, context: PrintContext): Piece[] {
  if (stmt.kind === "Seq")
    return stmt.stmts.length === 1
      ? ["seq ", ...oneElement(stmt.stmts[0] as Stmt, context)]
      : blockPieces(stmt, context);
  if (isBinding(stmt)) return ["{", INDENT, NEWLINE, () => contentPieces(stmt, context), DEDENT, NEWLINE, "}"];
  return statementPieces(stmt, context);
}

function oneElement(stmt: Stmt, context: PrintContext): Piece[] {
  const inside = (): Piece[] => (isBinding(stmt) ? contentPieces(stmt, context) : elementPieces(stmt, context));
  return ["{", INDENT, NEWLINE, inside, DEDENT, NEWLINE, "}"];
}

function bindingPieces(stmt: Binding, context: PrintContext): Piece[] {
  if (stmt.kind === "Allocate") return ["allocate ", ...declarationPieces(stmt.buffer, context), place(stmt, context)];
  const value = stmt.kind === "Let" ? stmt.value : stmt.initial;
  const name = context.names.of(stmt.variable, stmt.variable.name);
  const same = value.dtype === stmt.variable.dtype && value.lanes === stmt.variable.lanes;
  const type = same ? "" : `: ${typeName(stmt.variable)}`;
  const word = stmt.kind === "Let" ? "let" : "register";
  return [`${word} ${name}${type} = `, ...rootPieces(value, context), place(stmt, context)];
}

/** `// file:line:column` when spans are asked for. */
function place(stmt: Stmt, context: PrintContext): string {
  return context.spans && !isNoSpan(stmt.span) ? ` // ${formatSpan(stmt.span).replaceAll("\n", " ")}` : "";
}

/** `A: float32[4, 4] strides [8, 1] @local align 64`. */
export function declarationPieces(buffer: Buffer, context: PrintContext): Piece[] {
  const list = (exprs: readonly Expr[]): Piece[] => ["[", ...join(exprs.map((e) => rootPieces(e, context))), "]"];
  const pieces: Piece[] = [`${context.names.of(buffer, buffer.name)}: ${buffer.dtype}`, ...list(buffer.shape)];
  if (buffer.strides !== null) pieces.push(" strides ", ...list(buffer.strides));
  pieces.push(` @${nameText(buffer.scope)}`);
  if (buffer.alignment !== 16) pieces.push(` align ${buffer.alignment}`);
  return pieces;
}

function statementPieces(stmt: Exclude<Stmt, Binding | { kind: "Seq" }>, context: PrintContext): Piece[] {
  const end = place(stmt, context);
  const root = (expr: Expr): Piece[] => rootPieces(expr, context);
  const access = (s: { buffer: Buffer; indices: readonly Expr[] }, predicate: Expr | null): Piece[] =>
    indexedPieces(context.names.of(s.buffer, s.buffer.name), s.indices, predicate, root);
  switch (stmt.kind) {
    case "For":
      return forPieces(stmt, end, context);
    case "While":
      return ["while ", ...root(stmt.condition), " ", ...blockPieces(stmt.body, context), end];
    case "Store":
      return [...access(stmt, stmt.predicate), " = ", ...root(stmt.value), end];
    case "If":
      return [() => ifPieces(stmt, context), end];
    case "Assign":
      return [`${variableName(stmt.variable, context)} = `, ...root(stmt.value), end];
    case "Assert":
      return ["assert ", ...root(stmt.condition), `, ${stringText(stmt.message)}`, end];
    case "Evaluate":
      return ["evaluate ", ...root(stmt.value), end];
    case "Atomic":
      return [`atomic ${stmt.op} `, ...access(stmt, null), " = ", ...root(stmt.value), end];
    case "Barrier":
      return [`barrier @${stmt.scope}`, end];
    case "Async": {
      const regions = (list: readonly BufferRegion[]): Piece[] => [
        "(",
        ...join(list.map((r) => regionPieces(r, context))),
        ")",
      ];
      const head = [
        `async ${nameText(stmt.queue)} reads `,
        ...regions(stmt.reads),
        " writes ",
        ...regions(stmt.writes),
        " ",
      ];
      return [...head, ...blockPieces(stmt.body, context), end];
    }
    case "PushToken":
      return [`push_token ${nameText(stmt.from)} -> ${nameText(stmt.to)}`, end];
    case "PopToken":
      return [`pop_token ${nameText(stmt.from)} -> ${nameText(stmt.to)}`, end];
    case "Synchronize":
      return [`synchronize (${stmt.queues.map(nameText).join(", ")})`, end];
    case "KernelCall":
      return [...callPieces("call", stmt, context), ...launchPieces(stmt, context), end];
    case "ParallelCall":
      return [...callPieces("parallel_call", stmt, context), " over ", ...root(stmt.extent), end];
    default:
      return [`<${(stmt satisfies never as { kind: string }).kind}>`];
  }
}

function variableName(variable: Var, context: PrintContext): string {
  return context.names.of(variable, variable.name);
}

function forPieces(stmt: For, end: string, context: PrintContext): Piece[] {
  const kind =
    stmt.loopKind === "serial" && stmt.thread === null
      ? ""
      : `: ${stmt.loopKind}${stmt.thread === null ? "" : `(${stmt.thread})`}`;
  const head = `for ${variableName(stmt.loopVar, context)}${kind} in `;
  return [head, ...rangePieces(stmt.min, stmt.extent, context), " ", ...blockPieces(stmt.body, context), end];
}

function ifPieces(stmt: If, context: PrintContext): Piece[] {
  const word = stmt.role === "guard" ? "guard" : "if";
  const pieces: Piece[] = [`${word} `, ...rootPieces(stmt.condition, context), " ", ...blockPieces(stmt.then, context)];
  const { otherwise } = stmt;
  if (otherwise === null) return pieces;
  if (otherwise.kind === "If") return [...pieces, " else ", () => ifPieces(otherwise, context)];
  return [...pieces, " else ", ...blockPieces(otherwise, context)];
}

function callPieces(word: string, stmt: KernelCall | ParallelCall, context: PrintContext): Piece[] {
  const args = stmt.args.map((arg) =>
    arg.kind === "BufferRegion" ? ["&", ...regionPieces(arg, context)] : rootPieces(arg, context),
  );
  return [`${word} @${nameText(stmt.callee)}(`, ...join(args), ")"];
}

function launchPieces({ launch }: KernelCall, context: PrintContext): Piece[] {
  if (launch === null) return [];
  const list = (exprs: readonly Expr[]): Piece[] => ["(", ...join(exprs.map((e) => rootPieces(e, context))), ")"];
  return [" launch ", ...list(launch.grid), " ", ...list(launch.block)];
}

/** `prim_func @name(A: float32[10] @global, n: index) { … }`; names are unique within a function. */
export function functionPieces(func: PrimFunc, spans: boolean): Piece[] {
  const context: PrintContext = { names: createNames(), labels: new Map(), spans };
  const parameters = func.parameters.map((p): Piece[] =>
    p.kind === "Buffer" ? [() => declarationPieces(p, context)] : [`${variableName(p, context)}: ${typeName(p)}`],
  );
  const role = func.role === "kernel" ? "" : `${func.role} `;
  const pieces: Piece[] = [`${role}prim_func @${nameText(func.name)}(`, ...join(parameters), ")"];
  if (func.mayAlias.length > 0) {
    pieces.push(() => {
      const pairs = func.mayAlias.map(([a, b]) => `(${context.names.of(a, a.name)}, ${context.names.of(b, b.name)})`);
      return [` may_alias (${pairs.join(", ")})`];
    });
  }
  pieces.push(attributesText(func.attributes), " ", () => blockPieces(func.body, context));
  return pieces;
}

/** ` attributes {…}`, nothing when there are none. */
export function attributesText(attributes: object): string {
  return Object.keys(attributes).length === 0 ? "" : ` attributes ${JSON.stringify(attributes)}`;
}

export function modulePieces(module: IRModule, spans: boolean): Piece[] {
  const pieces: Piece[] = [`module${attributesText(module.attributes)}`];
  for (const func of module.functions) pieces.push(NEWLINE, () => functionPieces(func, spans));
  return pieces;
}

/** A statement or expression outside any document, for messages and dumps. */
export function fragmentPieces(node: Expr | Stmt, context: PrintContext): Piece[] {
  return isExpr(node) ? rootPieces(node, context) : contentPieces(node, context);
}

function isExpr(node: Expr | Stmt): node is Expr {
  return "lanes" in node;
}
