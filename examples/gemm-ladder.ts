/**
 * A matrix product, scheduled in eight steps: C[i, j] = Σₖ A[i, k] · B[k, j].
 *
 * What is computed stays the same from the first step to the last; each step says anew how. The first seven are the ladder of TVM's tutorial "How to
 * optimize GEMM on CPU", the eighth goes past it as BLIS does (Van Zee and van de Geijn, 2015). docs/gemm-ladder.md has times and explains them.
 *
 *     pnpm ladder --target native             # median time of each step
 *     pnpm ladder --size 64 --nest            # and its loops
 *     pnpm tsx examples/gemm-ladder.ts        # the same, from the sources
 */
import { pathToFileURL } from "node:url";
import { registerTile } from "@tilewright/autoschedule";
import { type Capabilities, lanesOf } from "@tilewright/backend";
import type { IterVar, Tensor } from "@tilewright/ir";
import {
  axesOf, cacheRead, cacheWrite, computeAt, createSchedule, parallel, reorder, type Schedule, split, tile, transformLayout, unroll, vectorize,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";

export interface Product {
  readonly A: Tensor;
  readonly B: Tensor;
  readonly C: Tensor;
  /** Columns of A and rows of B. */
  readonly depth: number;
}

/** C = A · B in float32: A has `rows` × `depth` elements, B `depth` × `columns`. */
export function product(rows: number, columns = rows, depth = rows): Product {
  const A = placeholder([rows, depth], { name: "A" });
  const B = placeholder([depth, columns], { name: "B" });
  const k = reduceAxis(depth, "k");
  const C = compute([rows, columns], (i, j) => sum(mul(read(A, i, k.variable), read(B, k.variable, j)), k), {
    name: "C",
  });
  return { A, B, C, depth };
}

/** What the last step must know of the machine. */
export interface Machine {
  /** Elements of a vector. */
  readonly lanes: number;
  /** Rows and columns of C whose sums fit into the vector registers, beside what is multiplied. */
  readonly tileRows: number;
  readonly tileColumns: number;
}

export function machineOf(capabilities: Capabilities): Machine {
  const lanes = lanesOf(capabilities, 4);
  const { rows, vectors } = registerTile(capabilities, lanes);
  return { lanes, tileRows: rows, tileColumns: vectors * lanes };
}

/** Side of a block of C, and how many k are taken together: the figures of the tutorial. */
const BLOCK = 32;
const STEPS = 4;

/** Three loops. From one k to the next, B is read a whole row further on: every element comes from a line of its own, out of a far cache. */
export function baseline({ C }: Product): Schedule {
  return createSchedule(C);
}

/** Blocks of 32 × 32 of C, four k at a time: of each line of B that is fetched, all elements are used, and again by 32 rows of A. */
export function blocking({ C }: Product): Schedule {
  const s = createSchedule(C);
  const [io, jo, ii, ji] = tile(s, C, "i", "j", { factors: [BLOCK, BLOCK] });
  const [ko, ki] = split(s, C, "k", { factor: STEPS });
  reorder(s, C, [io, jo, ko, ki, ii, ji]);
  return s;
}

/** The innermost loop runs along a row of B and of C: its 32 elements become vectors, one element of A in all lanes. */
export function vectors(product: Product): Schedule {
  const s = blocking(product);
  vectorize(s, product.C, "j.inner");
  return s;
}

/** k inside i: 32 sums stay in registers for four k, and A is read along its rows, no more down its columns. */
export function permute(product: Product): Schedule {
  const s = vectors(product);
  reorder(s, product.C, ["i.inner", "k.inner", "j.inner"]);
  return s;
}

/** B is copied into panels of 32 columns, stored [panel][k][column]: a block now reads it from the first to the last byte in order. */
export function pack(product: Product): Schedule {
  const s = permute(product);
  packPanelsOfB(s, product);
  return s;
}

/** A block of C is summed in memory of its own and copied out once; its rows lie together, where those of C are far apart. */
export function writeCache({ B, C }: Product): Schedule {
  const s = createSchedule(C);
  const sums = cacheWrite(s, C, "global");
  const [, jo] = tile(s, C, "i", "j", { factors: [BLOCK, BLOCK] });
  computeAt(s, sums, C, jo);
  const [i, j, k] = axesOf(s, sums) as readonly [IterVar, IterVar, IterVar];
  const [ko, ki] = split(s, sums, k, { factor: STEPS });
  reorder(s, sums, [ko, i, ki, j]);
  unroll(s, sums, ki);
  vectorize(s, sums, j);
  packPanelsOfB(s, { B });
  return s;
}

/** Rows of blocks on all threads: they write different parts of C and only read the rest. */
export function threads(product: Product): Schedule {
  const s = writeCache(product);
  parallel(s, product.C, "i.outer");
  return s;
}

/** Panels of A, and at most so many k, that are taken together: they stay in a thread's second cache while all of B goes by. */
const BLOCK_PANELS = 8;
const BLOCK_DEPTH = 512;

/**
 * Past the ladder. In a row of 32 sums, a vector of B serves one multiply-add. In a tile of several rows by two vectors it serves every row, and an
 * element of A both vectors; so the loads no longer set the pace. The sums of the tile stay in registers for up to 512 k, not four. A is
 * packed as B is: the innermost loop reads two streams in order and writes nothing.
 */
export function tileOfRegisters({ A, B, C, depth }: Product, { lanes, tileRows, tileColumns }: Machine): Schedule {
  const s = createSchedule(C);
  const packedA = cacheRead(s, A, "global");
  const packedB = cacheRead(s, B, "global");

  const [blocks, inBlock] = split(s, C, "i", { factor: BLOCK_PANELS * tileRows });
  const [panelsOfA, rows] = split(s, C, inBlock, { factor: tileRows });
  const [panelsOfB, columns] = split(s, C, "j", { factor: tileColumns });
  const [ko, ki] = split(s, C, "k", { parts: Math.ceil(depth / BLOCK_DEPTH) }); // parts of one size
  reorder(s, C, [blocks, ko, panelsOfB, panelsOfA, ki, rows, columns]);
  parallel(s, C, blocks);
  unroll(s, C, rows);
  unrollVectors(s, C, columns, lanes);

  computeAt(s, packedA, C, ko);
  unroll(s, packedA, inPanels(s, packedA, 0, tileRows).within);
  const { panels, within } = inPanels(s, packedB, 1, tileColumns);
  parallel(s, packedB, panels);
  unrollVectors(s, packedB, within, lanes);
  return s;
}

export interface Step {
  readonly step: string;
  schedule(product: Product, machine: Machine): Schedule;
}

export const LADDER: readonly Step[] = [
  { step: "baseline", schedule: baseline },
  { step: "blocking", schedule: blocking },
  { step: "vectorize", schedule: vectors },
  { step: "permute", schedule: permute },
  { step: "pack", schedule: pack },
  { step: "write-cache", schedule: writeCache },
  { step: "parallel", schedule: threads },
  { step: "register-tile", schedule: tileOfRegisters },
];

/** A copy of B in panels of `BLOCK` columns, made on all threads, a vectorized row of a panel at a time. */
function packPanelsOfB(s: Schedule, { B }: Pick<Product, "B">): void {
  const packedB = cacheRead(s, B, "global");
  const { panels, within } = inPanels(s, packedB, 1, BLOCK);
  parallel(s, packedB, panels);
  vectorize(s, packedB, within);
}

/** Stores a matrix as `[panel][other dimension][place in the panel]`, panels of `width` along `dimension`, and computes it in that order. */
function inPanels(
  s: Schedule,
  matrix: Tensor,
  dimension: 0 | 1,
  width: number,
): { readonly panels: IterVar; readonly within: IterVar } {
  transformLayout(s, matrix, [
    { dimension, divisor: width },
    { dimension: 1 - dimension },
    { dimension, modulus: width },
  ]);
  const axes = axesOf(s, matrix) as readonly [IterVar, IterVar];
  const [panels, within] = split(s, matrix, axes[dimension], { factor: width });
  reorder(s, matrix, [panels, axes[dimension === 0 ? 1 : 0], within]);
  return { panels, within };
}

/** A short loop as vectors of the machine, one after the other without a loop. */
function unrollVectors(s: Schedule, tensor: Tensor, axis: IterVar, lanes: number): void {
  const [copies, lane] = split(s, tensor, axis, { factor: lanes });
  unroll(s, tensor, copies);
  vectorize(s, tensor, lane);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { runLadder } = await import("../apps/bench/src/ladder/run-ladder.js");
  const steps = LADDER.map(({ step, schedule }) => ({
    step,
    schedule: (size: number, capabilities: Capabilities) => schedule(product(size), machineOf(capabilities)),
  }));
  process.exitCode = await runLadder(steps, process.argv.slice(2));
}
