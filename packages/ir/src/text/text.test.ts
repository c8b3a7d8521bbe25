import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deepChain, deepNest, doubled } from "../../test/big.js";
import { inspect } from "../../test/inspect.js";
import { functions } from "../../test/random.js";
import { everyOperation } from "../../test/sample-tensors.js";
import { addOne, everyGraphNode, everyStatement, func, trace } from "../../test/samples.js";
import { build as b, buffer, constant, int, variable } from "../build.js";
import { firstDifference } from "../equal.js";
import type { Node } from "../fields.js";
import { parse, parseFunctionText, parseModuleText, parseTraceText } from "./parse.js";
import { type Printable, print } from "./print.js";

const samples: readonly Printable[] = [addOne(), everyStatement(), everyOperation(), everyGraphNode()];

describe("print", () => {
  it("writes a function as one reads it", () => {
    expect(print(addOne())).toBe(`// tilewright-ir 1
prim_func @add_one(A: float32[10] @global, B: float32[10] @global) {
  for i: parallel in 0..3 {
    for i_1: vectorized in 0..4 {
      guard i * 4 + i_1 < 10 {
        B[i * 4 + i_1] = A[i * 4 + i_1] +[cr] 1.0
      }
    }
  }
}
`);
  });

  it("writes fragments without a first line, and places on request", () => {
    const [A, i] = [buffer("A", { dtype: "float32", shape: [4] }), variable("i")];
    const store = { ...b.store(A, [i], b.load(A, [i])), span: { file: "a.ts", line: 3, column: 1 } };
    expect(print(b.add(i, b.add(i, int(-1))))).toBe("i + (i + -1)");
    expect(print(store)).toBe("A[i] = A[i]");
    expect(print(store, { spans: true })).toBe("A[i] = A[i] // a.ts:3:1");
    expect(print(A)).toBe("A: float32[4] @global");
  });

  it("is linear in the distinct nodes of shared expressions, and never overflows", () => {
    expect(print(doubled(64)).length).toBeLessThan(2_000);
    expect(print(deepChain(20_000)).length).toBeLessThan(400_000);
    expect(print(deepNest(20_000)).length).toBeLessThan(4_000_000);
  });

  it("has something to say about ill-formed IR too", () => {
    const wrong = { ...b.add(int(1), int(2)), op: "nonsense" } as unknown as Node;
    expect(print(wrong as Printable)).toBe("nonsense(1, 2)");
  });
});

