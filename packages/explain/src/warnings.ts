import type { Diagnostic, Span } from "@tilewright/diagnostics";
import type { StageNest } from "./analyse.js";
import type { StageExplanation } from "./explanation.js";
import { bytesOfBuffer } from "./footprint.js";
import type { Machine } from "./machine.js";
import type { Memory } from "./memory.js";
import { type Loop, loopsOf, type Nest, statementsOf } from "./nest.js";
import { branchesOn, laneAccess, lanesFor, vectorLoopOf } from "./vectorization.js";

/** Copies of a body beyond which unrolled code costs more in instructions than it saves in loops. */
const MOST_COPIES = 256;
/** Seconds that it takes to start threads on a loop and to wait for them. */
const FORK_SECONDS = 10e-6;
/** A stage that computes this many times what it has to is worth a word. */
const RECOMPUTED = 1.05;
/** Part of the cores' time that may idle at the end of a parallel loop. */
const MOST_IDLE = 0.25;

interface Findings {
  readonly machine: Machine;
  readonly threads: number;
  readonly nest: Nest;
  readonly nests: readonly StageNest[];
  readonly stages: readonly StageExplanation[];
  readonly memory: Memory;
}

type Parts = Omit<Diagnostic, "code" | "severity">;
const warning = (code: string, parts: Parts): Diagnostic => ({ code, severity: "warning", ...parts });

/** What is legal but slow, each finding once, by code. */
export function findWarnings(findings: Findings): readonly Diagnostic[] {
  const found = [
    ...findings.nests.flatMap((each) => vectorWarnings(each, findings.machine)),
    ...unrollWarnings(findings.nest),
    ...parallelWarnings(findings),
    ...localWarnings(findings),
    ...computedWarnings(findings),
    ...findings.nests.flatMap((each) => conflictWarnings(each, findings.memory)),
  ];
  const distinct = new Map(found.map((each) => [`${each.code} ${each.message}`, each]));
  return [...distinct.values()].sort((a, b) => (a.code < b.code ? -1 : a.code > b.code ? 1 : 0));
}

/** EXP001 · EXP002 · EXP004 · EXP005 */
function vectorWarnings({ statements, name }: StageNest, machine: Machine): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const statement of statements) {
    const loop = vectorLoopOf(statement);
    const lanes = lanesFor(machine, [statement]);
    if (loop === undefined || lanes === 1) continue;
    for (const access of statement.accesses) {
      const { buffer, pattern, stride, isWrite } = laneAccess(access, loop);
      if (pattern === "gathered") found.push(gathered(buffer, loop, access.span, isWrite));
      if (pattern === "strided") found.push(strided(buffer, loop, stride ?? 0, access.span, isWrite));
    }
    if (branchesOn(loop).length > 0) found.push(scalarTail(name, loop));
    if (loop.extent % lanes !== 0) found.push(partialVector(name, loop, lanes));
  }
  return found;
}

/** EXP001: lanes of a vectorized loop are found one by one. */
const gathered = (buffer: string, loop: Loop, span: Span, isWrite: boolean): Diagnostic =>
  warning("EXP001", {
    message: `lanes of \`${buffer}\` are ${isWrite ? "scattered" : "gathered"} in the vectorized loop \`${loop.name}\``,
    span,
    expected: `an index of \`${buffer}\` that is a sum of loop variables`,
    actual: "an index that depends on data or on a division",
    hint: "vectorize another loop, or compute the operand into a dense copy first (cacheRead)",
  });

/** EXP002: lanes lie further apart than one element. */
const strided = (buffer: string, loop: Loop, stride: number, span: Span, isWrite: boolean): Diagnostic =>
  warning("EXP002", {
    message: `the vectorized loop \`${loop.name}\` ${isWrite ? "writes" : "reads"} \`${buffer}\` with a stride of ${stride}`,
    span,
    expected: "consecutive elements, or one for all lanes",
    actual: `${stride} elements between neighbouring lanes: as many loads as lanes`,
    hint: `pack \`${buffer}\`: cacheRead, then transformLayout so that \`${loop.name}\` runs along the last dimension`,
  });

/** EXP003: code grows with every copy. */
const hugeUnroll = (loop: Loop, copies: number): Diagnostic =>
  warning("EXP003", {
    message: `unrolling \`${loop.name}\` makes ${copies} copies of its body`,
    span: loop.span,
    expected: `at most ${MOST_COPIES} copies, those of unrolled loops inside it included`,
    actual: String(copies),
    hint: "split the loop and unroll the inner part",
  });

/** EXP004: a guard differs between lanes. */
const scalarTail = (stage: string, loop: Loop): Diagnostic =>
  warning("EXP004", {
    message: `the edge of \`${stage}\` runs one element at a time: a guard stands in the vectorized loop \`${loop.name}\``,
    span: loop.span,
    expected: "a split whose factor divides the extent",
    hint: `split with tail: "shift" or "roundUp", or by a factor that divides`,
  });

/** EXP005: registers that are not full. */
const partialVector = (stage: string, loop: Loop, lanes: number): Diagnostic =>
  warning("EXP005", {
    message: `the vectorized loop \`${loop.name}\` of \`${stage}\` does not fill the registers`,
    span: loop.span,
    expected: `a multiple of ${lanes} iterations`,
    actual: `${loop.extent}`,
    hint: `split by ${lanes} and vectorize the inner part`,
  });

