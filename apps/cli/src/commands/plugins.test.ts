import { decodeArtifact, encodeArtifact } from "@tilewright/artifact";
import { defineTarget, type TargetPlugin } from "@tilewright/backend";
import { wasm } from "@tilewright/codegen-wasm";
import { compileTensors } from "@tilewright/compiler";
import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import type { IRModule } from "@tilewright/ir";
import { add, compute, exp, placeholder, read } from "@tilewright/te";
import { describe, expect, it, vi } from "vitest";
import { target as hex } from "../../test/hex-target.js";
import { memoryIo } from "../../test/memory-io.js";
import { filesOf } from "../compile-kernel.js";
import { formatNpy } from "../npy.js";
import { runCli } from "../run-cli.js";

const X = placeholder([5], { name: "X" });
const increment = compute([5], (i) => add(read(X, i), 1), { name: "Y" });

const doubled = compute([5], (i) => add(read(X, i), read(X, i)), { name: "Z" });
const ONES = formatNpy("x", {
  dtype: "float32",
  shape: [5],
  bytes: new Uint8Array(Float32Array.of(1, 1, 1, 1, 1).buffer),
});
const EMPTY: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [], attributes: {} };
const NOTHING = { format: "tilewright-artifact", version: 1, name: "k", model: null } as const;

const variant = (change: Partial<TargetPlugin>): TargetPlugin => ({ ...hex, ...change });
const fails = (error: unknown) => () => {
  throw error;
};
const missing = (name: string) => ({
  name,
  accepts: "hex",
  produces: "binary",
  status: async () => ({ name, usable: false, detail: "not found: install it" }),
  build: fails(new Error("not to be called")),
});
const USABLE = async () => ({ name: "a", usable: true, detail: "here" });
const ONLY_FLOATS = variant({
  backend: () => ({ ...hex.backend({ threads: 1 }), capabilities: { dtypes: {} } }) as never,
});

const MODULES = {
  "k.ts": { increment },
  "e.ts": { exponential: compute([5], (i) => exp(read(X, i)), { name: "Z" }) },
  "./hex.js": { target: hex },
  "tilewright-backend-hex": { target: hex },
  "@chips/hex/fast": { target: hex },
  "./none.js": { hex },
  "./broken.js": fails(new TypeError("chip is not defined")),
  "./text.js": fails("no chip"),
  "./old.js": { target: variant({ specVersion: "target/0" as never }) },
  "./new.js": { target: variant({ specVersion: "target/2" as never }) },
  "./new-backend.js": {
    target: variant({ backend: (o) => ({ ...hex.backend(o), specVersion: "backend/2" as never }) }),
  },
  "./empty.js": { target: {} },
  "./away.js": { target: variant({ status: async () => ({ usable: false, detail: "no chip is plugged in" }) }) },
  "./tool.js": { target: variant({ toolchains: () => ["assembler", "linker"].map(missing) }) },
  "./bits.js": { target: variant({ toolchains: () => [{ ...missing("a"), accepts: "bits", status: USABLE }] }) },
  "./compiler.js": {
    target: defineTarget({ specVersion: "target/1", name: "text", summary: "", backend: hex.backend }),
  },
  "./throws.js": { target: variant({ backend: fails(new RangeError("out of chips")) }) },
  "./refuses.js": {
    target: variant({
      backend: fails(new CompileError({ code: "BE299", severity: "error", message: "no", span: NO_SPAN })),
    }),
  },
  "./garbage.js": { target: variant({ backend: (o) => ({ ...wasm(o), compile: () => ({}) as never }) }) },
  "./little.js": { target: ONLY_FLOATS },
  "./silent.js": { target: variant({ status: () => new Promise<never>(() => {}) }) },
  "./tool-silent.js": {
    target: variant({ toolchains: () => [{ ...missing("a"), status: () => new Promise<never>(() => {}) }] }),
  },
  "./device-silent.js": { target: variant({ device: () => new Promise<never>(() => {}) }) },
  "./load-silent.js": () => new Promise<never>(() => {}),
  "./vague.js": { target: variant({ status: async () => "yes" as never }) },
  "./tool-vague.js": {
    target: variant({ toolchains: () => [{ ...missing("a"), status: async () => ({}) as never }] }),
  },
  "./getter.js": {
    target: {
      get name() {
        throw new Error("not now");
      },
    },
  },
  "./device.js": { target: variant({ device: fails(new Error("the driver crashed")) }) },
};
const INSTALLED = [
  { name: "tilewright-backend-hex", version: "2.1.0" },
  { name: "./broken.js", version: "0.1.0" },
];