describe("parse", () => {
  it("reads back what print wrote, for every kind of node, and prints it the same", () => {
    for (const sample of samples) {
      const back = parse(print(sample));
      expect(firstDifference(sample as Node, back as Node)).toBeNull();
      expect(print(back)).toBe(print(sample));
    }
    expect(parse(print(trace))).toEqual(trace);
  });

  it("reads back random functions (property)", () => {
    fc.assert(
      fc.property(functions, (program) => {
        const text = print(program);
        const back = parseFunctionText(text);
        expect(firstDifference(program, back)).toBeNull();
        expect(print(back)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it("reads back long chains and shared expressions", () => {
    const [x, A] = [variable("x"), buffer("A", { dtype: "int32", shape: [4] })];
    const long = Array.from({ length: 5000 }).reduce<ReturnType<typeof b.add>>((left) => b.add(left, int(1)), x);
    const whole = b.store(A, [long], constant(1, "int32"), b.binary("lt", long, x));
    const shared = doubled(64);
    for (const program of [
      func("long", [A, x], whole),
      func("shared", [A], b.loop(free(shared), int(0), int(2), b.store(A, [shared], constant(1, "int32")))),
    ]) {
      expect(firstDifference(program, parse(print(program)) as Node)).toBeNull();
    }
  });

  it("takes a name again once its scope has ended, never inside it", () => {
    const loop = (name: string): string => `for ${name} in 0..4 { A[${name}] = 1.0 }`;
    const text = f(`${loop("i")}\n${loop("i")}\n{ let x = 1.0\nA[0] = x }\n{ let x = 2.0\nA[0] = x }`);
    const other = f(`${loop("i")}\n${loop("j")}\n{ let x = 1.0\nA[0] = x }\n{ let y = 2.0\nA[0] = y }`);
    expect(firstDifference(parse(text) as Node, parse(other) as Node)).toBeNull();
    expect(caught(() => parse(f(`${loop("i")}\nA[i] = 1.0`))).code).toBe("IR504");
    expect(caught(() => parse(f("for i in 0..4 { for i in 0..4 { } }"))).code).toBe("IR505");
  });

  it("keeps attributes that pose as something else", () => {
    const attributes = JSON.parse('{"__proto__": {"polluted": true}, "a.b": [1, null]}');
    const back = parseFunctionText(print(func("f", [], b.seq(), { attributes })));
    expect(Object.keys(back.attributes)).toEqual(["__proto__", "a.b"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("gives nodes their places when the file is named", () => {
    const back = parseFunctionText(print(addOne()), { file: "add.tw" });
    expect(back.body.span).toEqual({ file: "add.tw", line: 3, column: 3 });
  });

  it("turns a lone function into a module where one is asked for", () => {
    expect(parseModuleText(print(addOne())).functions.map((each) => each.name)).toEqual(["add_one"]);
    expect(parseTraceText(print(trace))).toEqual(trace);
  });
});

const head = "// tilewright-ir 1\n";
const f = (body: string): string => `${head}prim_func @f(A: float32[4] @global, n: index) {\n${body}\n}`;

describe("parse refuses", () => {
  it.each([
    ["IR501", "", "1:1"],
    ["IR501", "prim_func @f() { }", "1:1"],
    ["IR501", "// tilewright-ir 0\nmodule", "1:1"],
    ["IR902", "// tilewright-ir 2\nmodule", "1:1"],
    ["IR502", f("for i in 0..4"), "4:1"],
    ["IR502", f("A[0] := 1.0"), "3:6"],
    ["IR502", `${f("A[0] = 1.0")} extra`, "4:3"],
    ["IR503", f('assert true, "open'), "3:14"],
    ["IR503", f("A[0] = 1.0 \u00a7"), "3:12"],
    ["IR504", f("B[0] = 1.0"), "3:1"],
    ["IR504", f("A[0] = n[0]"), "3:8"],
    ["IR504", f("A[0] = constructor"), "3:8"],
    ["IR505", f("let n = 1.0"), "3:5"],
    ["IR506", f("A[0] = int8(300)"), "3:13"],
    ["IR506", f("A[9007199254740993] = 1.0"), "3:3"],
    ["IR507", f(`A[${"(".repeat(100_000)}`), "3:"],
    ["IR507", f(`A[0] = ${"-".repeat(100_000)}`), "3:"],
    ["IR507", f("{".repeat(100_000)), "3:"],
    ["IR507", f("").replace(") {", `) attributes {"a.b": ${"[".repeat(100_000)}`), "2:"],
  ])("%s: %j", (code, text, place) => {
    const error = caught(() => parse(text, { file: "t" }));
    expect(error.code).toBe(code);
    expect(`t:${error.diagnostics[0]?.span.line}:${error.diagnostics[0]?.span.column}`).toContain(`t:${place}`);
    for (const part of ["expected", "actual", "hint"] as const) expect(error.diagnostics[0]?.[part]).toBeTruthy();
  });

  it("IR508 another kind of document", () => {
    expect(caught(() => parseFunctionText(print(trace))).code).toBe("IR508");
    expect(caught(() => parseModuleText(print(everyGraphNode()))).code).toBe("IR508");
    expect(caught(() => parseTraceText(print(addOne()))).code).toBe("IR508");
  });

  it("any other text, with a diagnostic and nothing else (property)", () => {
    const texts = [...samples.map((sample) => print(sample)), print(trace)];
    const mutated = fc
      .tuple(
        fc.constantFrom(...texts),
        fc.array(fc.tuple(fc.nat(), fc.nat(6), fc.string({ maxLength: 3 })), { minLength: 1, maxLength: 4 }),
      )
      .map(([text, edits]) => edits.reduce((now, [at, drop, put]) => mutate(now, at, drop, put), text));
    fc.assert(
      fc.property(
        fc.oneof(
          mutated,
          fc.string().map((text) => head + text),
          fc.string({ unit: "binary" }),
        ),
        (text) => {
          try {
            inspect(parse(text));
          } catch (error) {
            if (!isCompileError(error)) throw error;
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

/** Cuts some characters out and puts others in: anything, or a piece of the text itself. */
function mutate(text: string, at: number, drop: number, put: string): string {
  const place = at % text.length;
  const piece = put === "" ? text.slice((at * 7) % text.length, ((at * 7) % text.length) + 5) : put;
  return text.slice(0, place) + piece + text.slice(place + drop);
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

function free(shared: ReturnType<typeof doubled>) {
  let node = shared;
  while (node.kind === "Binary") node = node.left;
  if (node.kind !== "Var") throw new Error("no variable");
  return node;
}
