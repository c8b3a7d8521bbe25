import { readdirSync, readFileSync } from "node:fs";
import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepChain, deepNest, doubled } from "../../test/big.js";
import { inspect } from "../../test/inspect.js";
import { functions } from "../../test/random.js";
import { everyOperation } from "../../test/sample-tensors.js";
import { addOne, everyGraphNode, everyStatement, func, trace } from "../../test/samples.js";
import { build as b, constant, int } from "../build.js";
import { firstDifference } from "../equal.js";
import { FIELDS, type Node } from "../fields.js";
import { freeBuffers, freeVariables } from "../free.js";
import type { Stmt } from "../stmt.js";
import { parse } from "../text/parse.js";
import { print } from "../text/print.js";
import { decode, decodeAs, decodeText } from "./decode.js";
import { type Encodable, encode } from "./encode.js";

const samples: readonly Encodable[] = [addOne(), everyStatement(), everyOperation(), everyGraphNode()];
const through = (subject: Encodable): unknown => decodeText(JSON.stringify(encode(subject)));

describe("encode and decode", () => {
  it("keep every kind of node, names and all", () => {
    for (const sample of samples) {
      expect(firstDifference(sample as Node, through(sample) as Node)).toBeNull();
      expect(print(through(sample) as never)).toBe(print(sample));
      expect(encode(through(sample) as Encodable)).toEqual(encode(sample));
    }
    expect(through(trace)).toEqual(trace);
  });

  it("keep random functions (property)", () => {
    fc.assert(
      fc.property(functions, (program) => {
        expect(firstDifference(program, through(program) as Node)).toBeNull();
      }),
    );
  });

  it("keep identity: a variable, buffer or tensor that stands in two places is one", () => {
    const [first, second, third] = through(everyOperation()) as ReturnType<typeof everyOperation>;
    expect(first?.operation).toBe(second?.operation);
    expect(third?.operation.kind).toBe("Extern");
    const decoded = through(addOne()) as ReturnType<typeof addOne>;
    expect(freeBuffers(decoded)).toEqual([]);
    expect(freeVariables(decoded)).toEqual([]);
  });

  it("keep numbers that JSON loses, and places", () => {
    const values = [
      constant(Number.NaN, "float32"),
      constant(Number.NEGATIVE_INFINITY, "float64"),
      constant(-0, "float32"),
      constant(-(1n << 63n), "int64"),
    ];
    for (const node of values) expect(through(node)).toEqual(node);
    const placed = { ...int(1), span: { file: "a.ts", line: 3, column: 9 } };
    expect(through(b.add(placed, placed))).toEqual(b.add(placed, placed));
    expect(encode(b.add(placed, placed)).spans).toHaveLength(1);
  });

  it("write a shared node once, and never overflow", () => {
    expect(encode(doubled(64)).nodes).toHaveLength(65);
    const nest = deepNest(20_000);
    expect(firstDifference(nest, decode(encode(nest)) as Node)).toBeNull();
    expect(encode(decode(encode(deepChain(20_000)))).nodes).toHaveLength(40_001);
  });
});

describe("the frozen corpus", () => {
  const folder = new URL("../../test/corpus/v1/", import.meta.url);
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));
  const text = (file: string): string => readFileSync(new URL(file, folder), "utf8").replaceAll("\r\n", "\n");

  it.each(names)("%s decodes to what its text neighbour parses to", (name) => {
    const [decoded, parsed] = [decodeText(text(`${name}.json`)), parse(text(`${name}.txt`))];
    if (name === "trace") expect(decoded).toEqual(parsed);
    else expect(firstDifference(decoded as Node, parsed as Node)).toBeNull();
    expect(print(decoded)).toBe(text(`${name}.txt`));
  });

  it("holds every kind of node", () => {
    const kinds = names.flatMap((name) =>
      (JSON.parse(text(`${name}.json`)) as { nodes: { kind: string }[] }).nodes.map((node) => node.kind),
    );
    expect([...new Set(kinds)].sort()).toEqual(Object.keys(FIELDS).sort());
  });
});

const head = { format: "tilewright-ir", version: 1, spans: [] };
const zero = { kind: "Const", dtype: "index", lanes: 1, value: 0 };

