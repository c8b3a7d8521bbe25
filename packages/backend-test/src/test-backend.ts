import { DEVICE_SPEC_VERSION } from "@tilewright/artifact";
import { BACKEND_SPEC_VERSION, type CompiledModule } from "@tilewright/backend";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import {
  buffer,
  build,
  DTYPES,
  type DType,
  int,
  type LoopKind,
  type PrimFunc,
  type UnaryOp,
  variable,
} from "@tilewright/ir";
import fc from "fast-check";
import {
  type BackendUnderTest, compareWithInterpreter, compileModule, entryOf, moduleOf, runOn, type TestFramework, type Trial, trialOf, withDevice,
} from "./harness.js"; // biome-ignore format: a list
import { castTrials, mapFunction, operatorTrials } from "./operator-trials.js";
import { arbitraryPrimFunc } from "./random-functions.js";

export interface TestBackendOptions extends BackendUnderTest {
  readonly test: TestFramework;
  /** Random functions to try; 100 unless told. */
  readonly runs?: number;
  /** Seed of the random functions; a failure prints it. */
  readonly seed?: number;
}

/** Extents that leave remainders, and those that leave none. */
const AWKWARD = [0, 1, 2, 3, 7, 16, 17, 63, 64, 65, 127, 1000];

/**
 * Proves a backend, with the toolchain that finishes its work and the device that runs it, against the reference interpreter. Registers
 * tests with the given framework. What capabilities do not declare is not tried, but for the tests that it is refused.
 */
export function testBackend(options: TestBackendOptions): void {
  const { describe, it } = options.test;
  describe(`backend ${options.backend.name} on device ${options.device.name}`, () => {
    describe("manifest", () => manifestTests(options, it));
    describe("operators", () => operatorTests(options, it));
    describe("loops", () => loopTests(options, it));
    it("agrees with the interpreter on random functions", () => randomTest(options));
    describe("refusals", () => refusalTests(options, it));
    describe("modules and memory", () => moduleTests(options, it));
  });
}

type It = TestFramework["it"];

function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

/** Data types that the backend declares. */
function dtypesOf({ backend }: BackendUnderTest): DType[] {
  return DTYPES.filter((dtype) => dtype !== "index" && backend.capabilities.dtypes[dtype] !== undefined);
}

const addFunction = (name: string, count: number, dtype: DType = "float32"): PrimFunc =>
  mapFunction(name, dtype, dtype, count, (x, y) => (dtype === "bool" ? build.binary("and", x, y) : build.add(x, y)));

function manifestTests(subject: TestBackendOptions, it: It): void {
  const { backend, toolchain, device } = subject;
  it("has versions that this kit knows", async () => {
    check(backend.specVersion === BACKEND_SPEC_VERSION, `backend spec ${backend.specVersion}`);
    check(device.specVersion === DEVICE_SPEC_VERSION, `device spec ${device.specVersion}`);
    check(/^[a-z][a-z0-9-]*$/.test(backend.name), `name ${backend.name}`);
  });
  it("declares known types and serial loops", async () => {
    for (const dtype of Object.keys(backend.capabilities.dtypes))
      check(DTYPES.includes(dtype as DType), `unknown type ${dtype}`);
    check(backend.capabilities.loopKinds.serial !== undefined, "no serial loops");
  });
  it("describes its functions, in a format that the device accepts", async () => {
    const compiled = await compileModule(subject, [addFunction("f", 8)]);
    check(toolchain === undefined || compiled.format === toolchain.produces, `the toolchain made ${compiled.format}`);
    check(device.accepts.includes(compiled.format), `the device does not accept ${compiled.format}`);
    const entry = compiled.functions.find(({ name }) => name === "f");
    const text = entry?.parameters.map((each) => `${each.kind} ${each.name} ${each.dtype}`).join(", ");
    check(text === "buffer x float32, buffer y float32, buffer out float32", `parameters ${text}`);
  });
}

function operatorTests(subject: TestBackendOptions, it: It): void {
  const { math } = subject.backend.capabilities;
  const takes = (op: UnaryOp | "pow"): boolean =>
    subject.lower !== undefined || (math as readonly string[]).includes(op);
  const dtypes = dtypesOf(subject);
  for (const dtype of dtypes) {
    it(`computes every operator of ${dtype}`, () => compareWithInterpreter(subject, operatorTrials(dtype, takes)));
    it(`converts ${dtype} to every other type`, () =>
      compareWithInterpreter(subject, castTrials(dtype, dtypes.filter((each) => each !== dtype)))); // biome-ignore format: short
  }
}

/** `out[i][j] = x[i][j] + y[i][j]` with the inner or outer loop of a kind. */
function loopFunction(name: string, kind: LoopKind, rows: number, columns: number): PrimFunc {
  const [x, y, out] = ["x", "y", "out"].map((each) => buffer(each, { dtype: "float32", shape: [rows, columns] }));
  if (x === undefined || y === undefined || out === undefined) throw new Error("three buffers");
  const [i, j] = [variable("i"), variable("j")];
  const store = build.store(out, [i, j], build.add(build.load(x, [i, j]), build.load(y, [i, j])));
  const outer = kind === "parallel" ? kind : "serial";
  const inner = build.loop(j, int(0), int(columns), store, outer === "serial" ? kind : "serial");
  const body = build.loop(i, int(0), int(rows), inner, outer);
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name,
    role: "kernel",
    parameters: [x, y, out],
    mayAlias: [],
    body,
    attributes: {},
  };
}

/** Kinds that a device-level module may hold, or all that `lower` takes. */
function loopKindsOf({ backend, lower }: BackendUnderTest): LoopKind[] {
  const kinds: readonly LoopKind[] = ["serial", "vectorized", "unrolled", "parallel"];
  return lower === undefined ? ["serial"] : kinds.filter((kind) => backend.capabilities.loopKinds[kind] !== undefined);
}