async function tilewright(args: readonly string[], files: Readonly<Record<string, Uint8Array>> = {}) {
  const io = memoryIo(MODULES, files, INSTALLED);
  const code = await runCli(args, io);
  return { code, files: io.files, ...io.output };
}

const build = async () => (await tilewright(["build", "k.ts", "--target", "./hex.js", "--out", "o"])).files;

describe("a target of somebody else", () => {
  it.each(["./hex.js", "tilewright-backend-hex", "@chips/hex/fast"])("is run as %s", async (name) => {
    const { code, written } = await tilewright(["run", "k.ts", "--target", name, "--input", "X=zeros", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(written).outputs[0].first).toEqual([1, 1, 1, 1, 1]);
  });

  it("is built for: the artifact holds its modules, and files are called after their format", async () => {
    const files = await build();
    expect([...files.keys()].sort()).toEqual(["o/increment.hex", "o/increment.tilewright", "o/increment.txt"]);
    const { manifest, blobs } = decodeArtifact(files.get("o/increment.tilewright") ?? new Uint8Array());
    expect(manifest.modules.map(({ format }) => format)).toEqual(["hex"]);
    expect(blobs.get("module")).toEqual(files.get("o/increment.hex"));
  });

  it("has its artifacts run where it is named, and is named where it is not", async () => {
    const files = Object.fromEntries(await build());
    const run = ["run", "o/increment.tilewright", "--input", "X=zeros", "--json"];
    const { written } = await tilewright([...run, "--target", "./hex.js"], files);
    expect(JSON.parse(written).outputs[0].first).toEqual([1, 1, 1, 1, 1]);
    const { code, noted } = await tilewright(run, files);
    expect(code).toBe(1);
    expect(noted).toContain("error[CLI112]: no target that is known here runs what `o/increment.tilewright` holds");
    expect(noted).toContain("modules of the format hex");
    expect(noted).toContain("--target tilewright-backend-hex");
  });

  it("runs what it can of an artifact, and built-in ones the rest", async () => {
    const { artifact: own } = await compileTensors(increment, {
      target: hex.backend({ threads: 1 }),
      name: "increment",
    });
    const { artifact: other } = await compileTensors(doubled, { target: wasm(), name: "doubled" });
    const modules = [...own.manifest.modules, ...other.manifest.modules];
    const both = { manifest: { ...own.manifest, modules }, blobs: new Map([...own.blobs, ...other.blobs]) };
    const files = { "both.tilewright": encodeArtifact(both), "ones.npy": ONES };
    const run = (...args: string[]) =>
      tilewright(["run", "both.tilewright", "--input", "X=ones.npy", "--json", ...args], files);
    for (const name of ["increment", "doubled"]) {
      const { code, written } = await run("--target", "./hex.js", "--kernel", name);
      expect(code).toBe(0);
      expect(JSON.parse(written)).toMatchObject({ kernel: name, outputs: [{ first: [2, 2, 2, 2, 2] }] });
    }
    expect((await run("--kernel", "doubled")).noted).toContain("error[CLI112]");
    expect((await run("--kernel", "doubled", "--target", "wasm")).noted).toContain("modules of the format hex");
  });

  it("has all its files written, under names that differ", async () => {
    const files = new Map(["host.cu", "kernel.cu", "notes.txt", "Makefile"].map((name) => [name, new Uint8Array()]));
    const module = { ...hex.backend({ threads: 1 }).compile(EMPTY), format: "chip/code-source", files };
    const artifact = { manifest: { ...NOTHING, modules: [] }, blobs: new Map() };
    const compiled = { name: "k", artifact, source: module, built: module, warnings: [] };
    expect([...filesOf(compiled).keys()]).toEqual([
      "k.tilewright", "k.host.cu", "k.kernel.cu", "k.txt", "k.Makefile", "k.chip_code",
    ]); // biome-ignore format: one glance
  });

  it("is lowered for, and its code printed where it is text", async () => {
    const { code, written } = await tilewright(["lower", "k.ts", "--target", "./hex.js", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(written)).toMatchObject({ target: "hex" });
    expect(JSON.parse(written).kernels[0].code).toMatch(/^0061736d01000000[0-9a-f]+$/);
  });

  it("is explained on a machine with its capabilities", async () => {
    const { code, written } = await tilewright(["explain", "k.ts", "--target", "./hex.js", "--threads", "1", "--json"]);
    expect(code).toBe(0);
    const [{ machine, name }] = JSON.parse(written).kernels;
    expect(name).toBe("increment");
    expect(machine).toMatchObject({ name: "hex at the rates of Zen 3", cores: 1, vectorBytes: 16 });
  });

  it("may only compile", async () => {
    expect((await tilewright(["build", "k.ts", "--target", "./compiler.js"])).code).toBe(0);
    const { code, noted } = await tilewright(["run", "k.ts", "--target", "./compiler.js"]);
    expect(code).toBe(1);
    expect(noted).toContain("error[CLI104]");
    expect(noted).toContain("it brings no device");
  });

  it("that is C alone is built in", async () => {
    const { code, files } = await tilewright(["build", "k.ts", "--target", "c", "--out", "o"]);
    expect(code).toBe(0);
    expect([...files.keys()].sort()).toEqual(["o/increment.c", "o/increment.h", "o/increment.tilewright"]);
  });

  const ends = [
    ["gone", 2, ["error[CLI109]: there is no target `gone`", "no package `gone` is installed"]],
    ["hex.js", 2, ["error[CLI109]", "did you mean `./hex.js`?"]],
    ["backend-hex", 2, ["error[CLI109]", "did you mean `tilewright-backend-hex`?"]],
    ["./gone.js", 1, ["error[CLI101]: cannot load `./gone.js`", "Cannot find module"]],
    ["./broken.js", 1, ["error[CLI101]: cannot load `./broken.js`", "chip is not defined"]],
    ["./text.js", 1, ["error[CLI101]: cannot load `./text.js`", "actual: no chip"]],
    ["./none.js", 1, ["error[CLI110]: `./none.js` exports no target", "exports hex"]],
    ["./empty.js", 1, ["error[BE106]"]],
    ["./old.js", 1, ["error[BE107]", "target/0", "target/1"]],
    ["./new.js", 1, ["error[BE107]", "target/2", "target/1"]],
    ["./new-backend.js", 1, ["error[BE107]", "backend/2", "backend/1"]],
    ["./throws.js", 1, ["error[CLI111]: the target `./throws.js` failed", "RangeError: out of chips"]],
    ["./refuses.js", 1, ["error[BE299]: no"]],
    ["./getter.js", 1, ["error[CLI111]", "Error: not now"]],
  ] as const;
  it.each(ends)("%s that cannot be used ends every command with its reason", async (name, code, texts) => {
    for (const command of ["lower", "explain", "build", "run"]) {
      const { code: found, noted, written } = await tilewright([command, "k.ts", "--target", name]);
      expect([found, written]).toEqual([code, ""]);
      for (const text of texts) expect(noted).toContain(text);
      expect(noted).not.toContain("fault");
    }
  });

  it.each([
    ["run", "./away.js", ["error[CLI104]", "no chip is plugged in"]],
    ["build", "./tool.js", ["error[CLI104]", "assembler: not found: install it; linker: not found: install it"]],
    ["build", "./bits.js", ["error[CLI111]", "it makes hex", "bits, which its toolchain takes"]],
    ["build", "./garbage.js", ["error[CLI111]", "format, bytes, files, features, functions, warnings"]],
    ["lower", "./garbage.js", ["error[CLI111]", "a `CompiledModule`"]],
    ["run", "./device.js", ["error[CLI111]", "Error: the driver crashed"]],
    ["run", "./vague.js", ["error[CLI111]", '`status` gave "yes"', "`{ usable: boolean, detail: string }`"]],
    ["build", "./tool-vague.js", ["error[CLI111]", "`status` gave {}"]],
    ["build", "./little.js", ["error[BE101]", "`float32`"]],
  ])("ends %s with %s with its reason", async (command, name, texts) => {
    const { code, noted } = await tilewright([command, "k.ts", "--target", name]);
    expect(code).toBe(1);
    for (const text of texts) expect(noted).toContain(text);
  });

  it.each([
    ["build", "./silent.js", "error[CLI111]"],
    ["build", "./tool-silent.js", "error[CLI111]"],
    ["run", "./device-silent.js", "error[CLI111]"],
    ["lower", "./load-silent.js", "error[CLI101]"],
  ])("is not waited for without end: %s of %s", async (command, name, error) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const ended = tilewright([command, "k.ts", "--target", name]);
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      await vi.advanceTimersByTimeAsync(30_000);
      const { code, noted } = await ended;
      expect(code).toBe(1);
      expect(noted).toContain(error);
      expect(noted).toContain("it has not finished within 30 seconds");
    } finally {
      vi.useRealTimers();
    }
  });

  it("that has no chip here can still be built for", async () => {
    expect((await tilewright(["build", "k.ts", "--target", "./away.js"])).code).toBe(0);
  });
});

