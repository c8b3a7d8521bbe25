import type { Node, Stmt } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";

/** A nest, and the node in it that is to be underlined. */
interface Side {
  readonly name: string;
  readonly body: Stmt;
  readonly at: Node | null;
}

/**
 * Two nests side by side, the node where they first differ underlined in each:
 *
 *     gemm4x8                                     | C
 *     for i in 0..4 {                             | for i.inner in 0..4 {
 *       C[i] = max(C[i], A[i])                    |   C[i.outer * 4 + i.inner] = C[…] + A[…]
 *              ~~~~~~~~~~~~~~~                    |                              ~~~~~~~~~~~
 */
export function drawMismatch(expected: Side, actual: Side): string {
  const [left, right] = [linesOf(expected), linesOf(actual)];
  const width = Math.max(...left.map((line) => line.length));
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, row) =>
    `${(left[row] ?? "").padEnd(width)} | ${right[row] ?? ""}`.trimEnd(),
  );
  return rows.join("\n");
}

function linesOf({ name, body, at }: Side): readonly string[] {
  const lines = print(body).trimEnd().split("\n");
  const wanted = at === null ? "" : (print(at).split("\n")[0] ?? "");
  const found = wanted === "" ? -1 : lines.findIndex((line) => line.includes(wanted));
  const marked = lines.flatMap((line, row) => {
    if (row !== found) return [line];
    return [line, " ".repeat(line.indexOf(wanted)) + "~".repeat(wanted.length)];
  });
  return [name, ...marked];
}