function loopTests(subject: TestBackendOptions, it: It): void {
  for (const kind of loopKindsOf(subject)) {
    if (subject.lower === undefined) continue;
    it(`runs ${kind} loops`, () => {
      const sizes = kind === "unrolled" ? [1, 4, 7] : [1, 5, 16, 37];
      const functions = sizes.map((size) => loopFunction(`${kind}_${size}`, kind, 3, size));
      return compareWithInterpreter(subject, functions.map(trialOf));
    });
  }
  it("computes arrays of awkward lengths", () =>
    compareWithInterpreter(subject, AWKWARD.map((count) => trialOf(addFunction(`add_${count}`, count))))); // biome-ignore format: short
}

/** One module for all functions where a toolchain is slow; else one for each, so that a failure shrinks. */
async function randomTest(subject: TestBackendOptions): Promise<void> {
  const { runs = 100, seed = 1, lower, toolchain, backend } = subject;
  const known = dtypesOf(subject);
  const dtypes = (["float32", "int32", "int8", "uint8", "int64", "float64", "bool"] as const).filter((each) =>
    known.includes(each),
  );
  const vectorBytes = lower === undefined ? (backend.capabilities.vector?.bytes ?? 0) : 0;
  const shapes =
    lower === undefined ? { maxRank: 1, vectorLanes: [2, 4, 8, 16], vectorBytes } : { loopKinds: loopKindsOf(subject) };
  const functions = arbitraryPrimFunc({ dtypes, ...shapes });
  if (toolchain === undefined) {
    const property = fc.asyncProperty(functions, (func) => compareWithInterpreter(subject, [trialOf(func)]));
    return fc.assert(property, { numRuns: runs, seed });
  }
  const sample = fc.sample(functions, { numRuns: runs, seed });
  await compareWithInterpreter(subject, sample.map((func, k): Trial => trialOf({ ...func, name: `random_${k}` }))); // biome-ignore format: short
}

/** @throws Error when `compile` does anything but throw a CompileError with a BE code. */
function mustRefuse(subject: TestBackendOptions, what: string, func: PrimFunc): void {
  let compiled: CompiledModule;
  try {
    compiled = subject.backend.compile(moduleOf([func]));
  } catch (error) {
    if (isCompileError(error) && error.code.startsWith("BE")) return;
    throw new Error(`${what} must be refused with a BE code, not with: ${String(error)}`);
  }
  throw new Error(`${what} must be refused, but gave a module of ${compiled.bytes.length} bytes`);
}

function refusalTests(subject: TestBackendOptions, it: It): void {
  const { capabilities } = subject.backend;
  for (const dtype of DTYPES.filter((each) => each !== "index" && capabilities.dtypes[each] === undefined)) {
    it(`refuses ${dtype}, which it does not declare`, async () =>
      mustRefuse(subject, dtype, addFunction("f", 8, dtype)));
  }
  it("refuses an intrinsic that it does not declare", async () => {
    const call = mapFunction("f", "float32", "float32", 8, (x) => build.call("no.such", [x], "float32"));
    mustRefuse(subject, "an unknown intrinsic", call);
  });
  for (const kind of (["thread", "virtual"] as const).filter((each) => capabilities.loopKinds[each] === undefined)) {
    it(`refuses ${kind} loops, which it does not declare`, async () =>
      mustRefuse(subject, `a ${kind} loop`, boundLoop(kind)));
  }
}

function boundLoop(kind: "thread" | "virtual"): PrimFunc {
  const func = addFunction("f", 8);
  const loop = { ...func.body, loopKind: kind, thread: kind === "thread" ? "threadIdx.x" : null } as PrimFunc["body"];
  return { ...func, body: loop };
}

function moduleTests(subject: TestBackendOptions, it: It): void {
  const functions = [addFunction("first", 17), addFunction("second", 5)];
  it("gives equal bytes for equal modules", async () => {
    const [a, b] = [await compileModule(subject, functions), await compileModule(subject, functions)];
    check(equalBytes(a.bytes, b.bytes), "two compilations differ");
  });
  it("runs a module that was stored and read again", async () => {
    const compiled = await compileModule(subject, functions);
    const stored = JSON.stringify(entryOf(compiled));
    const again = { ...compiled, ...(JSON.parse(stored) as ReturnType<typeof entryOf>), bytes: compiled.bytes.slice() };
    const memories = functions.map((func) => trialOf(func).memory);
    const run = (module: CompiledModule) =>
      withDevice(subject.device, (device) => runOn(device, module, functions, memories));
    const [a, b] = [await run(compiled), await run(again)];
    check(JSON.stringify(a) === JSON.stringify(b), "the stored module computes something else");
  });
  it("frees what it allocates, on two devices at once", async () => {
    const compiled = await compileModule(subject, functions);
    const memories = functions.map((func) => trialOf(func).memory);
    await withDevice(subject.device, (one) =>
      withDevice(subject.device, async (two) => {
        const before = [one.allocatedBytes, two.allocatedBytes];
        await runOn(one, compiled, functions, memories);
        await runOn(two, compiled, functions, memories);
        check(one.allocatedBytes === before[0] && two.allocatedBytes === before[1], "memory is left allocated");
      }),
    );
  });
  it("refuses a buffer that was freed", async () => {
    await withDevice(subject.device, async (device) => {
      const freed = device.allocate(16);
      device.free(freed);
      const refused = await device.read(freed).then(
        () => false,
        () => true,
      );
      check(refused, "a freed buffer can be read");
    });
  });
}

const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, k) => byte === b[k]);