describe("targets", () => {
  it("lists the built-in ones and installed packages, and what is wrong with each", async () => {
    const { code, written } = await tilewright(["targets", "--json"]);
    expect(code).toBe(0);
    const { targets } = JSON.parse(written);
    expect(targets.map(({ name }: { name: string }) => name)).toEqual([
      "wasm", "native", "c-wasm", "tilewright-backend-hex", "./broken.js",
    ]); // biome-ignore format: one glance
    expect(targets[3]).toEqual({
      name: "tilewright-backend-hex",
      version: "2.1.0",
      summary: "WebAssembly in hexadecimal digits",
      usable: true,
      compiles: true,
      details: ["digits 0 to f"],
    });
    expect(targets[4]).toMatchObject({ usable: false, compiles: false });
    expect(targets[4].details[0]).toBe("cannot load `./broken.js`: chip is not defined");
  });

  it("tells of those that are named, whatever they are", async () => {
    const names = ["./away.js", "./tool.js", "./old.js", "./throws.js", "gone", "wasm", "./compiler.js"];
    const { code, written } = await tilewright(["targets", ...names]);
    expect(code).toBe(0);
    const lines = written.split("\n");
    expect(lines.filter((line) => /^\S/.test(line)).map((line) => line.replace(/ {2,}/g, " "))).toEqual([
      "./away.js compiles no chip is plugged in",
      "./tool.js not usable assembler: not found: install it",
      expect.stringMatching(/^\.\/old\.js not usable .* target\/0, and this compiler knows target\/1$/),
      "./throws.js not usable the target `./throws.js` failed: RangeError: out of chips",
      "gone not usable there is no target `gone`: no package `gone` is installed",
      expect.stringMatching(/^wasm usable this process: Node/),
      "./compiler.js compiles it compiles for elsewhere: it brings no device",
      expect.stringMatching(/^threads \d+$/),
    ]);
    expect(lines).toContain(`${" ".repeat(26)}linker: not found: install it`);
  });
});
