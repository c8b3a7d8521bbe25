import { CompileError } from "@tilewright/diagnostics";
import type { For } from "@tilewright/ir";
import { agentFrame, finishAgent } from "./agents.js";
import type { Action, Compilers, SteppedAction } from "./compilers.js";
import { divergentBarrier, illTyped, negativeExtent } from "./errors.js";
import { compileIndex } from "./expressions.js";
import { type Frame, fork, orderOf, step } from "./frame.js";
import { ForkContext } from "./races.js";
import { bindVariable, placeIn, type Scope } from "./scope.js";
import { hasBarrier, hasQueues } from "./structure.js";
import { lockStep, type Steps, ThreadGroup } from "./threads.js";

interface LoopParts {
  readonly bounds: (frame: Frame) => readonly [min: number, extent: number];
  readonly slot: number;
  /** The scope of the body. */
  readonly inner: Scope;
}

/** Loops named in the place of a message: the innermost ones. */
const NAMED_LOOPS = 12;

function compileParts(scope: Scope, loop: For): LoopParts {
  const min = compileIndex(scope, loop.min);
  const extent = compileIndex(scope, loop.extent);
  const place = placeIn(scope, loop.span);
  const atOnce = loop.loopKind !== "serial" && loop.loopKind !== "unrolled";
  const loops = [...scope.loops.slice(1 - NAMED_LOOPS), loop.loopVar];
  const inner = { ...scope, loops, forks: scope.forks + (atOnce ? 1 : 0) };
  const slot = bindVariable(inner, loop.loopVar);
  const bounds = (frame: Frame): readonly [number, number] => {
    const iterations = extent(frame);
    if (iterations < 0) throw new CompileError(negativeExtent(loop.loopVar.name, iterations, place(frame)));
    return [min(frame), iterations];
  };
  return { bounds, slot, inner };
}

/** A loop that runs to its end. Unrolled loops mean what serial ones do. */
export function compileLoop(scope: Scope, loop: For, compilers: Compilers): Action {
  const parts = compileParts(scope, loop);
  if (loop.loopKind === "parallel") return parallelLoop(loop, parts, compilers);
  if (loop.loopKind === "virtual") return drive(virtualLoop(loop, parts, compilers));
  if (loop.loopKind === "thread")
    return threadTag(loop).startsWith("block")
      ? blockLoop(loop, parts, compilers)
      : threadLoopAction(loop, parts, compilers);
  const { bounds, slot, inner } = parts;
  const body = compilers.action(inner, loop.body);
  if (loop.loopKind === "vectorized") return vectorizedLoop(loop, parts, body);
  return (frame) => {
    const [min, extent] = bounds(frame);
    for (let k = 0; k < extent; k++) {
      frame.values[slot] = min + k;
      step(frame.run, loop.span);
      body(frame);
    }
  };
}

/** A loop inside of threads, in steps. */
export function compileSteppedLoop(scope: Scope, loop: For, compilers: Compilers, leaves: boolean): SteppedAction {
  const parts = compileParts(scope, loop);
  const { bounds, slot, inner } = parts;
  if (loop.loopKind === "virtual") return virtualLoop(loop, parts, compilers);
  if (loop.loopKind === "parallel") return parallelSteps(loop, parts, compilers);
  if (loop.loopKind === "thread") return nestedThreadLoop(loop, parts, compilers);
  const body = compilers.steps(inner, loop.body, leaves);
  return function* (frame): Steps {
    const [min, extent] = bounds(frame);
    for (let k = 0; k < extent; k++) {
      frame.values[slot] = min + k;
      step(frame.run, loop.span);
      yield* body(frame);
    }
  };
}

/** Iterations in order; they become lanes, so that two that touch one element race. */
function vectorizedLoop(loop: For, { bounds, slot }: LoopParts, body: Action): Action {
  return (frame) => {
    const [min, extent] = bounds(frame);
    const context = new ForkContext(loop.loopVar.name, (agent) => `lane ${agent}`);
    for (let k = 0; k < extent; k++) {
      const lane = agentFrame(frame, { context, agent: min + k, queues: false });
      lane.values[slot] = min + k;
      step(frame.run, loop.span);
      body(lane);
    }
  };
}

/** Iterations in the order of the seed, each with its own queues; two that touch one element race. */
function parallelLoop(loop: For, { bounds, slot, inner }: LoopParts, compilers: Compilers): Action {
  const body = compilers.action(inner, loop.body);
  const queues = hasQueues(loop.body);
  return (frame) => {
    const [min, extent] = bounds(frame);
    const context = new ForkContext(loop.loopVar.name, (agent) => `iteration ${agent}`);
    for (const k of orderOf(frame.run, extent)) {
      const iteration = agentFrame(frame, { context, agent: min + k, queues });
      iteration.values[slot] = min + k;
      step(frame.run, loop.span);
      body(iteration);
      finishAgent(iteration, queues, loop.span);
    }
  };
}

