import { bitsOf } from "@tilewright/ir";
import { dependenciesOf } from "./affine.js";
import { stridesOf } from "./footprint.js";
import type { Machine } from "./machine.js";
import type { Access, Loop, Part, Statement } from "./nest.js";

/** How the lanes of a vector loop find an operand: next to each other, all the same, a constant distance apart, or anywhere. */
export type LanePattern = "contiguous" | "broadcast" | "strided" | "gathered";

export interface LaneAccess {
  readonly buffer: string;
  readonly isWrite: boolean;
  readonly pattern: LanePattern;
  /** Elements between neighbouring lanes; null for a gather. */
  readonly stride: number | null;
}

/** Whether a stage runs on vectors, and why. */
export interface Vectorization {
  readonly isVectorized: boolean;
  /** The vectorized loop, or the one that could be; null where there is none. */
  readonly loop: string | null;
  readonly extent: number;
  /** The intrinsic that does the work instead of a loop. */
  readonly intrinsic: string | null;
  /** Lanes of the machine's registers for the widest element that the stage touches. */
  readonly lanes: number;
  /** Elements that an instruction does on average: `lanes` at best, 1 on scalars. */
  readonly elementsPerInstruction: number;
  /** By the loop above. */
  readonly accesses: readonly LaneAccess[];
  /** Why it is not vectorized, or what holds the lanes up. */
  readonly reasons: readonly string[];
  /** What one could do. */
  readonly advice: readonly string[];
}

/** Lanes of a register for the widest element that some statements touch. */
export function lanesFor(machine: Machine, statements: readonly Statement[]): number {
  const widest = Math.max(
    8,
    ...statements.flatMap(({ accesses }) => accesses.map(({ buffer }) => bitsOf(buffer.dtype))),
  );
  return Math.max(1, Math.floor((machine.vectorBytes * 8) / widest));
}

/** The innermost vectorized loop around a statement that has lanes in generated code. */
export function vectorLoopOf(statement: Statement): Loop | undefined {
  return statement.loops.findLast(
    (loop) => loop.loopKind === "vectorized" && serialReason(loop, statement) === undefined,
  );
}

/** Elements that one instruction does on average when a loop of `extent` runs in chunks of `lanes`, then of smaller powers of two. */
export function elementsPerInstruction(extent: number, lanes: number): number {
  const rest = extent % lanes;
  const chunks = Math.floor(extent / lanes) + rest.toString(2).replaceAll("0", "").length;
  return chunks === 0 ? 1 : extent / chunks;
}

/** What makes a vectorized loop run serially in spite of its mark. */
function serialReason(loop: Loop, statement: Statement): string | undefined {
  const inner = statement.loops;
  const nested = inner.slice(inner.indexOf(loop) + 1).find((other) => other.loopKind === "vectorized");
  if (nested !== undefined) return `the vectorized loop \`${nested.name}\` stands inside it`;
  if (loop.extent < 2) return "it has fewer than two iterations";
  const target = statement.accesses.find(({ isWrite }) => isWrite);
  if (target !== undefined && !target.indices.some(({ loops }) => loops.has(loop.variable)))
    return `every iteration writes the same element of \`${target.buffer.name}\``;
  const branch = branchesOn(loop).find(({ role }) => role === "branch");
  return branch === undefined ? undefined : "a condition that differs between its iterations stands inside it";
}

/** Branches under a loop whose condition depends on it. */
export function branchesOn(loop: Loop): readonly Extract<Part, { kind: "branch" }>[] {
  const found: Extract<Part, { kind: "branch" }>[] = [];
  const look = (part: Part): void => {
    if (part.kind === "sequence") for (const each of part.parts) look(each);
    else if (part.kind !== "statement") {
      if (part.kind === "branch" && mentions(part, loop)) found.push(part);
      look(part.body);
    }
  };
  look(loop.body);
  return found;
}

function mentions({ condition }: Extract<Part, { kind: "branch" }>, { variable }: Loop): boolean {
  return dependenciesOf(condition, new Map([[variable, 1]])).loops.size > 0;
}

/** How an access moves when a loop takes one step. */
export function laneAccess({ buffer, indices, isWrite }: Access, { variable }: Loop): LaneAccess {
  const strides = stridesOf(buffer);
  let stride: number | null = 0;
  for (const [dimension, { affine, loops, onData }] of indices.entries()) {
    if (!loops.has(variable) && !onData) continue;
    const coefficient = affine?.terms.get(variable);
    stride = coefficient === undefined || stride === null ? null : stride + coefficient * (strides[dimension] ?? 1);
  }
  const pattern =
    stride === null ? "gathered" : stride === 0 ? "broadcast" : stride === 1 ? "contiguous" : ("strided" as const);
  return { buffer: buffer.name, isWrite, pattern, stride };
}

/** @param statements of one stage; the one with the most arithmetic speaks for it */
export function vectorizationOf(machine: Machine, statements: readonly Statement[], main: Statement): Vectorization {
  const lanes = lanesFor(machine, statements);
  const around = main.loops;
  const loop = lanes > 1 ? vectorLoopOf(main) : undefined;
  if (loop !== undefined) return vectorized(main, loop, lanes);
  if (main.intrinsic !== null) return byIntrinsic(main.intrinsic, lanes);
  const candidate = candidateOf(main);
  const reasons = reasonsAgainst(main, around, lanes);
  return {
    isVectorized: false,
    loop: candidate?.name ?? null,
    extent: candidate?.extent ?? 0,
    intrinsic: null,
    lanes,
    elementsPerInstruction: 1,
    accesses: candidate === undefined ? [] : laneAccesses(main, candidate),
    reasons,
    advice: lanes === 1 ? [] : adviceFor(main, candidate, lanes),
  };
}

