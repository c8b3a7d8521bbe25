import type { Buffer } from "../buffer.js";
import { typeName } from "../build.js";
import type { Expr, Var } from "../expr.js";
import { freeVariables } from "../free.js";
import { operationsOf } from "../operations.js";
import type { Combiner, Compute, Extern, IterVar, Operation, Scan, Tensor } from "../tensor.js";
import { join, NEWLINE, type Piece } from "./pieces.js";
import { axisPieces, type PrintContext, rootPieces } from "./print-expr.js";
import { attributesText, blockPieces, declarationPieces } from "./print-stmt.js";
import { nameText, stringText } from "./syntax.js";

/**
 * Definitions in order of dependence, a line each, then `outputs C, D`:
 *
 *     placeholder A: float32[128, 64]
 *     combiner sum(x: float32)(y: float32) = (x + y) identity (0.0)
 *     compute C(i in 0..128): float32[128] = reduce sum over (k in 0..64) (A[i, k])
 */
export function tensorsPieces(outputs: readonly Tensor[], context: PrintContext): Piece[] {
  const { operations, combiners, tensors } = operationsOf(outputs);
  const pieces: Piece[] = ["tensors"];
  for (const free of freeVariables(outputs)) {
    pieces.push(NEWLINE, `var ${context.names.of(free, free.name)}: ${typeName(free)}`);
  }
  for (const combiner of combiners) pieces.push(NEWLINE, () => combinerPieces(combiner, context));
  for (const operation of operations) {
    pieces.push(NEWLINE, () => operationPieces(operation, tensors.get(operation) ?? [], context));
  }
  pieces.push(NEWLINE, () => [`outputs (${outputs.map((t) => context.names.of(t, t.name)).join(", ")})`]);
  return pieces;
}

function combinerPieces(combiner: Combiner, context: PrintContext): Piece[] {
  const variables = (list: readonly Var[]): string =>
    `(${list.map((v) => `${context.names.of(v, v.name)}: ${typeName(v)}`).join(", ")})`;
  const exprs = (list: readonly Expr[]): Piece[] => ["(", ...join(list.map((e) => rootPieces(e, context))), ")"];
  const name = context.names.of(combiner, combiner.name);
  const label = name === nameText(combiner.name) ? "" : ` named ${stringText(combiner.name)}`;
  const head = `combiner ${name}${label}${variables(combiner.lhs)}${variables(combiner.rhs)} = `;
  return [head, ...exprs(combiner.results), " identity ", ...exprs(combiner.identities)];
}

function typePieces(tensor: Tensor, context: PrintContext): Piece[] {
  return [`${tensor.dtype}[`, ...join(tensor.shape.map((e) => rootPieces(e, context))), "]"];
}

/** `: float32[4]` when the one tensor is named as the operation, else ` -> C.v0: float32[4], C.v2 #2: float32[4]`. */
function outputPieces(operation: Operation, tensors: readonly Tensor[], context: PrintContext): Piece[] {
  const [only] = tensors;
  if (only !== undefined && tensors.length === 1 && only.outputIndex === 0) {
    if (context.names.of(only, only.name) === nameText(operation.name)) return [": ", ...typePieces(only, context)];
  }
  const each = tensors.map((tensor, position): Piece[] => {
    const index = tensor.outputIndex === position ? "" : ` #${tensor.outputIndex}`;
    return [`${context.names.of(tensor, tensor.name)}${index}: `, ...typePieces(tensor, context)];
  });
  return [" -> (", ...join(each), ")"];
}

function operationPieces(operation: Operation, tensors: readonly Tensor[], context: PrintContext): Piece[] {
  const name = nameText(operation.name);
  const outputs = (): Piece[] => outputPieces(operation, tensors, context);
  switch (operation.kind) {
    case "Placeholder":
      return [`placeholder ${name}`, ...outputs()];
    case "Compute":
      return computePieces(operation, name, outputs(), context);
    case "Scan":
      return scanPieces(operation, name, outputs(), context);
    case "Extern":
      return externPieces(operation, name, outputs(), context);
    default:
      return [`<${(operation satisfies never as { kind: string }).kind}>`];
  }
}

function computePieces(operation: Compute, name: string, outputs: Piece[], context: PrintContext): Piece[] {
  const axes = join(operation.axes.map((axis: IterVar) => axisPieces(axis, "data", context)));
  const bodies = operation.bodies.map((body) => rootPieces(body, context));
  const values: Piece[] = bodies.length === 1 ? (bodies[0] as Piece[]) : ["(", ...join(bodies), ")"];
  return [`compute ${name}(`, ...axes, ")", ...outputs, attributesText(operation.attributes), " = ", ...values];
}

function namesOf(tensors: readonly Tensor[], context: PrintContext): string {
  return `(${tensors.map((t) => context.names.of(t, t.name)).join(", ")})`;
}

function scanPieces(operation: Scan, name: string, outputs: Piece[], context: PrintContext): Piece[] {
  const lists = [
    ["initial", operation.initial],
    ["update", operation.update],
    ["states", operation.states],
  ] as const;
  const text = lists.map(([word, tensors]) => ` ${word} ${namesOf(tensors, context)}`).join("");
  return [`scan ${name}(`, ...axisPieces(operation.axis, "ordered", context), ")", ...outputs, text];
}

function externPieces(operation: Extern, name: string, outputs: Piece[], context: PrintContext): Piece[] {
  const buffers = (list: readonly Buffer[]): Piece[] => [
    "(",
    ...join(list.map((b) => declarationPieces(b, context))),
    ")",
  ];
  const head: Piece[] = [`extern ${name}`, ...outputs, ` inputs ${namesOf(operation.inputs, context)} `];
  return [
    ...head,
    ...buffers(operation.inputBuffers),
    ...buffers(operation.outputBuffers),
    " ",
    () => blockPieces(operation.body, context),
  ];
}
