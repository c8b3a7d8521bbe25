import type { Node } from "../fields.js";
import type { Tensor, Trace } from "../tensor.js";
import { IR_VERSION } from "../version.js";
import { createNames } from "./names.js";
import { NEWLINE, type Piece, render } from "./pieces.js";
import { axisPieces, type PrintContext, regionPieces } from "./print-expr.js";
import { graphPieces } from "./print-graph.js";
import { declarationPieces, fragmentPieces, functionPieces, modulePieces } from "./print-stmt.js";
import { tensorsPieces } from "./print-tensor.js";
import { tracePieces } from "./print-trace.js";
import { HEADER, nameText } from "./syntax.js";

/** What has a text form. Functions, modules, graphs, tensors and traces are documents that `parse` reads; other nodes are fragments. */
export type Printable = Node | readonly Tensor[] | Trace;

export interface PrintOptions {
  /** Adds the place in the user's program to statements that have one, as a comment. Default false. */
  readonly spans?: boolean;
}

/**
 * The text form. Names are made unique, spans are left out, and `parse(print(document))` is structurally equal to the document. Also prints
 * ill-formed IR, as a help in finding the fault.
 */
export function print(subject: Printable, options: PrintOptions = {}): string {
  const spans = options.spans ?? false;
  const context: PrintContext = { names: createNames(), labels: new Map(), spans };
  const document = (pieces: readonly Piece[]): string => `${render([`${HEADER} ${IR_VERSION}`, NEWLINE, ...pieces])}\n`;
  if (isList(subject)) return document(tensorsPieces(subject, context));
  if (!("kind" in subject)) return document(tracePieces(subject));
  switch (subject.kind) {
    case "PrimFunc":
      return document(functionPieces(subject, spans));
    case "IRModule":
      return document(modulePieces(subject, spans));
    case "Tensor":
      return document(tensorsPieces([subject], context));
    case "Graph":
      return document(graphPieces(subject, context));
    case "Buffer":
      return render(declarationPieces(subject, context));
    case "BufferRegion":
      return render(regionPieces(subject, context));
    case "IterVar":
      return render(axisPieces(subject, "data", context));
    case "Placeholder":
    case "Compute":
    case "Scan":
    case "Extern":
    case "Combiner":
    case "Value":
    case "GraphNode":
      return `${subject.kind} ${nameText(subject.name)}`;
    case "Constant":
    case "State":
      return `${subject.kind} ${nameText(subject.value.name)}`;
    case "DimensionSymbol":
      return `symbol ${nameText(subject.variable.name)} from ${subject.min} to ${subject.max}`;
    default:
      return render(fragmentPieces(subject, context));
  }
}

function isList(subject: Printable): subject is readonly Tensor[] {
  return Array.isArray(subject);
}
