import type { Json } from "@tilewright/ir";

/** A variable of the text, which is named and declared if something uses it. */
export interface Variable {
  /** What it holds. */
  readonly holds: string;
  used: boolean;
  name: string;
}

/** Part of an expression: text, or the use of a variable. */
export type Piece = string | Variable;

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** JSON as a literal, its keys without quotes where they need none. */
export function literal(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return braces(Object.entries(value).map(([key, field]) => `${keyText(key)}: ${literal(field)}`));
}

/** An object of fields that are there. */
export function objectOf(fields: { readonly [name: string]: readonly Piece[] | undefined }): readonly Piece[] {
  const present = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[`${keyText(name)}: `, ...value]],
  );
  if (present.length === 0) return ["{}"];
  return ["{ ", ...present.flatMap((field, position) => (position === 0 ? field : [", ", ...field])), " }"];
}

/** A list of expressions. */
export function listOf(items: readonly (readonly Piece[])[]): readonly Piece[] {
  return ["[", ...commas(items), "]"];
}

/** Expressions with commas between. */
export function commas(items: readonly (readonly Piece[])[]): readonly Piece[] {
  return items.flatMap((item, position) => (position === 0 ? item : [", ", ...item]));
}

/** `__proto__` in an object literal is no field unless computed. */
const keyText = (key: string): string =>
  key === "__proto__" ? `["${key}"]` : IDENTIFIER.test(key) ? key : JSON.stringify(key);
const braces = (fields: readonly string[]): string => (fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`);

/** Words that are no names of variables. */
const RESERVED: ReadonlySet<string> = new Set(
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield".split(
    " ",
  ),
);

/** A variable name that a name of an axis or stage suggests, and that `taken` does not hold: `i.outer` → `iOuter`. */
export function variableName(name: string, taken: ReadonlySet<string>): string {
  const words = name.split(/[^A-Za-z0-9_$]+/).filter((word) => word !== "");
  const joined = words.map((word, at) => (at === 0 ? word : word[0]?.toUpperCase() + word.slice(1))).join("");
  const plain = /^[A-Za-z_$]/.test(joined) ? joined : `_${joined}`;
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? plain : `${plain}${number}`;
    if (!taken.has(candidate) && !RESERVED.has(candidate)) return candidate;
  }
}
