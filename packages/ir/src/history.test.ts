import { readFileSync } from "node:fs";
import { isCompileError, isInternalError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspect } from "../test/inspect.js";
import { functions } from "../test/random.js";
import { addOne, func, trace } from "../test/samples.js";
import { buffer, build } from "./build.js";
import { firstDifference } from "./equal.js";
import type { Node } from "./fields.js";
import type { PrimFunc } from "./func.js";
import { HISTORY, type History, newestOf, type RawDocument, type Step } from "./history.js";
import { decodeSince } from "./json/decode.js";
import { encode, encodeSince } from "./json/encode.js";
import type { EncodedIR, EncodedNode } from "./json/format.js";
import type { Token } from "./text/lexer.js";
import { parseSince } from "./text/parse.js";
import { print } from "./text/print.js";
import { IR_VERSION } from "./version.js";

/**
 * A planted past, in which the forms of today are version 3. In version 1 a `For` was a `Loop`, `for` was `loop`. In version 2 its `extent` was
 * its `count`, `guard` was `likely`, and buffers had no `scope`: all were global, and no text said so.
 */
const isRecord = (value: unknown): value is RawDocument =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const eachNode = (document: RawDocument, change: (node: RawDocument) => RawDocument): RawDocument =>
  Array.isArray(document.nodes)
    ? { ...document, nodes: document.nodes.map((node: unknown) => (isRecord(node) ? change(node) : node)) }
    : document;
const renamed = (from: string, to: string) => (node: RawDocument) => {
  const { [from]: value, ...rest } = node;
  return from in node ? { ...rest, [to]: value } : node;
};
/** What was a name in the older language and is a word in the newer becomes a quoted name. */
const words = (tokens: readonly Token[], from: string, to: string): Token[] =>
  tokens.map((token) => {
    if (token.type !== "name") return token;
    return token.text === from ? { ...token, text: to } : token.text === to ? { ...token, type: "quoted" } : token;
  });

const LOOPS: Step = {
  from: 1,
  upgrade: (document) => eachNode(document, (node) => (node.kind === "Loop" ? { ...node, kind: "For" } : node)),
  downgrade: (document) =>
    eachNode({ ...document }, (node) => (node.kind === "For" ? { ...node, kind: "Loop" } : node)) as never,
  upgradeText: (tokens) => words(tokens, "loop", "for"),
};

const SCOPES: Step = {
  from: 2,
  upgrade: (document) =>
    eachNode(document, (node) => {
      if (node.kind === "For") return renamed("count", "extent")(node);
      return node.kind === "Buffer" ? { ...node, scope: "global" } : node;
    }),
  downgrade: (document, refuse) =>
    eachNode({ ...document }, (node) => {
      if (node.kind === "For") return renamed("extent", "count")(node);
      if (node.kind !== "Buffer") return node;
      const { scope, ...rest } = node;
      return scope === "global"
        ? rest
        : refuse(`a buffer in scope \`${String(scope)}\``, node as unknown as EncodedNode);
    }) as never,
  upgradeText: (tokens) => {
    const out: Token[] = [];
    for (const [position, token] of words(tokens, "likely", "guard").entries()) {
      out.push(token);
      // The end of `name: type[...]`.
      const opened = token.text === "]" ? tokens.findLastIndex(({ text }, at) => text === "[" && at < position) : 0;
      if (tokens[opened - 2]?.text !== ":") continue;
      for (const text of ["@", "global"])
        out.push({ type: text === "@" ? "symbol" : "name", text, offset: token.offset });
    }
    return out;
  },
};

const PAST: History = [LOOPS, SCOPES];

/** The corpus as the older versions would have said it, made with search and replace. */
const corpus = (file: string): string =>
  readFileSync(new URL(`../test/corpus/v1/${file}`, import.meta.url), "utf8").replaceAll("\r\n", "\n");
