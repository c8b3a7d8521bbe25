import { CompileError, type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";
import type { DType } from "../dtype.js";
import { definedTwice, nestedTooDeep, unexpectedToken, unknownName } from "../errors-format.js";
import type { Node } from "../fields.js";
import type { Json } from "../func.js";
import { createPlaces, type Token } from "./lexer.js";
import { typeFromName } from "./syntax.js";

/** Deeper nesting is refused with a diagnostic, well before an engine's stack ends. */
export const DEEPEST = 800;

/** The reader's place in a document, and what names mean there. */
export interface Cursor {
  readonly peek: (ahead?: number) => Token;
  readonly next: () => Token;
  /** Takes the symbol or word if it comes next. */
  readonly accept: (text: string) => boolean;
  readonly expect: (text: string) => void;
  /** Takes a name that is no word in its place: plain or quoted. */
  readonly name: (what: string) => string;
  readonly fail: (expected: string) => never;
  readonly failWith: (make: (span: Span) => Diagnostic, at?: Token) => never;
  /** The place of the next token, when the caller asked for places; else `NO_SPAN`. */
  readonly span: () => Span;
  /** Counts nesting while `work` runs. */
  readonly nested: <T>(work: () => T) => T;
  readonly define: <N extends Node>(name: string, make: N) => N;
  readonly lookup: <K extends Node["kind"]>(
    name: string,
    kinds: readonly K[],
    at?: Token,
  ) => Extract<Node, { kind: K }>;
  readonly find: (name: string) => Node | undefined;
  readonly forget: () => void;
  /** What `work` defines is known only while it runs. */
  readonly scoped: <T>(work: () => T) => T;
}

function is({ text, type }: Token, wanted: string): boolean {
  return text === wanted && (type === "symbol" || type === "name");
}

/** Names and what they mean; those defined while `scoped` works are forgotten after it. */
function createScope() {
  const meanings = new Map<string, Node>();
  const order: string[] = [];
  return {
    get: (name: string): Node | undefined => meanings.get(name),
    set: (name: string, meaning: Node): void => {
      meanings.set(name, meaning);
      order.push(name);
    },
    clear: (): void => {
      meanings.clear();
      order.length = 0;
    },
    scoped: <T>(work: () => T): T => {
      const before = order.length;
      const result = work();
      while (order.length > before) meanings.delete(order.pop() as string);
      return result;
    },
  };
}

/** At the first of the tokens of `source`. */
export function createCursor(tokens: readonly Token[], source: string, file: string | null): Cursor {
  const end = tokens[tokens.length - 1] as Token;
  const placeOf = createPlaces(source, file ?? "");
  const names = createScope();
  let position = 0;
  let depth = 0;
  let named = end;
  const peek = (ahead = 0): Token => tokens[position + ahead] ?? end;
  const failWith = (make: (span: Span) => Diagnostic, at: Token = peek()): never => {
    throw new CompileError(make(placeOf(at.offset)));
  };
  const fail = (expected: string): never => failWith((span) => unexpectedToken(expected, peek(), span));
  const next = (): Token => {
    const token = peek();
    if (position < tokens.length - 1) position++;
    return token;
  };
  const accept = (text: string): boolean => is(peek(), text) && next() !== end;
  return {
    peek,
    next,
    accept,
    expect: (text) => {
      if (!accept(text)) fail(`\`${text}\``);
    },
    name: (what) => {
      if (peek().type !== "name" && peek().type !== "quoted") fail(what);
      named = next();
      return named.text;
    },
    fail,
    failWith,
    span: () => (file === null ? NO_SPAN : placeOf(peek().offset)),
    nested: (work) => {
      if (++depth > DEEPEST) failWith((span) => nestedTooDeep(DEEPEST, span));
      const result = work();
      depth--;
      return result;
    },
    define: (name, make) => {
      if (names.get(name) !== undefined)
        failWith((span) => definedTwice(name, span), named.text === name ? named : peek());
      names.set(name, make);
      return make;
    },
    lookup: (name, kinds, at) => {
      const found = names.get(name);
      if (found === undefined || !(kinds as readonly string[]).includes(found.kind)) {
        return failWith((span) => unknownName(name, kinds.join(" or "), found?.kind ?? null, span), at);
      }
      return found as never;
    },
    find: names.get,
    forget: names.clear,
    scoped: names.scoped,
  };
}

/** `item, item, …` up to and with `close`. */
export function listUntil<T>(cursor: Cursor, close: string, item: () => T): T[] {
  const items: T[] = [];
  if (cursor.accept(close)) return items;
  do items.push(item());
  while (cursor.accept(","));
  cursor.expect(close);
  return items;
}

/** `(item, item, …)`. */
export function parenthesizedList<T>(cursor: Cursor, item: () => T): T[] {
  cursor.expect("(");
  return listUntil(cursor, ")", item);
}

/** `float32x4`. */
export function typeWord(cursor: Cursor): { readonly dtype: DType; readonly lanes: number } {
  const token = cursor.peek();
  const type = token.type === "name" ? typeFromName(token.text) : undefined;
  if (type === undefined) return cursor.fail("a type, as float32 or int8x16");
  cursor.next();
  return type;
}

/** An element type, of one lane. */
export function dtypeWord(cursor: Cursor): DType {
  if (typeFromName(cursor.peek().text)?.lanes !== 1) cursor.fail("an element type, as float32");
  return typeWord(cursor).dtype;
}

/** A whole number, not negative unless `signed`. */
export function wholeNumber(cursor: Cursor, signed = false): number {
  const sign = signed && cursor.accept("-") ? -1 : 1;
  const token = cursor.peek();
  const value = Number(token.text);
  if (token.type !== "number" || !/^\d+$/.test(token.text) || !Number.isSafeInteger(value))
    return cursor.fail("a whole number");
  cursor.next();
  return sign * value;
}

export function stringLiteral(cursor: Cursor): string {
  return cursor.peek().type === "string" ? cursor.next().text : cursor.fail("a string");
}

/** A JSON value. Keys become own properties, whatever their names. */
export function jsonValue(cursor: Cursor): Json {
  return cursor.nested((): Json => {
    const token = cursor.peek();
    if (token.type === "string") return cursor.next().text;
    if (token.type === "number" || token.text === "-") {
      const sign = cursor.accept("-") ? -1 : 1;
      return cursor.peek().type === "number" ? sign * Number(cursor.next().text) : cursor.fail("a number");
    }
    if (cursor.accept("true")) return true;
    if (cursor.accept("false")) return false;
    if (cursor.accept("null")) return null;
    if (cursor.accept("[")) return listUntil(cursor, "]", () => jsonValue(cursor));
    if (!cursor.accept("{")) return cursor.fail("a JSON value");
    const entries = listUntil(cursor, "}", (): [string, Json] => {
      const key = stringLiteral(cursor);
      cursor.expect(":");
      return [key, jsonValue(cursor)];
    });
    return Object.fromEntries(entries);
  });
}

/** `attributes {…}`, or nothing. */
export function attributesClause(cursor: Cursor): { readonly [key: string]: Json } {
  if (!cursor.accept("attributes")) return {};
  if (cursor.peek().text !== "{") cursor.fail("an object of JSON");
  return jsonValue(cursor) as { readonly [key: string]: Json };
}