/** What an intrinsic does inside is the target's affair; it is taken to fill the registers. */
function byIntrinsic(intrinsic: string, lanes: number): Vectorization {
  const nothing = { accesses: [], reasons: [], advice: [] };
  return {
    isVectorized: lanes > 1,
    loop: null,
    extent: 0,
    intrinsic,
    lanes,
    elementsPerInstruction: lanes,
    ...nothing,
  };
}

function vectorized(main: Statement, loop: Loop, lanes: number): Vectorization {
  const accesses = laneAccesses(main, loop);
  const reasons: string[] = [];
  const advice: string[] = [];
  if (loop.extent % lanes !== 0) {
    reasons.push(`${loop.extent} iterations are no multiple of ${lanes} lanes`);
    advice.push(`split \`${loop.name}\` so that the vectorized loop has ${lanes} iterations, or a multiple`);
  }
  if (branchesOn(loop).length > 0) {
    reasons.push("a guard inside it: the edge runs one element at a time");
    advice.push(`split by a factor that divides, or with tail: "shift" or "roundUp"`);
  }
  for (const { buffer, pattern, stride } of accesses) {
    if (pattern === "gathered")
      reasons.push(`\`${buffer}\` is read element by element: its index is no sum of loop variables`);
    if (pattern === "strided") reasons.push(`lanes of \`${buffer}\` lie ${stride} elements apart`);
  }
  if (accesses.some(({ pattern }) => pattern === "strided"))
    advice.push(
      "copy the operand with cacheRead and give the copy a layout in which lanes are neighbours (transformLayout)",
    );
  const { name, extent } = loop;
  const each = elementsPerInstruction(extent, lanes);
  return {
    isVectorized: true,
    loop: name,
    extent,
    intrinsic: null,
    lanes,
    elementsPerInstruction: each,
    accesses,
    reasons,
    advice,
  };
}

function laneAccesses(main: Statement, loop: Loop): readonly LaneAccess[] {
  const seen = new Map<string, LaneAccess>();
  for (const access of main.accesses) {
    const made = laneAccess(access, loop);
    seen.set(`${made.buffer} ${made.isWrite} ${made.stride}`, made);
  }
  return [...seen.values()];
}

/** The loop that would make the best lanes: the store and as many other accesses as can be are contiguous along it. */
function candidateOf(main: Statement): Loop | undefined {
  const store = main.accesses.find(({ isWrite }) => isWrite);
  if (store === undefined) return undefined;
  const rank = (loop: Loop): number => {
    const patterns = main.accesses.map((access) => laneAccess(access, loop).pattern);
    return patterns.filter((pattern) => pattern === "contiguous" || pattern === "broadcast").length / patterns.length;
  };
  let best: Loop | undefined;
  for (const loop of main.loops) {
    if (loop.extent < 2 || loop.loopKind === "thread" || laneAccess(store, loop).pattern !== "contiguous") continue;
    if (best === undefined || rank(loop) >= rank(best)) best = loop;
  }
  return best;
}

function reasonsAgainst(main: Statement, around: readonly Loop[], lanes: number): readonly string[] {
  if (lanes === 1) return ["the machine has no vectors for this type"];
  const marked = around.filter(({ loopKind }) => loopKind === "vectorized");
  const reasons = marked.map((loop) => `\`${loop.name}\` is marked, but ${serialReason(loop, main)}`);
  if (marked.length === 0) reasons.push(around.length === 0 ? "it has no loop" : "no loop of it is marked");
  const innermost = around.findLast(({ extent }) => extent > 1);
  const store = main.accesses.find(({ isWrite }) => isWrite);
  if (
    innermost !== undefined &&
    store !== undefined &&
    !store.indices.some(({ loops }) => loops.has(innermost.variable))
  )
    reasons.push(`its innermost loop \`${innermost.name}\` folds into one element`);
  return reasons;
}

function adviceFor(main: Statement, candidate: Loop | undefined, lanes: number): readonly string[] {
  const store = main.accesses.find(({ isWrite }) => isWrite);
  if (store === undefined || main.loops.length === 0) return [];
  if (candidate === undefined)
    return [`no loop moves \`${store.buffer.name}\` by one element: change its layout (transformLayout)`];
  const { name, extent } = candidate;
  const stage = JSON.stringify(main.stage);
  const quoted = `${stage}, ${JSON.stringify(name)}`;
  const [around, advice] = [main.loops, [] as string[]];
  const mark =
    extent > lanes
      ? `const [, lanes] = split(s, ${quoted}, { factor: ${lanes} }); vectorize(s, ${stage}, lanes)`
      : `vectorize(s, ${quoted})`;
  advice.push(extent < lanes ? `${mark}: only ${extent} of ${lanes} lanes` : mark);
  if (around.at(-1) !== candidate) advice.push(`reorder so that \`${name}\` is innermost`);
  return advice;
}
