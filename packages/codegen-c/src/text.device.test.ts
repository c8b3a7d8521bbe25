import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arbitraryPrimFunc } from "@tilewright/backend-test";
import {
  build as b,
  buffer,
  DTYPES,
  type DType,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  variable,
} from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { elementwise } from "../test/operator-trials.js";
import { kernel, moduleOf, type Trial, tools } from "../test/run-native.js";
import { type COptions, c } from "./index.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tilewright-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TYPES = DTYPES.filter((dtype) => dtype !== "index" && !/int[24]$/.test(dtype));
const COMPILERS: Readonly<Record<string, string>> = { clang: "clang-19", gcc: "gcc" };

/** Runs a compiler; returns what it says, "" when it is content. */
function compile(command: string, args: readonly string[]): string {
  try {
    execFileSync(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    return "";
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr).slice(0, 3000);
  }
}

function write(options: COptions, functions: readonly PrimFunc[]): string {
  const name = options.name ?? "module";
  const { bytes, files } = c({ ...options, name }).compile(moduleOf(...functions));
  writeFileSync(join(folder, `${name}.c`), bytes);
  for (const [file, content] of files) writeFileSync(join(folder, file), content);
  return `${name}.c`;
}

/** Random functions of every type, lowered for the options; names are made different. */
function randomFunctions(options: COptions, count: number): readonly PrimFunc[] {
  const { capabilities } = c(options);
  const random = fc.sample(arbitraryPrimFunc({ dtypes: TYPES, loopKinds: ["serial", "vectorized", "parallel"] }), {
    numRuns: count,
    seed: 7,
  });
  return lower(moduleOf(...random.map((func, at) => ({ ...func, name: `random_${at}` }))), { capabilities }).module
    .functions;
}

/** Functions with assertions, scalars, unused things, names that C or C++ keeps for itself, and big scratch memory. */
function oddFunctions(): readonly PrimFunc[] {
  const x = buffer("class", { dtype: "float32", shape: [8] });
  const out = buffer("out-put", { dtype: "float32", shape: [8] });
  const [n, flag, unused, i] = [
    variable("int"),
    variable("bool", "bool"),
    variable("INFINITY", "uint8"),
    variable("i"),
  ];
  const big = buffer("scratch", { dtype: "float64", shape: [5000] });
  const small = buffer("read", { dtype: "int16", shape: [16] });
  const body = b.seq(
    {
      kind: "Assert",
      span: b.span,
      condition: b.binary("and", flag, b.binary("le", n, int(8))),
      message: 'a "quoted" message\n*/ ??/',
    },
    b.let(variable("never", "float32"), b.load(x, [int(0)]), b.seq()),
    b.register(variable("assigned", "int32"), b.const(1, "int32"), b.seq()),
    b.allocate(
      big,
      b.allocate(
        small,
        b.loop(
          i,
          int(0),
          n,
          b.seq(
            b.store(big, [i], b.cast(b.load(x, [i]), "float64")),
            b.store(small, [i], b.const(-32768, "int16")),
            b.store(out, [i], b.add(b.cast(b.load(big, [i]), "float32"), b.cast(b.load(small, [i]), "float32"))),
          ),
        ),
      ),
    ),
    b.when(b.binary("ge", unused, b.const(0, "uint8")), b.seq()),
  );
  const inner = kernel("exp", [x, out, n, flag, unused], body);
  const arena = buffer("arena", { dtype: "uint8", shape: [128] });
  const call = (first: number): Stmt => ({
    kind: "KernelCall",
    span: b.span,
    callee: "exp",
    launch: null,
    args: [
      b.region(arena, [int(first)], [int(32)]),
      b.region(arena, [int(first + 32)], [int(32)]),
      int(8),
      b.const(true, "bool"),
      b.const(3, "uint8"),
    ],
  });
  return [inner, kernel("main", [arena], b.seq(call(0), call(64)), { role: "host" }), kernel("nothing", [], b.seq())];
}

/** Lanes of 64 bytes, whatever the machine has. */
const WIDE: COptions = { threads: 2, vectorBytes: 64 };
const STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];

