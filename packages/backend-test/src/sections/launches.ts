import { NO_SPAN } from "@tilewright/diagnostics";
import { type Barrier, type Buffer, buffer, build, type DType, type Expr, int, type PrimFunc, type Scope, type Stmt, type ThreadTag, variable } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { array, combine, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { trialOf } from "../trial.js";

const THREADS = feature("loop", "thread");
const SHARED = [THREADS, feature("memory", "shared"), feature("barrier", "shared")];

/** Threads of launches: their places, what they share, and where they wait for each other. All of it through `lower`. */
export function launchTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "launches");
  const dtype = plainType(subject);
  const most = Math.min(subject.capabilities.launch?.maxThreadsPerBlock ?? 64, 1024);
  const claim = (name: string, features: Candidate["features"], functions: () => readonly PrimFunc[]): Candidate =>
    compares(name, [...features, feature("dtype", dtype)], () => functions().map((func) => trialOf(func)), "scheduled");
  return [
    claim("runs blocks and threads along one axis", [THREADS], () => [
      copy("launch_exact", dtype, 4 * 16, 4, 16),
      copy("launch_of_one", dtype, 1, 1, 1),
      copy("launch_of_blocks", dtype, 13, 13, 1),
    ]),
    claim("holds threads back that are outside of the data", [THREADS], () => [
      copy("launch_ragged", dtype, 61, 4, 16),
      copy("launch_larger_than_data", dtype, 5, 3, 32),
    ]),
    claim("runs a block of as many threads as it declares", [THREADS], () => [
      copy("launch_full_block", dtype, 2 * most - 1, 2, most),
    ]),
    claim("runs blocks and threads along two and three axes, each in its place", [THREADS], () => [
      axes("launch_two_axes", dtype, [2, 3], [4, 5]),
      axes("launch_three_axes", dtype, [2, 3, 2], [2, 1, 3]),
    ]),
    claim("gives each thread local memory of its own", [THREADS], () => [privateMemory(dtype)]),
    claim("runs one launch after the other", [THREADS], () => [twoLaunches(dtype)]),
    claim("runs loops with a condition in threads", [THREADS], () => [countdown(dtype)]),
    claim("shares memory between the threads of a block, which wait at a barrier", SHARED, () => [
      reversal("launch_reversal", dtype, "shared", 16),
      reversal("launch_reversal_ragged", dtype, "shared", 13),
    ]),
    claim("gives each block shared memory of its own, uninitialised", SHARED, () => [blockSums(dtype)]),
    claim("waits at barriers in each round of a uniform loop", SHARED, () => [rounds(dtype)]),
    claim("folds in a block, half of the threads after the other", SHARED, () => [tree(dtype)]),
    claim("multiplies matrices by tiles in shared memory", SHARED, () => [
      tiledProduct("launch_product", dtype, 8, 8, 8),
      tiledProduct("launch_product_ragged", dtype, 7, 5, 6),
    ]),
    claim("makes global memory visible to its block at a barrier", [THREADS, feature("barrier", "global")], () => [
      exchange(dtype),
    ]),
  ];
}

type Loop = readonly [tag: ThreadTag, extent: number];

/** Nested thread loops around a body of their variables, in the order given. */
export function launch(loops: readonly Loop[], body: (indices: readonly Expr[]) => Stmt): Stmt {
  const indices = loops.map(([tag]) => variable(tag.replace(/Idx\./, "_")));
  return loops.reduceRight<Stmt>((inner, [tag, extent], k) => {
    const loop = build.loop(indices[k] as ReturnType<typeof variable>, int(0), int(extent), inner, "thread");
    return { ...loop, thread: tag };
  }, body(indices));
}

const barrier = (scope: "shared" | "global"): Barrier => ({ kind: "Barrier", span: NO_SPAN, scope });
const below = (index: Expr, bound: number): Expr => build.binary("lt", index, int(bound));
const onAxis = (blocks: number, threads: number): readonly Loop[] => [
  ["blockIdx.x", blocks],
  ["threadIdx.x", threads],
];