function unrollWarnings(nest: Nest): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const copiesOf = (loop: Loop): number => {
    const inner = Math.max(1, ...loopsOf(loop.body).map((each) => (each.loopKind === "unrolled" ? copiesOf(each) : 1)));
    return loop.extent * inner;
  };
  for (const loop of loopsOf(nest.root)) {
    if (loop.loopKind !== "unrolled" || copiesOf(loop) <= MOST_COPIES) continue;
    if (!found.some(({ span }) => span === loop.span)) found.push(hugeUnroll(loop, copiesOf(loop)));
  }
  return found;
}

/** EXP006: the threads cost more than they save. EXP007: some of them have nothing to do. */
function parallelWarnings({ nest, stages, threads }: Findings): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const loop of loopsOf(nest.root).filter(({ forks }) => forks)) {
    const inside = new Set(statementsOf(loop).map(({ stage }) => stage));
    const seconds = stages.reduce((sum, { name, bound }) => sum + (inside.has(name) ? bound.seconds : 0), 0);
    const each = loop.executions > 0 ? seconds / loop.executions : 0;
    if (threads > 1 && each < FORK_SECONDS) found.push(littleWork(loop, each));
    const busy = Math.min(threads, loop.extent);
    const idle = loop.extent === 0 ? 0 : 1 - loop.extent / (Math.ceil(loop.extent / busy) * threads);
    if (idle > MOST_IDLE) found.push(idleCores(loop, threads, idle));
  }
  return found;
}

const littleWork = (loop: Loop, seconds: number): Diagnostic =>
  warning("EXP006", {
    message: `the parallel loop \`${loop.name}\` has too little work`,
    span: loop.span,
    expected: `more than ${FORK_SECONDS * 1e6} µs, the cost of starting threads and waiting for them`,
    actual: `${(seconds * 1e6).toPrecision(2)} µs each time it is entered${loop.executions > 1 ? `, ${loop.executions} times` : ""}`,
    hint: "make an outer loop parallel, or leave it serial",
  });

const idleCores = (loop: Loop, threads: number, idle: number): Diagnostic =>
  warning("EXP007", {
    message: `the iterations of the parallel loop \`${loop.name}\` do not fill ${threads} threads`,
    span: loop.span,
    expected: `a multiple of ${threads} iterations, or many`,
    actual: `${loop.extent}: ${Math.round(idle * 100)} % of the threads' time idle`,
    hint: "split differently, or fuse it with the next loop",
  });

/** EXP008: a local array that has to live in memory. */
function localWarnings({ nest, machine, memory }: Findings): readonly Diagnostic[] {
  const room = machine.registers * machine.vectorBytes;
  return [...nest.buffers]
    .filter((buffer) => buffer.scope === "local" && !memory.held.has(buffer) && bytesOfBuffer(buffer) > room)
    .map((buffer) =>
      warning("EXP008", {
        message: `the local array \`${buffer.name}\` does not fit in the registers`,
        span: buffer.span,
        expected: `at most ${room} bytes: ${machine.registers} registers of ${machine.vectorBytes}`,
        actual: `${bytesOfBuffer(buffer)} bytes`,
        hint: "compute it in a deeper loop, or make the register tile smaller",
      }),
    );
}

/** EXP009: elements are computed several times. EXP010: elements are computed beyond the edge. */
function computedWarnings({ nests, stages }: Findings): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const [position, { stage, name, main }] of nests.entries()) {
    const computed = stages[position]?.computed;
    if (stage === null || computed === undefined || computed.factor <= RECOMPUTED) continue;
    const factor = computed.factor.toPrecision(3);
    const actual = `${computed.points} points for ${computed.needed}`;
    const span = main.span;
    if (stage.attachment.kind === "at") {
      found.push(
        warning("EXP009", {
          message: `\`${name}\` computes each of its elements ${factor} times on average`,
          span,
          expected: "a place where every element is computed once",
          actual,
          hint: `compute it in an outer loop, or at the root (computeRoot), unless the better locality is worth it`,
        }),
      );
    } else {
      found.push(
        warning("EXP010", {
          message: `\`${name}\` computes ${factor} times as many elements as it has`,
          span,
          expected: "tiles that divide the extents",
          actual,
          hint: `split by factors that divide, or with tail: "guard"`,
        }),
      );
    }
  }
  return found;
}

/** EXP011: a cache that has room, but not in the right places; of several loops the outermost. */
function conflictWarnings({ own, main, name }: StageNest, memory: Memory): readonly Diagnostic[] {
  const outside = main.loops.length - own.length;
  const found = new Map<string, Diagnostic>();
  for (const [position, loop] of own.entries())
    for (const { cache, buffer } of memory.crowded(loop, outside + position)) {
      const key = `${cache} ${buffer.name}`;
      if (!found.has(key)) found.set(key, conflict(name, loop, cache, buffer.name));
    }
  return [...found.values()];
}

const conflict = (stage: string, loop: Loop, cache: string, buffer: string): Diagnostic =>
  warning("EXP011", {
    message: `rows of \`${buffer}\` drive each other out of ${cache} in the loop \`${loop.name}\` of \`${stage}\``,
    span: loop.span,
    expected: `rows that are spread over all of ${cache}`,
    actual: "rows that lie a multiple of a large power of two apart",
    hint: `copy \`${buffer}\` into tiles (cacheRead or cacheWrite, transformLayout), or give its rows another length`,
  });