function parallelSteps(loop: For, parts: LoopParts, compilers: Compilers): SteppedAction {
  if (hasBarrier(loop.body)) {
    const found = "a barrier in a parallel loop inside the threads";
    throw new CompileError(divergentBarrier(loop.loopVar.name, found, loop.span));
  }
  const action = parallelLoop(loop, parts, compilers);
  return function* (frame): Steps {
    action(frame);
    yield null;
  };
}

/**
 * Virtual threads: iterations take turns, one statement each, in ascending order, and hand to the same queues. A barrier is waited for
 * by all of them.
 */
function virtualLoop(loop: For, { bounds, slot, inner }: LoopParts, compilers: Compilers): SteppedAction {
  const body = compilers.steps(inner, loop.body, true);
  return function* (frame): Steps {
    const [min, extent] = bounds(frame);
    const context = new ForkContext(loop.loopVar.name, (agent) => `virtual thread ${agent}`);
    const threads = Array.from({ length: extent }, (_, k) => {
      step(frame.run, loop.span);
      const thread = agentFrame(frame, { context, agent: min + k, queues: false });
      thread.values[slot] = min + k;
      return body(thread);
    });
    for (const pause of lockStep(threads, loop, true)) {
      if (pause !== null) context.barrier(pause.scope);
      yield pause;
    }
  };
}

/** Runs steps outside of thread loops, where a barrier orders the threads of the block. */
function drive(steps: SteppedAction): Action {
  return (frame) => {
    for (const pause of steps(frame)) if (pause !== null) frame.group?.context.barrier(pause.scope);
  };
}

/** The blocks of a launch, one after the other in the order of the seed; two that touch one element race. */
function blockLoop(loop: For, { bounds, slot, inner }: LoopParts, compilers: Compilers): Action {
  const body = compilers.action(inner, loop.body);
  return (frame) => {
    const [min, extent] = bounds(frame);
    if (frame.thread !== null) {
      throw new CompileError(
        illTyped(
          "a loop over blocks inside a loop over threads",
          "blocks outside of threads",
          threadTag(loop),
          loop.span,
        ),
      );
    }
    const context = new ForkContext(loop.loopVar.name, (agent) => `${threadTag(loop)} ${agent}`);
    for (const k of orderOf(frame.run, extent)) {
      const block = agentFrame(frame, { context, agent: min + k, queues: false });
      const grouped = fork(block, { group: new ThreadGroup(block.forks) });
      grouped.values[slot] = min + k;
      step(frame.run, loop.span);
      body(grouped);
    }
  };
}

/** The outermost loop over threads of a block: all of them start here, and what follows comes after all of them. */
function threadLoopAction(loop: For, parts: LoopParts, compilers: Compilers): Action {
  const start = startThreads(loop, parts, compilers);
  return (frame) => {
    const group = frame.group ?? new ThreadGroup(frame.forks);
    for (const pause of start(frame, group)) if (pause !== null) group.context.barrier(pause.scope);
    // Threads of a further dimension are joined by their own thread alone: the others are still under way.
    if (frame.thread === null) group.context.barrier("global");
  };
}

/** Another dimension of the threads of a block, or a whole block inside a virtual thread. */
function nestedThreadLoop(loop: For, parts: LoopParts, compilers: Compilers): SteppedAction {
  const start = startThreads(loop, parts, compilers);
  return function* (frame): Steps {
    const { group } = frame;
    if (frame.thread !== null && group !== null) return yield* start(frame, group);
    const own = group ?? new ThreadGroup(frame.forks);
    for (const pause of start(frame, own)) if (pause !== null) own.context.barrier(pause.scope);
    yield null;
  };
}

function startThreads(
  loop: For,
  { bounds, slot, inner }: LoopParts,
  compilers: Compilers,
): (frame: Frame, group: ThreadGroup) => Steps {
  const body = compilers.steps(inner, loop.body, false);
  const queues = hasQueues(loop.body);
  const tag = threadTag(loop);
  function* runThread(thread: Frame): Steps {
    yield* body(thread);
    finishAgent(thread, queues, loop.span);
  }
  return function* (frame, group): Steps {
    const [min, extent] = bounds(frame);
    const threads = orderOf(frame.run, extent).map((k) => {
      step(frame.run, loop.span);
      const coordinates = new Map(frame.thread ?? []).set(tag, min + k);
      const outer = fork(frame, { tracks: frame.tracks.filter((track) => track.watcher !== group.context) });
      const thread = agentFrame(outer, { context: group.context, agent: group.agentAt(coordinates), queues });
      thread.values[slot] = min + k;
      return runThread(fork(thread, { group, thread: coordinates }));
    });
    yield* lockStep(threads, loop, false);
  };
}

function threadTag(loop: For): string {
  if (loop.thread === null) {
    throw new CompileError(
      illTyped(`thread loop \`${loop.loopVar.name}\` has no tag`, "a thread tag", "null", loop.span),
    );
  }
  return loop.thread;
}
