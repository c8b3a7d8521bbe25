import type { Access } from "@tilewright/artifact";
import { type Buffer, bitsOf, buffer, build, DTYPES, type DType, type Expr, int, isFloat, isWide, type PrimFunc, type Var, variable } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { compileFunctions } from "../execute.js";
import { type Memory, zeros } from "../memory.js";
import { addFunction, array, combine, forEach, kernelOf } from "../plain-functions.js";
import { arrayOfValues } from "../samples.js";
import { check, sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";

const COUNT = 21;
/** Where slices begin and end: multiples of what a buffer is aligned to. */
const STEP_BYTES = 256;

/** What functions are called with: scalars, slices, strided and shared memory; and what the manifest says of it. */
export function parameterTests(subject: Subject): readonly Candidate[] {
  const { compares, proves } = sectionOf(subject, "parameters");
  const dtype = plainType(subject);
  const plain = [feature("dtype", dtype)];
  const scalars = [...DTYPES.filter((each) => each !== "index" && bitsOf(each) >= 8)];
  return [
    proves("describes the access of each parameter as the function does it", plain, () => accessTest(subject, dtype)),
    ...scalars.map((each) => compares(`takes scalars of ${each}`, [feature("dtype", each)], () => scalarTrials(each))),
    compares("takes scalars of index as lengths and places", plain, () => [
      indexTrial(dtype, 0, 0),
      indexTrial(dtype, 7, 3),
      indexTrial(dtype, COUNT, 0),
    ]),
    compares("takes many parameters of several kinds, in their order", plain, () => [manyParameters(dtype)]),
    compares("takes slices of a buffer at their offset, and leaves what is around them", plain, () => [
      sliceTrial(dtype, "slices_apart", [1, 5, 9]),
      sliceTrial(dtype, "slices_reversed", [9, 5, 1]),
    ]),
    compares("takes parameters that declare strides", plain, () => stridedTrials(dtype), "scheduled"),
    compares("takes one memory for parameters that may alias", plain, () => aliasTrials(dtype)),
    compares("takes one memory for parameters that may alias, in functions that were lowered", plain, () => aliasTrials(dtype), "scheduled"), // biome-ignore format: one glance
    compares("runs functions without parameters and without elements", plain, () => [
      trialOf(kernelOf("no_parameters", [], build.seq())),
      trialOf(addFunction("no_elements", 0, dtype)),
    ]),
  ];
}

/** Access by name: what is only read must be read, what is written must be written. */
async function accessTest(subject: Subject, dtype: DType): Promise<void> {
  const [read, written, both] = [array("a", dtype, COUNT), array("b", dtype, COUNT), array("c", dtype, COUNT)];
  const body = forEach("i", COUNT, (i) =>
    build.seq(
      build.store(written, [i], build.load(read, [i])),
      build.store(both, [i], combine(build.load(both, [i]), build.load(read, [i]))),
    ),
  );
  const compiled = await compileFunctions(subject, [kernelOf("accesses", [both, read, written], body)], "device");
  const parameters = compiled.functions.find(({ name }) => name === "accesses")?.parameters ?? [];
  const allowed: Readonly<Record<string, readonly Access[]>> = {
    a: ["read"],
    b: ["write", "readwrite"],
    c: ["readwrite"],
  };
  for (const each of parameters) {
    if (each.kind !== "buffer") throw new Error(`\`${each.name}\` is said to be a ${each.kind}`);
    check(
      allowed[each.name]?.includes(each.access) === true,
      `the access of \`${each.name}\` is said to be ${each.access}`,
    );
  }
  const names = parameters.map(({ name }) => name).join(", ");
  check(names === "c, a, b", `the parameters are said to be ${names}`);
}

/** `out[i] = x[i] + value` */
function scalarTrials(dtype: DType): readonly Trial[] {
  const values = isFloat(dtype)
    ? [0.5, -3]
    : dtype === "bool"
      ? [true, false]
      : isWide(dtype)
        ? [dtype === "int64" ? -(2n ** 61n) - 5n : 2n ** 63n + 5n, 2n ** 33n]
        : dtype.startsWith("u")
          ? [2 ** bitsOf(dtype) - 2, 5]
          : [-(2 ** (bitsOf(dtype) - 1)) + 1, 5];
  return values.map((value, k) => {
    const [x, out, scalar] = [array("x", dtype, COUNT), array("out", dtype, COUNT), variable("value", dtype)];
    const body = forEach("i", COUNT, (i) => build.store(out, [i], combine(build.load(x, [i]), scalar)));
    const func = kernelOf(`scalar_${dtype}_${k}`, [x, scalar, out], body);
    return { ...trialOf(func), scalars: { value } };
  });
}

function indexTrial(dtype: DType, count: number, first: number): Trial {
  const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
  const [extent, from] = [variable("count"), variable("from")];
  const source = (i: Expr): Expr => build.binary("floormod", build.add(i, from), int(COUNT));
  const body = forEach("i", extent, (i) => build.store(out, [i], build.load(x, [source(i)])));
  const func = kernelOf(`index_${count}`, [extent, x, out, from], body);
  return { ...trialOf(func), scalars: { count, from: first } };
}

function manyParameters(dtype: DType): Trial {
  const inputs = Array.from({ length: 9 }, (_, k) => array(`x${k}`, dtype, COUNT));
  const factors = inputs.map((_, k) => variable(`s${k}`, dtype));
  const out = array("out", dtype, COUNT);
  const terms = (i: Expr): readonly Expr[] =>
    inputs.map((x, k) => build.select(build.binary("eq", factors[k] as Var, build.const(0, dtype)), factors[k] as Var, build.load(x, [i]))); // biome-ignore format: one expression
  const body = forEach("i", COUNT, (i) =>
    build.store(
      out,
      [i],
      terms(i).reduce((sum, term) => combine(sum, term)),
    ),
  );
  const parameters = [...inputs.flatMap((x, k): readonly (Buffer | Var)[] => [factors[k] as Var, x]), out];
  const scalars = Object.fromEntries(factors.map(({ name }, k) => [name, numberOf(k % 3, dtype)]));
  return { ...trialOf(kernelOf("many_parameters", parameters, body)), scalars };
}

const numberOf = (value: number, dtype: DType): number | bigint | boolean =>
  dtype === "bool" ? value > 0 : isWide(dtype) ? BigInt(value) : value;

/** Parts of one buffer, each at a multiple of `STEP_BYTES`; `whole` is all of it, and no parameter. */
function sliceTrial(dtype: DType, name: string, places: readonly number[]): Trial {
  const func = addFunction(name, COUNT, dtype);
  const whole = new ArrayBuffer(12 * STEP_BYTES);
  new Uint8Array(whole).forEach((_, k, bytes) => {
    bytes[k] = dtype === "bool" ? k % 2 : k % 9;
  });
  const { memory } = trialOf(func);
  const slices = Object.entries(memory).map(([parameter, filled], k) => {
    const ArrayType = filled.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => typeof filled;
    const slice = new ArrayType(whole, (places[k] ?? 0) * STEP_BYTES, filled.length);
    slice.set(filled as never);
    return [parameter, slice] as const;
  });
  const all: Memory = { ...Object.fromEntries(slices), whole: new Uint8Array(whole) };
  return { func, memory: all };
}

/** `out[i][j] = x[i][j]` with gaps behind rows, and column by column. */
function stridedTrials(dtype: DType): readonly Trial[] {
  const [rows, columns] = [4, 5];
  const layouts = { strided_rows: [8, 1], strided_columns: [1, rows], strided_twice: [16, 3] };
  return Object.entries(layouts).map(([name, strides]) => {
    const x = buffer("x", { dtype, shape: [rows, columns], strides, alignment: 4 });
    const out = buffer("out", { dtype, shape: [rows, columns], strides: [7, 1], alignment: 4 });
    const body = forEach("i", rows, (i) =>
      forEach("j", columns, (j) => build.store(out, [i, j], combine(build.load(x, [i, j]), build.const(1, dtype)))),
    );
    const reach = (rowStride = 1, columnStride = 1): number =>
      (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
    const values = Array.from({ length: reach(...strides) }, (_, k) => (dtype === "bool" ? k % 2 : k % 7));
    const memory = { x: arrayOfValues(dtype, values), out: zeros(dtype, reach(7, 1)) };
    return { func: kernelOf(name, [x, out], body), memory };
  });
}

/** Each store is seen by the next load: what aliases may not be taken for two memories. */
function aliasTrials(dtype: DType): readonly Trial[] {
  const made = (name: string, body: (x: Buffer, out: Buffer) => PrimFunc["body"]): Trial => {
    const [x, out] = [array("x", dtype, COUNT), array("out", dtype, COUNT)];
    const func = kernelOf(name, [x, out], body(x, out), { mayAlias: [[x, out]] });
    const { memory } = trialOf(func);
    return { func, memory: { x: memory.x as never, out: memory.x as never } };
  };
  return [
    made("alias_in_place", (x, out) =>
      forEach("i", COUNT, (i) => build.store(out, [i], combine(build.load(x, [i]), build.const(1, dtype)))),
    ),
    made("alias_handed_on", (x, out) =>
      forEach("i", COUNT - 1, (i) =>
        build.store(out, [build.add(i, int(1))], combine(build.load(x, [i]), build.const(1, dtype))),
      ),
    ),
    made(
      "alias_reversed",
      (x, out) =>
      forEach("i", COUNT, (i) => build.store(out, [i], combine(build.load(x, [build.sub(int(COUNT - 1), i)]), build.load(x, [i])))), // biome-ignore format: one expression
    ),
  ];
}