const OLDER_JSON = {
  3: (text: string) => text.replace(/"version": ?1/, '"version": 3'),
  2: (text: string) =>
    text
      .replace(/"version": ?1/, '"version": 2')
      .replaceAll(/"extent": ?/g, '"count":')
      .replaceAll(/"scope": ?"global", ?/g, ""),
  1: (text: string) =>
    text
      .replaceAll(/"kind": ?"For"/g, '"kind":"Loop"')
      .replaceAll(/"extent": ?/g, '"count":')
      .replaceAll(/"scope": ?"global", ?/g, ""),
};
const OLDER_TEXT = {
  3: (text: string) => text.replace("tilewright-ir 1", "tilewright-ir 3"),
  2: (text: string) =>
    text.replace("tilewright-ir 1", "tilewright-ir 2").replaceAll(" @global", "").replaceAll("guard ", "likely "),
  1: (text: string) => text.replaceAll(" @global", "").replaceAll("guard ", "likely ").replaceAll("for ", "loop "),
};

const expected = parseSince(HISTORY, corpus("function.txt")) as Node;

describe("forms of older versions", () => {
  it.each([1, 2, 3] as const)("JSON of version %i reads as today's", (version) => {
    const document = OLDER_JSON[version](corpus("function.json"));
    if (version < 3) expect(document).toContain('"count"');
    const decoded = decodeSince(PAST, JSON.parse(document)) as Node;
    expect(firstDifference(decoded, expected)).toBeNull();
    expect(print(decoded)).toBe(print(expected));
  });

  it.each([1, 2, 3] as const)("text of version %i reads as today's", (version) => {
    const text = OLDER_TEXT[version](corpus("function.txt"));
    if (version < 3) expect(text).toContain("likely");
    const parsed = parseSince(PAST, text) as Node;
    expect(firstDifference(parsed, expected)).toBeNull();
    expect(print(parsed)).toBe(print(expected));
  });

  it("a name of the older text that is a word today stays a name", () => {
    const text = OLDER_TEXT[1](corpus("function.txt")).replaceAll(/\bi\b/g, "for");
    expect(text).toContain("loop for: parallel in");
    const parsed = parseSince(PAST, text) as Node;
    expect(firstDifference(parsed, expected)).toBeNull();
    expect(print(parsed)).toContain("for `for`: parallel in");
  });

  it("places in the older text stay true", () => {
    const text = "// tilewright-ir 1\nprim_func @f(A: float32[4]) {\n  loop i in 0..4 {\n    A[i] = missing\n  }\n}\n";
    expect(caught(() => parseSince(PAST, text, { file: "old.tw" })).diagnostics[0]).toMatchObject({
      code: "IR504",
      span: { file: "old.tw", line: 4, column: 12 },
    });
    const parsed = parseSince(PAST, text.replace("missing", "1.0"), { file: "old.tw" }) as PrimFunc;
    expect(parsed.body.span).toEqual({ file: "old.tw", line: 3, column: 3 });
  });

  it("what was forgotten since is refused as in any document", () => {
    const document = JSON.parse(OLDER_JSON[1](corpus("function.json"))) as RawDocument;
    expect(caught(() => decodeSince(PAST, { ...document, version: 3 })).code).toBe("IR602");
    expect(caught(() => decodeSince(PAST, { ...document, version: 2 })).code).toBe("IR605");
    const text = OLDER_TEXT[1](corpus("function.txt"));
    expect(caught(() => parseSince(PAST, text.replace("ir 1", "ir 3"))).code).toBe("IR502");
  });

  it("of versions that are newer, say both versions and the remedy, in both forms", () => {
    const read = [
      () => decodeSince(PAST, { format: "tilewright-ir", version: 4 }),
      () => parseSince(PAST, "// tilewright-ir 4\n"),
    ];
    for (const each of read) {
      const [diagnostic] = caught(each).diagnostics;
      expect(diagnostic).toMatchObject({ code: "IR902", expected: "version 1 to 3", actual: "version 4" });
      expect(diagnostic?.hint).toMatch(/^upgrade `@tilewright\/ir` here, or .*version: 3/);
    }
  });

  it("when damaged, end in a diagnostic and nothing else (property)", () => {
    const document = OLDER_JSON[1](corpus("function.json"));
    const damage = fc.array(fc.tuple(fc.nat(document.length - 1), fc.constantFrom(...'0123456789{}[],"nulFor')), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (edits) => {
        const text = edits.reduce((old, [at, put]) => old.slice(0, at) + put + old.slice(at + 1), document);
        readsOrRefuses(parsedOrNull(text));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (nodes, root) => {
        readsOrRefuses({ format: "tilewright-ir", version: 1, spans: [], nodes, root });
      }),
    );
  });
});

