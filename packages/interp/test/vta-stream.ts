import { readFileSync } from "node:fs";
import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  build as b,
  buffer,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";

/** A convolution 6×6×32 → 6×6×32, 3×3, padding 1, as VTA runs it: memory before and after, and the instructions. */
interface Vector {
  readonly instructions: readonly string[];
  readonly memory: readonly { readonly name: string; readonly address: number; readonly hex: string }[];
  readonly result: { readonly hex: string };
}

const vector: Vector = JSON.parse(
  readFileSync(new URL("vectors/vta-conv3x3-two-threads.json", import.meta.url), "utf8"),
);
const bytesOfHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const bytes = (name: string): ArrayBuffer =>
  bytesOfHex(vector.memory.find((each) => each.name === name)?.hex ?? "").buffer;

/** The arguments of both functions below; `out` is the result. */
export const newMemory = () => ({
  uops: new Uint32Array(bytes("uops")),
  inp: new Int8Array(bytes("inp")),
  wgt: new Int8Array(bytes("wgt")),
  bias: new Int32Array(bytes("bias")),
  out: new Int8Array(72 * 16),
});
export const expectedOut = new Int8Array(bytesOfHex(vector.result.hex).buffer);

export type Queue = "load" | "compute" | "store";

// DRAM, in elements of the accelerator: sixteen channels of a pixel, a 16×16 block of weights.
const dram = {
  uops: buffer("uops", { dtype: "uint32", shape: [40] }),
  inp: buffer("inp", { dtype: "int8", shape: [72, 16] }),
  wgt: buffer("wgt", { dtype: "int8", shape: [36, 16, 16] }),
  bias: buffer("bias", { dtype: "int32", shape: [2, 16] }),
  out: buffer("out", { dtype: "int8", shape: [72, 16] }),
};
// Scratchpads.
const sram = {
  uop: buffer("uop", { dtype: "uint32", shape: [8192], scope: "vta.uop" }),
  inp: buffer("inp_sram", { dtype: "int8", shape: [2048, 16], scope: "vta.inp" }),
  wgt: buffer("wgt_sram", { dtype: "int8", shape: [1024, 16, 16], scope: "vta.wgt" }),
  acc: buffer("acc", { dtype: "int32", shape: [2048, 16], scope: "vta.acc" }),
};

const index = (value: Expr | number): Expr => (typeof value === "number" ? int(value) : value);
const plus = (first: Expr, ...rest: readonly Expr[]): Expr => rest.reduce((sum, each) => b.add(sum, each), first);
const times = (a: Expr, factor: number): Expr => b.mul(a, int(factor));

/** `for … { body }` over several extents. */
function nest(names: string, extents: readonly number[], body: (...loops: Var[]) => Stmt): Stmt {
  const loops = names.split(" ").map((name) => variable(name));
  return loops.reduceRight<Stmt>((inner, loop, k) => b.loop(loop, int(0), int(extents[k] ?? 1), inner), body(...loops));
}

/** Rows `from .. from + count` of a buffer, whole. */
function rows(of: Buffer, from: Expr | number, count: number): BufferRegion {
  const rest = of.shape.slice(1);
  return b.region(of, [index(from), ...rest.map(() => int(0))], [int(count), ...rest]);
}

function async(queue: Queue, reads: readonly BufferRegion[], writes: readonly BufferRegion[], body: Stmt): Stmt {
  return { kind: "Async", span: NO_SPAN, queue, reads, writes, body };
}

export const push = (from: Queue, to: Queue): Stmt => ({ kind: "PushToken", span: NO_SPAN, from, to });
export const pop = (from: Queue, to: Queue): Stmt => ({ kind: "PopToken", span: NO_SPAN, from, to });

const loadUops = (): Stmt =>
  async(
    "compute",
    [rows(dram.uops, 0, 40)],
    [rows(sram.uop, 0, 40)],
    nest("u", [40], (u) => b.store(sram.uop, [u], b.load(dram.uops, [u]))),
  );

/** LOAD INP: 6 rows of 6 pixels, with a frame of zeros. */
function loadInput(sramBase: Expr | number, dramBase: Expr | number): Stmt {
  const body = nest("r c lane", [8, 8, 16], (r, c, lane) => {
    const [row, column] = [b.sub(r as Var, int(1)), b.sub(c as Var, int(1))];
    const bounds = [row, column].flatMap((each) => [b.binary("ge", each, int(0)), b.binary("lt", each, int(6))]);
    const inside = bounds.reduce((all, each) => b.binary("and", all, each));
    const pixel = b.load(dram.inp, [plus(index(dramBase), times(row, 6), column), lane as Var]);
    const value = b.ifThenElse(inside, pixel, b.const(0, "int8"));
    return b.store(sram.inp, [plus(index(sramBase), times(r as Var, 8), c as Var), lane as Var], value);
  });
  return async("load", [rows(dram.inp, dramBase, 36)], [rows(sram.inp, sramBase, 64)], body);
}

