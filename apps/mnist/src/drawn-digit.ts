const SIDE = 28;
const SHADES = " .:-=+*#%@";

/** An image of 28 × 28 values in [0, 1) as text: two rows of pixels in a line of text, which is about twice as high as wide. */
export function drawDigit(pixels: ArrayLike<number>): string {
  const lines: string[] = [];
  for (let row = 0; row < SIDE; row += 2) {
    let line = "";
    for (let column = 0; column < SIDE; column++) {
      const upper = pixels[row * SIDE + column] ?? 0;
      const lower = pixels[(row + 1) * SIDE + column] ?? 0;
      line += SHADES[Math.min(SHADES.length - 1, Math.floor(((upper + lower) / 2) * SHADES.length))];
    }
    lines.push(line.trimEnd());
  }
  return lines.join("\n");
}

/** Blocks of text beside each other, each padded to `width`. */
export function sideBySide(blocks: readonly string[], width: number): string {
  const columns = blocks.map((block) => block.split("\n"));
  const height = Math.max(0, ...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    columns
      .map((lines) => (lines[row] ?? "").padEnd(width))
      .join("")
      .trimEnd(),
  ).join("\n");
}
