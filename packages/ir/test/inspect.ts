import { LEVELS, type Node, structuralHash, type Tensor, type Trace } from "@tilewright/ir";
import { encode } from "@tilewright/ir/json";
import { print } from "@tilewright/ir/text";
import { verify, verifyGraph, verifyTensors } from "@tilewright/ir/verify";

/** Runs everything that must take any program, also an ill-formed one. */
export function inspect(document: Node | readonly Tensor[] | Trace): void {
  print(document);
  encode(document);
  if (Array.isArray(document)) verifyTensors(document);
  if (!("kind" in document)) return;
  structuralHash(document);
  if (document.kind === "Graph") verifyGraph(document);
  if (document.kind === "PrimFunc" || document.kind === "IRModule") for (const level of LEVELS) verify(document, level);
}
