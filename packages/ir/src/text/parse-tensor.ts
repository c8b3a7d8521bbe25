import type { Buffer } from "../buffer.js";
import type { Expr, Var } from "../expr.js";
import type { Combiner, IterVar, Operation, Tensor } from "../tensor.js";
import {
  attributesClause, type Cursor, dtypeWord, listUntil, parenthesizedList, stringLiteral, typeWord, wholeNumber,
} from "./cursor.js"; // biome-ignore format: a list
import type { ExprReader } from "./parse-expr.js";
import { parseBlock, parseDeclaration } from "./parse-stmt.js";

/** `tensors`, definitions in order of dependence, `outputs (C, D)`. */
export function parseTensors(cursor: Cursor, exprs: ExprReader): Tensor[] {
  cursor.expect("tensors");
  for (;;) {
    if (cursor.accept("outputs")) return tensorNames(cursor);
    if (cursor.accept("var")) parseVariable(cursor);
    else if (cursor.accept("combiner")) parseCombiner(cursor, exprs);
    else if (cursor.accept("placeholder")) parsePlaceholder(cursor, exprs);
    else if (cursor.accept("compute")) parseCompute(cursor, exprs);
    else if (cursor.accept("scan")) parseScan(cursor, exprs);
    else if (cursor.accept("extern")) parseExtern(cursor, exprs);
    else cursor.fail("var, combiner, placeholder, compute, scan, extern or outputs");
  }
}

function parseVariable(cursor: Cursor): Var {
  const span = cursor.span();
  const name = cursor.name("the name of a variable");
  cursor.expect(":");
  return cursor.define(name, { kind: "Var", span, ...typeWord(cursor), name } as const);
}

function tensorNames(cursor: Cursor): Tensor[] {
  return parenthesizedList(cursor, () => {
    const at = cursor.peek();
    return cursor.lookup(cursor.name("the name of a tensor"), ["Tensor"], at);
  });
}

function parseCombiner(cursor: Cursor, exprs: ExprReader): Combiner {
  const span = cursor.span();
  const printed = cursor.name("the name of a combiner");
  const name = cursor.accept("named") ? stringLiteral(cursor) : printed;
  const lhs = parenthesizedList(cursor, () => parseVariable(cursor));
  const rhs = parenthesizedList(cursor, () => parseVariable(cursor));
  cursor.expect("=");
  const results = parenthesizedList(cursor, exprs.expr);
  cursor.expect("identity");
  const identities = parenthesizedList(cursor, exprs.expr);
  return cursor.define(printed, { kind: "Combiner", span, name, lhs, rhs, results, identities } as const);
}

interface Output {
  readonly name: string;
  readonly outputIndex: number;
  readonly dtype: Tensor["dtype"];
  readonly shape: readonly Expr[];
  readonly span: Tensor["span"];
}

function tensorType(cursor: Cursor, exprs: ExprReader): Pick<Output, "dtype" | "shape"> {
  const dtype = dtypeWord(cursor);
  cursor.expect("[");
  return { dtype, shape: listUntil(cursor, "]", exprs.expr) };
}

/** `: float32[4]`, or `-> (C: float32[4], D #2: float32[4])`. */
function outputsClause(cursor: Cursor, exprs: ExprReader, name: string): Output[] {
  const span = cursor.span();
  if (cursor.accept(":")) return [{ name, outputIndex: 0, span, ...tensorType(cursor, exprs) }];
  cursor.expect("->");
  let position = 0;
  return parenthesizedList(cursor, () => {
    const at = cursor.span();
    const own = cursor.name("the name of a tensor");
    const outputIndex = cursor.accept("#") ? wholeNumber(cursor) : position;
    position++;
    cursor.expect(":");
    return { name: own, outputIndex, span: at, ...tensorType(cursor, exprs) };
  });
}

function defineOutputs(cursor: Cursor, operation: Operation, outputs: readonly Output[]): void {
  for (const { name, ...output } of outputs)
    cursor.define(name, { kind: "Tensor", name, ...output, operation } as const);
}

function parsePlaceholder(cursor: Cursor, exprs: ExprReader): void {
  const span = cursor.span();
  const name = cursor.name("the name of a placeholder");
  const outputs = outputsClause(cursor, exprs, name);
  defineOutputs(cursor, { kind: "Placeholder", span, name }, outputs);
}

function parseCompute(cursor: Cursor, exprs: ExprReader): void {
  const span = cursor.span();
  const name = cursor.name("the name of a computation");
  const axes: IterVar[] = parenthesizedList(cursor, () => exprs.axis("data"));
  const outputs = outputsClause(cursor, exprs, name);
  const attributes = attributesClause(cursor);
  cursor.expect("=");
  // A parenthesis opens a list of bodies when a comma or nothing follows the first, else it is part of the only body.
  const bodies = listsBodies(cursor) ? parenthesizedList(cursor, exprs.expr) : [exprs.expr()];
  defineOutputs(cursor, { kind: "Compute", span, name, axes, bodies, attributes }, outputs);
}

/** True when what comes next is `()` or a parenthesis with a comma of its own. */
function listsBodies(cursor: Cursor): boolean {
  if (cursor.peek().text !== "(" || cursor.peek().type !== "symbol") return false;
  if (cursor.peek(1).text === ")") return true;
  let depth = 0;
  for (let ahead = 0; cursor.peek(ahead).type !== "end"; ahead++) {
    const { text, type } = cursor.peek(ahead);
    if (type !== "symbol") continue;
    if ("([{".includes(text)) depth++;
    if (")]}".includes(text) && --depth === 0) return false;
    if (text === "," && depth === 1) return true;
  }
  return false;
}

function parseScan(cursor: Cursor, exprs: ExprReader): void {
  const span = cursor.span();
  const name = cursor.name("the name of a scan");
  cursor.expect("(");
  const axis = exprs.axis("ordered");
  cursor.expect(")");
  const outputs = outputsClause(cursor, exprs, name);
  const [initial, update, states] = (["initial", "update", "states"] as const).map((word) => {
    cursor.expect(word);
    return tensorNames(cursor);
  }) as [Tensor[], Tensor[], Tensor[]];
  defineOutputs(cursor, { kind: "Scan", span, name, axis, initial, update, states }, outputs);
}

function parseExtern(cursor: Cursor, exprs: ExprReader): void {
  const span = cursor.span();
  const name = cursor.name("the name of an extern");
  const outputs = outputsClause(cursor, exprs, name);
  cursor.expect("inputs");
  const inputs = tensorNames(cursor);
  const buffers = (): Buffer[] => parenthesizedList(cursor, () => parseDeclaration(cursor, exprs));
  const [inputBuffers, outputBuffers] = [buffers(), buffers()];
  const body = parseBlock(cursor, exprs);
  defineOutputs(cursor, { kind: "Extern", span, name, inputs, inputBuffers, outputBuffers, body }, outputs);
}