describe.each(["clang", "gcc"])("%s says nothing", (compiler) => {
  const test = it.runIf(tools.includes(compiler));
  const command = COMPILERS[compiler] ?? compiler;

  test("of scalar code, as pedantic C99", () => {
    const functions = [
      ...oddFunctions(),
      ...randomFunctions({ dialect: "c99" }, 120),
      ...operators(1).map(({ func }) => func),
    ];
    expect(compile(command, ["-std=c99", "-O2", ...STRICT, write({ dialect: "c99" }, unique(functions))])).toBe("");
  });

  test("of code with vectors and a pool, as GNU C", () => {
    const functions = [...oddFunctions(), ...randomFunctions(WIDE, 120), ...operators(8).map(({ func }) => func)];
    const file = write(WIDE, unique(functions));
    expect(
      compile(command, ["-std=gnu11", "-march=x86-64-v3", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", file]),
    ).toBe("");
  });

  test("of the header, in C99 and C++", () => {
    write({ name: "a-model", threads: 2 }, [...oddFunctions(), ...randomFunctions({ threads: 2 }, 20)]);
    const header = '#include "a-model.h"\n#include "a-model.h"\n';
    writeFileSync(join(folder, "user.c"), `${header}int main(void) { return 0; }\n`);
    writeFileSync(join(folder, "user.cc"), `${header}int main() { return 0; }\n`);
    expect(compile(command, ["-std=c99", ...STRICT, "user.c"])).toBe("");
    expect(compile(command, ["-x", "c++", "-std=c++17", ...STRICT, "user.cc"])).toBe("");
  });
});

/** Operators whose C could be undefined for some operands: shifts, divisions, conversions, overflows. */
function operators(lanes: number): readonly Trial[] {
  const ints = TYPES.filter((dtype) => /int/.test(dtype));
  const ops = [
    "add",
    "sub",
    "mul",
    "floordiv",
    "floormod",
    "truncdiv",
    "truncmod",
    "shl",
    "shr",
    "min",
    "bitxor",
  ] as const;
  const pair = (dtype: DType, op: (typeof ops)[number]): Trial =>
    elementwise(`${op}_${dtype}`, [dtype, dtype], dtype, lanes, (x, y) => b.binary(op, x as Expr, y as Expr));
  const casts = TYPES.flatMap((from) =>
    TYPES.map((to) => elementwise(`cast_${from}_${to}`, [from], to, lanes, (x) => b.cast(x as Expr, to))),
  );
  const unary = ints.flatMap((dtype) =>
    (["neg", "abs"] as const).map((op) =>
      elementwise(`${op}_${dtype}`, [dtype], dtype, lanes, (x) => b.unary(op, x as Expr)),
    ),
  );
  return [...ints.flatMap((dtype) => ops.map((op) => pair(dtype, op))), ...casts, ...unary];
}

function unique(functions: readonly PrimFunc[]): readonly PrimFunc[] {
  const seen = new Set<string>();
  return functions.filter(({ name }) => seen.size < seen.add(name).size);
}

/** A program that calls every function once on the given memory. */
function mainText(trials: readonly Trial[], symbols: readonly string[]): string {
  const arrays: string[] = [];
  const calls = trials.map(({ func, memory }, at) => {
    const args = func.parameters.map((parameter, position) => {
      const array = memory[parameter.name];
      if (array === undefined) return "0";
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      arrays.push(`static _Alignas(64) unsigned char m${at}_${position}[] = {${bytes.join(",")}};`);
      return `(void *)m${at}_${position}`;
    });
    return `  ${symbols[at]}(${[...args, "workspace"].join(", ")});`;
  });
  return [
    '#include "module.h"',
    ...arrays,
    "static _Alignas(64) unsigned char workspace[65536];",
    "int main(void) {",
    ...calls,
    "  return 0;",
    "}",
  ].join("\n");
}

describe("under the sanitisers for undefined behaviour and addresses", () => {
  it.runIf(tools.includes("gcc")).each([
    ["gnu", 1],
    ["gnu", 8],
    ["c99", 1],
  ] as const)("%s code of every operator on edge cases, %i lanes, runs clean", (dialect, lanes) => {
    const trials = operators(lanes).map(({ func, memory }, at) => ({ func: { ...func, name: `f${at}` }, memory }));
    write(
      dialect === "gnu" ? WIDE : { dialect },
      trials.map(({ func }) => func),
    );
    writeFileSync(
      join(folder, "main.c"),
      mainText(
        trials,
        trials.map(({ func }) => func.name),
      ),
    );
    const sanitise = ["-fsanitize=undefined,float-cast-overflow,address", "-fno-sanitize-recover=all", "-g1"];
    expect(
      compile("gcc", ["-O0", "-march=native", "-w", ...sanitise, "module.c", "main.c", "-lm", "-o", "program"]),
    ).toBe("");
    expect(compile(join(folder, "program"), [])).toBe("");
  });
});