/** A dense LOAD of rows. */
function loadRows(
  queue: Queue,
  from: Buffer,
  to: Buffer,
  sramBase: Expr | number,
  dramBase: Expr | number,
  count: number,
): Stmt {
  const inner = from.shape.slice(1).map((extent) => (extent.kind === "Const" ? Number(extent.value) : 1));
  const names = ["e", ...inner.map((_, k) => `l${k}`)].join(" ");
  const body = nest(names, [count, ...inner], (e, ...lanes) =>
    b.store(to, [plus(index(sramBase), e as Var), ...lanes], b.load(from, [plus(index(dramBase), e as Var), ...lanes])),
  );
  return async(queue, [rows(from, dramBase, count)], [rows(to, sramBase, count)], body);
}

const loadWeights = (sramBase: Expr | number, dramBase: Expr | number): Stmt =>
  loadRows("load", dram.wgt, sram.wgt, sramBase, dramBase, 9);
const loadBias = (sramBase: Expr | number, dramBase: Expr | number): Stmt =>
  loadRows("compute", dram.bias, sram.acc, sramBase, dramBase, 1);

/** Bits `low .. low + width` of a micro-op. */
function field(uop: Expr, low: number, width: number): Expr {
  const shifted = b.binary("shr", uop, b.const(low, "uint32"));
  return b.cast(b.binary("bitand", shifted, b.const(2 ** width - 1, "uint32")), "index");
}

interface MicroOps {
  readonly begin: Expr | number;
  readonly count: number;
  readonly extents: readonly [number, number];
  readonly dst: readonly [number, number];
  readonly src: readonly [number, number];
  readonly wgt?: readonly [number, number];
}

/** The loops of an instruction over its micro-ops. */
function overMicroOps(ops: MicroOps, body: (dst: Expr, src: Expr, wgt: Expr) => Stmt): Stmt {
  return nest("y x u", [...ops.extents, ops.count], (y, x, u) => {
    const uop = variable("uop", "uint32");
    const at = (low: number, width: number, [outer, inner]: readonly [number, number]): Expr =>
      plus(field(uop, low, width), times(y as Var, outer), times(x as Var, inner));
    const inner = body(at(0, 11, ops.dst), at(11, 11, ops.src), at(22, 10, ops.wgt ?? [0, 0]));
    return b.let(uop, b.load(sram.uop, [plus(index(ops.begin), u as Var)]), inner);
  });
}

/** GEMM with reset: clears the 36 pixels of a thread. */
function clear(begin: Expr | number, accBase: Expr | number): Stmt {
  const ops: MicroOps = { begin, count: 1, extents: [6, 6], dst: [6, 1], src: [0, 0] };
  const body = overMicroOps(ops, (dst) =>
    nest("oc", [16], (oc) => b.store(sram.acc, [dst, oc as Var], b.const(0, "int32"))),
  );
  return async("compute", [rows(sram.uop, begin, 1)], [rows(sram.acc, accBase, 36)], body);
}

/** GEMM: nine taps for 36 pixels. */
function gemm(begin: Expr | number, base: { acc: Expr | number; inp: Expr | number; wgt: Expr | number }): Stmt {
  const ops: MicroOps = { begin, count: 18, extents: [6, 3], dst: [6, 0], src: [8, 8], wgt: [0, 3] };
  const body = overMicroOps(ops, (dst, src, wgt) =>
    nest("oc ic", [16, 16], (oc, ic) => {
      const wide = (value: Expr): Expr => b.cast(value, "int32");
      const product = b.mul(
        wide(b.load(sram.inp, [src, ic as Var])),
        wide(b.load(sram.wgt, [wgt, oc as Var, ic as Var])),
      );
      return b.store(sram.acc, [dst, oc as Var], b.add(b.load(sram.acc, [dst, oc as Var]), product));
    }),
  );
  const reads = [
    rows(sram.uop, begin, 18),
    rows(sram.inp, base.inp, 64),
    rows(sram.wgt, base.wgt, 9),
    rows(sram.acc, base.acc, 36),
  ];
  return async("compute", reads, [rows(sram.acc, base.acc, 36)], body);
}