function copy(name: string, dtype: DType, count: number, blocks: number, threads: number): PrimFunc {
  const [x, y, out] = [array("x", dtype, count), array("y", dtype, count), array("out", dtype, count)];
  const body = launch(onAxis(blocks, threads), ([b, t]) => {
    const i = build.add(build.mul(b as Expr, int(threads)), t as Expr);
    const store = build.store(out, [i], combine(build.load(x, [i]), build.load(y, [i])));
    return blocks * threads > count ? build.when(below(i, count), store, "guard") : store;
  });
  return kernelOf(name, [x, y, out], body);
}

/** Each block and thread along each axis has an element of its own. */
function axes(name: string, dtype: DType, blocks: readonly number[], threads: readonly number[]): PrimFunc {
  const shape = [...blocks, ...threads];
  const made = (each: string): Buffer => buffer(each, { dtype, shape });
  const [x, out] = [made("x"), made("out")];
  const tags = ["x", "y", "z"].slice(0, blocks.length);
  const loops: readonly Loop[] = [
    ...tags.map((tag, k): Loop => [`blockIdx.${tag}` as ThreadTag, blocks[k] ?? 1]),
    ...tags.map((tag, k): Loop => [`threadIdx.${tag}` as ThreadTag, threads[k] ?? 1]),
  ];
  const body = launch(loops, (indices) => {
    const mirrored = indices.map((index, k) => build.sub(int((shape[k] ?? 1) - 1), index));
    return build.store(out, indices, combine(build.load(x, mirrored), build.load(x, indices)));
  });
  return kernelOf(name, [x, out], body);
}

function privateMemory(dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 24), array("out", dtype, 24)];
  const own = buffer("own", { dtype, shape: [5], scope: "local" });
  const body = launch(onAxis(3, 8), ([b, t]) => {
    const i = build.add(build.mul(b as Expr, int(8)), t as Expr);
    const fill = forEach("k", 5, (k) =>
      build.store(own, [k], build.load(x, [build.binary("floormod", build.add(i, k), int(24))])),
    );
    const add = forEach("k", 5, (k) =>
      build.store(out, [i], combine(build.load(out, [i]), build.load(own, [build.sub(int(4), k)]))),
    );
    return build.allocate(own, build.seq(fill, build.store(out, [i], build.const(0, dtype)), add));
  });
  return kernelOf("launch_private", [x, out], body);
}

/** The second one reads what threads of other blocks of the first wrote. */
function twoLaunches(dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 40), array("out", dtype, 40)];
  const between = buffer("between", { dtype, shape: [40] });
  const at = (b: Expr | undefined, t: Expr | undefined): Expr => build.add(build.mul(b as Expr, int(8)), t as Expr);
  const first = launch(onAxis(5, 8), ([b, t]) => {
    const i = at(b, t);
    return build.store(between, [i], combine(build.load(x, [i]), build.const(1, dtype)));
  });
  const second = launch(onAxis(5, 8), ([b, t]) => {
    const i = at(b, t);
    return build.store(out, [i], build.load(between, [build.sub(int(39), i)]));
  });
  return kernelOf("launch_two", [x, out], build.allocate(between, build.seq(first, second)));
}

function countdown(dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 12), array("out", dtype, 12)];
  const body = launch(onAxis(2, 6), ([b, t]) => {
    const i = build.add(build.mul(b as Expr, int(6)), t as Expr);
    const left = variable("left");
    const step = build.seq(
      build.store(out, [i], combine(build.load(out, [i]), build.load(x, [left]))),
      build.assign(left, build.sub(left, int(1))),
    );
    const loop: Stmt = { kind: "While", span: NO_SPAN, condition: build.binary("gt", left, int(0)), body: step };
    return build.seq(build.store(out, [i], build.const(0, dtype)), build.register(left, i, loop));
  });
  return kernelOf("launch_countdown", [x, out], body);
}

const sharedBuffer = (dtype: DType, shape: readonly number[], scope: Scope = "shared"): Buffer =>
  buffer("shared", { dtype, shape, scope });

