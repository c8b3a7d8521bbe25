/** C++ text of a scalar expression; `level` says how tightly its outermost operator binds. */
export interface Text {
  readonly text: string;
  readonly level: number;
}

const ATOM = 9;
const UNARY = 8;
const CHOICE = 1;
const LEVELS: { readonly [operator: string]: number } = {
  "*": 7, "/": 7, "%": 7, "+": 6, "-": 6, "<<": 5, ">>": 5, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 3, "!=": 3, "&": 3, "^": 3, "|": 3, "&&": 2, "||": 2,
}; // biome-ignore format: one glance

/** A name, a literal, an element of an array. */
export const atom = (text: string): Text => ({ text, level: text.startsWith("-") ? UNARY : ATOM });

export const call = (name: string, ...args: readonly Text[]): Text =>
  atom(`${name}(${args.map(({ text }) => text).join(", ")})`);

export const cast = (type: string, value: Text): Text => prefix(`(${type})`, value);

export function prefix(operator: string, value: Text): Text {
  const inner = value.text.startsWith("-") ? ATOM : UNARY; // `- -x`, not `--x`
  return { text: `${operator}${wrapped(value, inner)}`, level: UNARY };
}

/** `a op b`. Sums, products, and chains of one logical operator go without parentheses; the reader gets them for all else. */
export function infix(operator: string, a: Text, b: Text): Text {
  const level = LEVELS[operator] ?? CHOICE;
  if (level >= 6) return { text: `${wrapped(a, level)} ${operator} ${wrapped(b, level + 1)}`, level };
  if (level === 4 || operator === "==" || operator === "!=")
    return { text: `${wrapped(a, 6)} ${operator} ${wrapped(b, 6)}`, level };
  if (level === 2) {
    const chained =
      a.level === level && a.text.includes(` ${operator} `) && !a.text.includes(operator === "&&" ? "||" : "&&");
    return { text: `${chained ? a.text : wrapped(a, 3)} ${operator} ${wrapped(b, 3)}`, level };
  }
  return { text: `${wrapped(a, UNARY)} ${operator} ${wrapped(b, UNARY)}`, level };
}

export function choice(condition: Text, a: Text, b: Text): Text {
  return { text: `${wrapped(condition, 3)} ? ${wrapped(a, 2)} : ${wrapped(b, 2)}`, level: CHOICE };
}

const wrapped = ({ text, level }: Text, atLeast: number): string => (level >= atLeast ? text : `(${text})`);