/** The four ALU instructions: bias, shift, relu, minimum with 127. */
function post(begin: Expr | number, accBase: Expr | number, bias: Expr | number): Stmt[] {
  const ops: MicroOps = { begin, count: 1, extents: [6, 6], dst: [6, 1], src: [0, 0] };
  const alu = (op: "add" | "shr" | "max" | "min", operand: number | "bias"): Stmt => {
    const body = overMicroOps(ops, (dst, src) =>
      nest("lane", [16], (lane) => {
        const right = operand === "bias" ? b.load(sram.acc, [src, lane as Var]) : b.const(operand, "int32");
        return b.store(sram.acc, [dst, lane as Var], b.binary(op, b.load(sram.acc, [dst, lane as Var]), right));
      }),
    );
    const biasRows = operand === "bias" ? [rows(sram.acc, bias, 1)] : [];
    const reads = [rows(sram.uop, begin, 1), rows(sram.acc, accBase, 36), ...biasRows];
    return async("compute", reads, [rows(sram.acc, accBase, 36)], body);
  };
  return [alu("add", "bias"), alu("shr", 8), alu("max", 0), alu("min", 127)];
}

/** STORE: the low eight bits of the accumulators. */
function store(accBase: Expr | number, dramBase: Expr | number): Stmt {
  const body = nest("e lane", [36, 16], (e, lane) => {
    const value = b.cast(b.load(sram.acc, [plus(index(accBase), e as Var), lane as Var]), "int8");
    return b.store(dram.out, [plus(index(dramBase), e as Var), lane as Var], value);
  });
  return async("store", [rows(sram.acc, accBase, 36)], [rows(dram.out, dramBase, 36)], body);
}

function kernel(name: string, stmts: readonly Stmt[]): PrimFunc {
  const synchronize: Stmt = { kind: "Synchronize", span: NO_SPAN, queues: [] };
  const all = b.seq(...stmts, synchronize);
  const body = Object.values(sram).reduceRight<Stmt>((inner, scratchpad) => b.allocate(scratchpad, inner), all);
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name,
    role: "kernel",
    parameters: Object.values(dram),
    mayAlias: [],
    body,
    attributes: {},
  };
}

/** The stream, one line for each instruction: pops, the instruction, pushes. */
export function streamStatements(): Stmt[] {
  const [l2g, g2l] = [push("load", "compute"), push("compute", "load")];
  const [fromLoad, fromCompute] = [() => pop("load", "compute"), () => pop("compute", "load")];
  return [
    loadUops(),
    ...[clear(0, 0), g2l],
    ...[clear(20, 36), { ...g2l }],
    ...[fromCompute(), loadInput(0, 0)],
    ...[loadWeights(0, 0), l2g],
    ...[fromLoad(), gemm(1, { acc: 0, inp: 0, wgt: 0 }), { ...g2l }],
    ...[fromCompute(), loadInput(64, 0)],
    ...[loadWeights(9, 18), { ...l2g }],
    ...[fromLoad(), gemm(21, { acc: 36, inp: 64, wgt: 9 }), { ...g2l }],
    ...[fromCompute(), loadInput(0, 36)],
    ...[loadWeights(0, 9), { ...l2g }],
    ...[fromLoad(), gemm(1, { acc: 0, inp: 0, wgt: 0 })],
    loadBias(1500, 0),
    ...[...post(19, 0, 1500), push("compute", "store")],
    ...[pop("compute", "store"), store(0, 0)],
    ...[fromCompute(), loadInput(64, 36)],
    ...[loadWeights(9, 27), { ...l2g }],
    ...[fromLoad(), gemm(21, { acc: 36, inp: 64, wgt: 9 })],
    loadBias(1501, 1),
    ...[...post(39, 36, 1501), push("compute", "store")],
    ...[pop("compute", "store"), store(36, 36)],
    // The epilogue: the last instruction retires after all others.
    ...[push("store", "compute"), { ...l2g }, fromLoad(), pop("store", "compute")],
  ];
}

export const streamKernel = (stmts: readonly Stmt[] = streamStatements()): PrimFunc => kernel("conv3x3_stream", stmts);

/** The same convolution with the two threads as a `virtual` loop over the blocks of output channels. */
export function virtualThreadKernel(): PrimFunc {
  const v = variable("v");
  const k = variable("k");
  const [acc, inp, wgt, uops] = [times(v, 36), times(v, 64), times(v, 9), times(v, 20)];
  const again = b.when(b.binary("lt", k, int(1)), push("compute", "load"));
  const step = b.seq(
    pop("compute", "load"),
    loadInput(inp, times(k, 36)),
    loadWeights(wgt, plus(times(v, 18), times(k, 9))),
    push("load", "compute"),
    pop("load", "compute"),
    gemm(plus(uops, int(1)), { acc, inp, wgt }),
    again,
  );
  const bias = plus(int(1500), v);
  const finish = [
    loadBias(bias, v),
    ...post(plus(uops, int(19)), acc, bias),
    push("compute", "store"),
    pop("compute", "store"),
    store(acc, acc),
  ];
  const thread = b.seq(clear(uops, acc), push("compute", "load"), b.loop(k, int(0), int(2), step), ...finish);
  return kernel("conv3x3_threads", [loadUops(), b.loop(v, int(0), int(2), thread, "virtual")]);
}