/** Each block writes its part of `x` backwards. */
function reversal(name: string, dtype: DType, scope: Scope, threads: number): PrimFunc {
  const count = 3 * threads - 2;
  const [x, out] = [array("x", dtype, 3 * threads), array("out", dtype, count)];
  const between = sharedBuffer(dtype, [threads], scope);
  const [b, t] = [variable("b"), variable("t")];
  const i = build.add(build.mul(b, int(threads)), t);
  const phases = build.seq(
    build.store(between, [t], build.load(x, [i])),
    barrier("shared"),
    build.when(below(i, count), build.store(out, [i], build.load(between, [build.sub(int(threads - 1), t)])), "guard"),
  );
  const inBlock = build.allocate(between, {
    ...build.loop(t, int(0), int(threads), phases, "thread"),
    thread: "threadIdx.x",
  });
  return kernelOf(name, [x, out], { ...build.loop(b, int(0), int(3), inBlock, "thread"), thread: "blockIdx.x" });
}

/** `out[b] = Σ x` of the block, added up by its first thread in memory that it clears itself. */
function blockSums(dtype: DType): PrimFunc {
  const [x, out] = [array("x", dtype, 40), array("out", dtype, 5)];
  const between = sharedBuffer(dtype, [9]);
  const [b, t] = [variable("b"), variable("t")];
  const sum = [int(8)];
  const add = forEach("k", 8, (k) =>
    build.store(between, sum, combine(build.load(between, sum), build.load(between, [k]))),
  );
  const first = build.seq(build.store(between, sum, build.const(0, dtype)), add, build.store(out, [b], build.load(between, sum))); // biome-ignore format: one glance
  const phases = build.seq(
    build.store(between, [t], build.load(x, [build.add(build.mul(b, int(8)), t)])),
    barrier("shared"),
    build.when(build.binary("eq", t, int(0)), first),
  );
  const inBlock = build.allocate(between, {
    ...build.loop(t, int(0), int(8), phases, "thread"),
    thread: "threadIdx.x",
  });
  return kernelOf("launch_sums", [x, out], {
    ...build.loop(b, int(0), int(5), inBlock, "thread"),
    thread: "blockIdx.x",
  });
}

/** In each round a thread takes the value of its neighbour. */
function rounds(dtype: DType): PrimFunc {
  const threads = 12;
  const [x, out] = [array("x", dtype, threads), array("out", dtype, threads)];
  const between = sharedBuffer(dtype, [threads]);
  const t = variable("t");
  const held = variable("held", dtype);
  const neighbour = build.binary("floormod", build.add(t, int(1)), int(threads));
  const round = build.seq(
    build.store(between, [t], held),
    barrier("shared"),
    build.assign(held, combine(build.load(between, [neighbour]), build.const(1, dtype))),
    barrier("shared"),
  );
  const phases = build.register(
    held,
    build.load(x, [t]),
    build.seq(
      forEach("r", 5, () => round),
      build.store(out, [t], held),
    ),
  );
  const inBlock = build.allocate(between, {
    ...build.loop(t, int(0), int(threads), phases, "thread"),
    thread: "threadIdx.x",
  });
  return kernelOf(
    "launch_rounds",
    [x, out],
    launch([["blockIdx.x", 1]], () => inBlock),
  );
}

/** A sum by halves: 32, 16, 8 … threads add the value of the thread that far behind. */
function tree(dtype: DType): PrimFunc {
  const threads = 32;
  const [x, out] = [array("x", dtype, 3 * threads), array("out", dtype, 3)];
  const between = sharedBuffer(dtype, [threads]);
  const [b, t] = [variable("b"), variable("t")];
  const distance = variable("distance");
  const other = build.load(between, [build.add(t, distance)]);
  const add = build.store(between, [t], combine(build.load(between, [t]), other));
  const step = build.seq(
    build.when(build.binary("lt", t, distance), add),
    barrier("shared"),
    build.assign(distance, build.binary("floordiv", distance, int(2))),
  );
  const halve = build.register(
    distance,
    int(threads / 2),
    forEach("k", 5, () => step),
  );
  const phases = build.seq(
    build.store(between, [t], build.load(x, [build.add(build.mul(b, int(threads)), t)])),
    barrier("shared"),
    halve,
    build.when(build.binary("eq", t, int(0)), build.store(out, [b], build.load(between, [int(0)]))),
  );
  const inBlock = build.allocate(between, {
    ...build.loop(t, int(0), int(threads), phases, "thread"),
    thread: "threadIdx.x",
  });
  return kernelOf("launch_tree", [x, out], {
    ...build.loop(b, int(0), int(3), inBlock, "thread"),
    thread: "blockIdx.x",
  });
}

