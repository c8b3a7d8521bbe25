/** A part of the output: text, a change of indentation, a new line, or work that yields parts when its turn comes. */
export type Piece = string | typeof NEWLINE | typeof INDENT | typeof DEDENT | (() => readonly Piece[]);
export const NEWLINE = Symbol("newline");
export const INDENT = Symbol("indent");
export const DEDENT = Symbol("dedent");

const STEP = "  ";
/** Deeper lines are indented no further: a nest of 20,000 loops would else take 200 MB of blanks. */
const DEEPEST = 40;

/** Runs pieces to text with a stack of its own, so that nesting is limited by memory alone. */
export function render(pieces: readonly Piece[]): string {
  const out: string[] = [];
  const work: Piece[] = [];
  const push = (more: readonly Piece[]): void => {
    for (let position = more.length - 1; position >= 0; position--) work.push(more[position] as Piece);
  };
  push(pieces);
  let depth = 0;
  for (let piece = work.pop(); piece !== undefined; piece = work.pop()) {
    if (typeof piece === "string") out.push(piece);
    else if (typeof piece === "function") push(piece());
    else if (piece === INDENT) depth++;
    else if (piece === DEDENT) depth--;
    else out.push("\n", STEP.repeat(Math.min(depth, DEEPEST)));
  }
  return out.join("");
}

/** The lists with `separator` between them. */
export function join(lists: readonly (readonly Piece[])[], separator: Piece = ", "): Piece[] {
  const out: Piece[] = [];
  lists.forEach((list, position) => {
    if (position > 0) out.push(separator);
    for (const piece of list) out.push(piece);
  });
  return out;
}