describe("decode refuses", () => {
  it.each([
    ["IR601", null],
    ["IR601", { format: "onnx" }],
    ["IR601", []],
    ["IR602", { ...head, version: "1" }],
    ["IR602", { ...head, version: 0.5 }],
    ["IR902", { ...head, version: 2 }],
    ["IR602", { ...head, root: 0 }],
    ["IR602", { ...head, spans: {}, nodes: [], root: 0 }],
    ["IR603", { ...head, nodes: [], root: 0 }],
    ["IR603", { ...head, nodes: [zero], root: [0] }],
    ["IR605", { ...head, nodes: [{ kind: "__proto__" }], root: 0 }],
    ["IR605", { ...head, nodes: [{ kind: "constructor" }], root: 0 }],
    ["IR602", { ...head, nodes: [{ ...zero, dtype: "float128" }], root: 0 }],
    ["IR602", { ...head, nodes: [{ ...zero, lanes: 0 }], root: 0 }],
    ["IR602", { ...head, nodes: [{ ...zero, value: "12" }], root: 0 }],
    ["IR602", { ...head, nodes: [{ ...zero, more: 1 }], root: 0 }],
    ["IR603", { ...head, nodes: [{ ...zero, span: 3 }], root: 0 }],
    ["IR602", { ...head, spans: [["a", -1, 0]], nodes: [zero], root: 0 }],
    ["IR603", { ...head, nodes: [{ kind: "Evaluate", value: 0 }], root: 0 }],
    ["IR603", { ...head, nodes: [zero, { kind: "Seq", stmts: [0] }], root: 1 }],
    ["IR602", { ...head, nodes: [], root: { version: 2, records: [] } }],
    ["IR602", { ...head, nodes: [], root: { version: 1, records: [{ primitive: "split" }] } }],
  ])("%s: %j", (code, data) => {
    const error = caught(() => decode(data));
    expect(error.code).toBe(code);
    for (const part of ["expected", "actual", "hint"] as const) expect(error.diagnostics[0]?.[part]).toBeTruthy();
  });

  it("text that is no JSON, another kind than asked for, a version it does not write", () => {
    expect(caught(() => decodeText("{")).code).toBe("IR601");
    expect(caught(() => decodeAs("Graph", encode(addOne()))).code).toBe("IR604");
    expect(decodeAs("PrimFunc", encode(addOne())).name).toBe("add_one");
    expect(caught(() => encode(addOne(), { version: 2 })).code).toBe("IR901");
  });

  it("statements that unfold without end", () => {
    let stmt: Stmt = b.seq();
    for (let level = 0; level < 64; level++) stmt = { kind: "Seq", span: b.span, stmts: [stmt, stmt] };
    expect(caught(() => decode(encode(func("f", [], stmt)))).code).toBe("IR211");
  });

  it("attributes nested beyond reason, and pollutes nothing", () => {
    const encoded = JSON.parse(JSON.stringify(encode(addOne()))) as { nodes: { attributes?: unknown }[] };
    const last = encoded.nodes[encoded.nodes.length - 1] as { attributes?: unknown };
    let deep: unknown = 1;
    for (let level = 0; level < 1000; level++) deep = [deep];
    last.attributes = { deep };
    expect(caught(() => decode(encoded)).code).toBe("IR602");
    last.attributes = JSON.parse('{"__proto__": {"polluted": 1}}');
    expect(Object.keys(decodeAs("PrimFunc", encoded).attributes)).toEqual(["__proto__"]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("any damaged document, with a diagnostic and nothing else (property)", () => {
    const documents = [...samples, trace].map((sample) => JSON.stringify(encode(sample)));
    const damage = fc.array(
      fc.tuple(fc.nat(), fc.nat(4), fc.constantFrom("0", "1", "-1", "null", "{}", "[]", '"x"', "true", "1e99", "")),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(fc.constantFrom(...documents), damage, (document, edits) => {
        const data = JSON.parse(document) as unknown;
        for (const [at, , put] of edits) replaceAt(data, at, put === "" ? undefined : JSON.parse(put));
        try {
          inspect(decode(data));
        } catch (error) {
          if (!isCompileError(error)) throw error;
        }
      }),
      { numRuns: 600 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (data) => {
        expect(isCompileError(caught(() => decode(data)))).toBe(true);
      }),
    );
  });
});

/** Puts `value` in place of the leaf or branch number `at` of some JSON. */
function replaceAt(data: unknown, at: number, value: unknown): void {
  const places: [{ [key: string]: unknown }, string][] = [];
  const stack: unknown[] = [data];
  while (stack.length > 0) {
    const node = stack.pop();
    if (typeof node !== "object" || node === null) continue;
    for (const key of Object.keys(node)) {
      places.push([node as { [key: string]: unknown }, key]);
      stack.push((node as { [key: string]: unknown })[key]);
    }
  }
  const place = places[at % places.length];
  if (place === undefined) return;
  if (value === undefined) delete place[0][place[1]];
  else place[0][place[1]] = value;
}

function caught(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (isCompileError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