/** `c[m][n] = Σ a[m][k] · b[k][n]`, blocks of 4 × 4 threads, tiles of 4 × 4 elements. */
function tiledProduct(name: string, dtype: DType, m: number, n: number, k: number): PrimFunc {
  const tile = 4;
  const matrix = (each: string, rows: number, columns: number): Buffer =>
    buffer(each, { dtype, shape: [rows, columns] });
  const [a, b, c] = [matrix("a", m, k), matrix("b", k, n), matrix("c", m, n)];
  const made = (each: string): Buffer => buffer(each, { dtype, shape: [tile, tile], scope: "shared" });
  const [tileA, tileB] = [made("tile_a"), made("tile_b")];
  const [by, bx, ty, tx] = [variable("by"), variable("bx"), variable("ty"), variable("tx")];
  const sum = variable("sum", dtype);
  const zero = build.const(0, dtype);
  const [row, column] = [build.add(build.mul(by, int(tile)), ty), build.add(build.mul(bx, int(tile)), tx)];
  const both = (p: Expr, q: Expr): Expr => build.binary("and", p, q);
  const product = (p: Expr, q: Expr): Expr => (dtype === "bool" ? both(p, q) : build.mul(p, q));
  const step = forEach("step", Math.ceil(k / tile), (index) => {
    const [along, down] = [build.add(build.mul(index, int(tile)), tx), build.add(build.mul(index, int(tile)), ty)];
    const fromA = build.ifThenElse(both(below(row, m), below(along, k)), build.load(a, [row, along]), zero);
    const fromB = build.ifThenElse(both(below(down, k), below(column, n)), build.load(b, [down, column]), zero);
    return build.seq(
      build.store(tileA, [ty, tx], fromA),
      build.store(tileB, [ty, tx], fromB),
      barrier("shared"),
      forEach("q", tile, (q) => build.assign(sum, combine(sum, product(build.load(tileA, [ty, q]), build.load(tileB, [q, tx]))))), // biome-ignore format: one glance
      barrier("shared"),
    );
  });
  const store = build.when(both(below(row, m), below(column, n)), build.store(c, [row, column], sum), "guard");
  const threads = build.register(sum, zero, build.seq(step, store));
  const loop = (index: typeof by, extent: number, thread: ThreadTag, body: Stmt): Stmt => ({
    ...build.loop(index, int(0), int(extent), body, "thread"),
    thread,
  });
  const block = build.allocate(tileA, build.allocate(tileB, loop(ty, tile, "threadIdx.y", loop(tx, tile, "threadIdx.x", threads)))); // biome-ignore format: one glance
  const blocks = loop(by, Math.ceil(m / tile), "blockIdx.y", loop(bx, Math.ceil(n / tile), "blockIdx.x", block));
  return kernelOf(name, [a, b, c], blocks);
}

/** Threads of a block read what others of it wrote to global memory. */
function exchange(dtype: DType): PrimFunc {
  const threads = 16;
  const [x, between, out] = [array("x", dtype, 32), array("between", dtype, 32), array("out", dtype, 32)];
  const body = launch(onAxis(2, threads), ([b, t]) => {
    const first = build.mul(b as Expr, int(threads));
    const i = build.add(first, t as Expr);
    return build.seq(
      build.store(between, [i], combine(build.load(x, [i]), build.const(1, dtype))),
      barrier("global"),
      build.store(out, [i], build.load(between, [build.add(first, build.sub(int(threads - 1), t as Expr))])),
    );
  });
  return kernelOf("launch_exchange", [x, between, out], body);
}
