import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Expr, type Read, structuralEqual, type Tensor, visit } from "@tilewright/ir";
import { notMovable } from "./errors.js";
import type { Schedule, Stage } from "./schedule.js";

/** Nodes of one expression; every pass after the schedule walks all of them. */
const LARGEST = 65_536;

/**
 * Rule: expressions stay of a size that can be compiled. A stage that is inlined is there once for each different read, so that a chain of
 * stages that each read the one before at two places doubles at every link.
 *
 * @throws CompileError SCH110
 */
export function checkExpansions(schedule: Schedule, primitive: string, inlined: Stage, span: Span): void {
  const sizes = new Map<Tensor, number>();
  for (const { attachment, bodies, tensors, name } of schedule.stages) {
    const own = bodies.map((body) => expandedSize(body, sizes));
    const largest = Math.max(0, ...own);
    if (largest > LARGEST) {
      const why = `\`${name}\` would be one expression of ${largest} nodes, more than ${LARGEST}`;
      throw new CompileError(notMovable(primitive, inlined.name, why, span));
    }
    if (attachment.kind !== "inline") continue;
    for (const tensor of tensors) sizes.set(tensor, own[tensor.outputIndex] ?? 0);
  }
}

/** The nodes of an expression, and for each different read of an inlined tensor those of that. */
function expandedSize(body: Expr, sizes: ReadonlyMap<Tensor, number>): number {
  const reads = new Map<Tensor, Read[]>();
  let size = 0;
  visit(body, {
    enter: () => {
      size++;
    },
    Read: (read) => {
      const known = reads.get(read.tensor) ?? [];
      const more = sizes.get(read.tensor);
      if (more === undefined || known.some((other) => structuralEqual(other, read))) return;
      reads.set(read.tensor, [...known, read]);
      size += more;
    },
  });
  return size;
}