describe("writing for older readers", () => {
  it("gives the form of that version, which reads back the same", () => {
    const old = encodeSince(PAST, addOne(), 1);
    expect(old.version).toBe(1);
    expect(old).toEqual(JSON.parse(OLDER_JSON[1](JSON.stringify(encode(addOne())))));
    expect(encodeSince(PAST, addOne(), 2).nodes.map(({ kind }) => kind)).toContain("For");
    expect(encodeSince(PAST, addOne())).toEqual({ ...encode(addOne()), version: 3 });
    expect(decodeSince(PAST, encodeSince(PAST, trace, 1))).toEqual(trace);
  });

  it("and back, keeps random functions, or says what the version cannot say (property)", () => {
    let kept = 0;
    fc.assert(
      fc.property(functions, fc.constantFrom(1, 2), (program, version) => {
        const local = encode(program).nodes.some(({ kind, scope }) => kind === "Buffer" && scope !== "global");
        if (local) return void expect(caught(() => encodeSince(PAST, program, version)).code).toBe("IR903");
        kept++;
        const old = JSON.parse(JSON.stringify(encodeSince(PAST, program, version))) as EncodedIR;
        expect(firstDifference(program, decodeSince(PAST, old) as Node)).toBeNull();
      }),
    );
    expect(kept).toBeGreaterThan(0);
  });

  it("fails at the writer where the version has no words, at the place in the program", () => {
    const span = { file: "kernel.ts", line: 12, column: 5 };
    const tile = { ...buffer("tile", { dtype: "float32", shape: [4], scope: "local" }), span };
    const scoped = func("f", [], { kind: "Allocate", span, buffer: tile, body: build.seq() });
    const [diagnostic] = caught(() => encodeSince(PAST, scoped, 1)).diagnostics;
    expect(diagnostic).toMatchObject({ code: "IR903", actual: "a buffer in scope `local`", span });
    expect(diagnostic?.message).toBe("version 1 of the IR's format cannot say a buffer in scope `local`");
    expect(diagnostic?.hint).toContain("version 3");
    expect(encodeSince(PAST, scoped, 3).version).toBe(3);
  });

  it.each([0, 4, -1, 1.5, Number.NaN])("refuses version %d", (version) => {
    expect(caught(() => encodeSince(PAST, addOne(), version))).toMatchObject({
      code: "IR901",
      diagnostics: [{ expected: "version 1 to 3" }],
    });
  });
});

describe("the history", () => {
  it("of our own forms begins at version 1 and has no gap", () => {
    expect(newestOf(HISTORY)).toBe(IR_VERSION);
    expect(HISTORY.map(({ from }) => from)).toEqual(Array.from({ length: IR_VERSION - 1 }, (_, index) => index + 1));
  });

  it.each([
    ["a step too late", [SCOPES]],
    ["a step twice", [LOOPS, LOOPS]],
    ["another order", [SCOPES, LOOPS]],
  ])("with a gap is our mistake, not the document's: %s", (_, history) => {
    for (const work of [() => encodeSince(history, addOne(), 1), () => decodeSince(history, encode(addOne()))]) {
      expect(work).toThrow("has a gap before version");
      expect(isInternalError(errorOf(work))).toBe(true);
    }
  });
});

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function readsOrRefuses(document: unknown): void {
  try {
    inspect(decodeSince(PAST, document));
  } catch (error) {
    if (!isCompileError(error)) throw error;
  }
}

function caught(work: () => unknown) {
  const error = errorOf(work);
  if (isCompileError(error)) return error;
  throw error;
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
