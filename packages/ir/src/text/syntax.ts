import type { DType } from "../dtype.js";
import { DTYPES, isFloat } from "../dtype.js";
import type { BinaryOp, FastMath } from "../expr.js";

/** First line of every document of the text form; the number is `IR_VERSION`. */
export const HEADER = "// tilewright-ir";

/** How tightly an infix operator binds; a unary one binds tighter than all of them. All associate to the left. */
export const UNARY_LEVEL = 11;
export const PRIMARY_LEVEL = 12;

interface Infix {
  readonly symbol: string;
  readonly level: number;
}

/** Operators written between their operands. `div` and `floordiv` share `/`: the first is for floats, the second for integers. */
export const INFIX: { readonly [op in BinaryOp]?: Infix } = {
  or: { symbol: "||", level: 1 },
  and: { symbol: "&&", level: 2 },
  bitor: { symbol: "|", level: 3 },
  bitxor: { symbol: "^", level: 4 },
  bitand: { symbol: "&", level: 5 },
  eq: { symbol: "==", level: 6 },
  ne: { symbol: "!=", level: 6 },
  lt: { symbol: "<", level: 7 },
  le: { symbol: "<=", level: 7 },
  gt: { symbol: ">", level: 7 },
  ge: { symbol: ">=", level: 7 },
  shl: { symbol: "<<", level: 8 },
  shr: { symbol: ">>", level: 8 },
  add: { symbol: "+", level: 9 },
  sub: { symbol: "-", level: 9 },
  mul: { symbol: "*", level: 10 },
  div: { symbol: "/", level: 10 },
  floordiv: { symbol: "/", level: 10 },
  floormod: { symbol: "%", level: 10 },
};

/** Symbol → operator and level; `/` is resolved by `divisionOf`. */
export const OPERATORS: ReadonlyMap<string, { readonly op: BinaryOp; readonly level: number }> = new Map(
  Object.entries(INFIX).map(([op, { symbol, level }]) => [symbol, { op: op as BinaryOp, level }]),
);

/** What `/` means for operands of `dtype`. */
export function divisionOf(dtype: DType): BinaryOp {
  return isFloat(dtype) ? "div" : "floordiv";
}

const FLAGS = ["c", "r", "a"] as const;

/** `[c]`, `[cr]` …: contract, reassociate, approximate; nothing when strict. */
export function fastText(fast: FastMath): string {
  const letters = FLAGS.filter((_, bit) => (fast & (1 << bit)) !== 0).join("");
  return letters === "" ? "" : `[${letters}]`;
}

/** The bit of one letter, or undefined. */
export function fastBit(letter: string): FastMath | undefined {
  const bit = FLAGS.indexOf(letter as (typeof FLAGS)[number]);
  return bit < 0 ? undefined : 1 << bit;
}

const TYPE = new RegExp(`^(${[...DTYPES].sort((a, b) => b.length - a.length).join("|")})(?:x([1-9][0-9]{0,4}))?$`);

/** `float32x4` → its parts; undefined when it names no type. */
export function typeFromName(name: string): { readonly dtype: DType; readonly lanes: number } | undefined {
  const match = TYPE.exec(name);
  return match === null ? undefined : { dtype: match[1] as DType, lanes: Number(match[2] ?? 1) };
}

/** Words that an unquoted name may not be: what starts a statement, a literal, a function of expressions. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "true false inf nan _ for in while if else guard let register seq allocate assert evaluate atomic barrier async push_token pop_token " +
    "synchronize call parallel_call neg abs floor ceil round trunc sqrt exp log sin cos tanh erf sigmoid min max pow truncdiv truncmod " +
    "select if_then_else cast reinterpret ramp broadcast shuffle reduce"
  ).split(" "),
);

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*$/;

/** A name as text: itself where that is an identifier and no word of the language, else in backticks. */
export function nameText(name: string): string {
  return PLAIN.test(name) && !RESERVED.has(name) && typeFromName(name) === undefined
    ? name
    : `\`${escaped(name, "`")}\``;
}

/** A string literal. JSON's, so that every character survives. */
export function stringText(text: string): string {
  return JSON.stringify(text);
}

function escaped(text: string, quote: string): string {
  const body = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
  return body.replaceAll(quote, `\\u${quote.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
