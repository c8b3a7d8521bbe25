/** Binding strength of C operators, larger is tighter. */
export const LEVEL = {
  atom: 16,
  unary: 14,
  multiply: 13,
  add: 12,
  shift: 11,
  relation: 10,
  equality: 9,
  bitand: 8,
  bitxor: 7,
  bitor: 6,
  and: 5,
  or: 4,
  choice: 3,
} as const;

/** C text of an expression. */
export interface Value {
  readonly text: string;
  /** Of the outermost operator, from `LEVEL`. */
  readonly level: number;
  /** Operators on the longest way to a leaf. */
  readonly depth: number;
  /** Width of a lane when this is a mask, a vector of bool; else 0. */
  readonly maskBits: number;
}

/** A value made of others. */
export function combine(text: string, level: number, parts: readonly Value[], maskBits = 0): Value {
  return { text, level, depth: 1 + parts.reduce((depth, part) => Math.max(depth, part.depth), 0), maskBits };
}

/** A name or literal. */
export function atom(text: string, maskBits = 0): Value {
  return { text, level: text.startsWith("-") ? LEVEL.unary : LEVEL.atom, depth: 0, maskBits };
}

/** The text, in parentheses if it binds looser than `level`. */
export function wrap(value: Value, level: number): string {
  return value.level >= level ? value.text : `(${value.text})`;
}

/** `name(a, b)`. */
export function called(name: string, args: readonly Value[], maskBits = 0): Value {
  return combine(`${name}(${args.map((arg) => arg.text).join(", ")})`, LEVEL.atom, args, maskBits);
}

/** `(type)value`. */
export function castTo(type: string, value: Value, maskBits = 0): Value {
  return combine(`(${type})${wrap(value, LEVEL.unary)}`, LEVEL.unary, [value], maskBits);
}

/** `a op b` of left-associative operators. Operands of bit operations and shifts get parentheses for the reader, and for `-Wparentheses`. */
export function infix(symbol: string, a: Value, b: Value): Value {
  const level = INFIX_LEVELS[symbol] ?? LEVEL.choice;
  const loose = level === LEVEL.add || level === LEVEL.multiply;
  const left = loose
    ? level
    : level === LEVEL.and || level === LEVEL.or
      ? LEVEL.equality
      : level >= LEVEL.equality && level !== LEVEL.shift
        ? LEVEL.add
        : LEVEL.unary;
  const right = loose ? level + 1 : left;
  return combine(`${wrap(a, left)} ${symbol} ${wrap(b, right)}`, level, [a, b]);
}

const INFIX_LEVELS: Readonly<Record<string, number>> = {
  "*": LEVEL.multiply,
  "/": LEVEL.multiply,
  "%": LEVEL.multiply,
  "+": LEVEL.add,
  "-": LEVEL.add,
  "<<": LEVEL.shift,
  ">>": LEVEL.shift,
  "<": LEVEL.relation,
  "<=": LEVEL.relation,
  ">": LEVEL.relation,
  ">=": LEVEL.relation,
  "==": LEVEL.equality,
  "!=": LEVEL.equality,
  "&": LEVEL.bitand,
  "^": LEVEL.bitxor,
  "|": LEVEL.bitor,
  "&&": LEVEL.and,
  "||": LEVEL.or,
};

export const COMPARISON_SYMBOLS: Readonly<Record<string, string>> = {
  eq: "==",
  ne: "!=",
  lt: "<",
  le: "<=",
  gt: ">",
  ge: ">=",
};
