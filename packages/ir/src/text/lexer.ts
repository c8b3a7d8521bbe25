import { CompileError, type Span } from "@tilewright/diagnostics";
import { malformedToken } from "../errors-format.js";

/** `name` includes words of the language, `quoted` is a name in backticks and never a word. `text` is the value, without quotes. */
export interface Token {
  readonly type: "name" | "quoted" | "number" | "string" | "symbol" | "end";
  readonly text: string;
  readonly offset: number;
}

const BLANK = /(?:[ \t\r\n]+|\/\/[^\n]*)+/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*/y;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\n]|\\[^\n])*"/y;
const QUOTED = /`(?:[^`\\\n]|\\[^\n])*`/y;
const SYMBOL = /\.\.\+|\.\.|->|::|\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%&|^<>!~()[\]{}=,:;@$#]/y;

/** Cuts text into tokens; the last one is `end`. @throws CompileError `IR503` */
export function tokenize(source: string, file: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(source)?.[0];
  };
  for (;;) {
    offset += match(BLANK)?.length ?? 0;
    if (offset >= source.length) break;
    const first = source[offset] as string;
    const fail = (expected: string): never => {
      throw new CompileError(
        malformedToken(source.slice(offset, offset + 20), expected, createPlaces(source, file)(offset)),
      );
    };
    let raw: string | undefined;
    if (first === '"') {
      raw = match(STRING) ?? fail("a string that ends on its line");
      tokens.push({ type: "string", text: unescaped(raw) ?? fail("a string with the escapes of JSON"), offset });
    } else if (first === "`") {
      raw = match(QUOTED) ?? fail("a quoted name that ends on its line");
      const text = unescaped(`"${raw.slice(1, -1).replaceAll('"', '\\"')}"`);
      tokens.push({ type: "quoted", text: text ?? fail("a quoted name with the escapes of JSON"), offset });
    } else {
      const name = match(NAME);
      const number = name === undefined ? match(NUMBER) : undefined;
      raw = name ?? number ?? match(SYMBOL) ?? fail("a name, number, string or symbol of the language");
      tokens.push({
        type: name !== undefined ? "name" : number !== undefined ? "number" : "symbol",
        text: raw,
        offset,
      });
    }
    offset += raw.length;
  }
  tokens.push({ type: "end", text: "", offset: source.length });
  return tokens;
}

function unescaped(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}

/** From offsets to lines and columns, counted from 1. */
export function createPlaces(source: string, file: string): (offset: number) => Span {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= [0, ...Array.from(source.matchAll(/\n/g), (match) => match.index + 1)];
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return { file, line: low + 1, column: offset - (starts[low] as number) + 1 };
  };
}
