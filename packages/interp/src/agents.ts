import type { Span } from "@tilewright/diagnostics";
import { type Frame, fork } from "./frame.js";
import { HOST, QueueSystem } from "./queues.js";
import type { ForkContext } from "./races.js";

export interface AgentOptions {
  readonly context: ForkContext;
  readonly agent: number;
  /** It hands work to queues, which are its own. */
  readonly queues: boolean;
}

/** A copy of a frame that runs as one agent of a fork. */
export function agentFrame(frame: Frame, { context, agent, queues }: AgentOptions): Frame {
  const forks = frame.forks.includes(context) ? frame.forks : [...frame.forks, context];
  const tracks = frame.run.detectRaces ? [...frame.tracks, { watcher: context, agent }] : frame.tracks;
  const branch = fork(frame, { forks, tracks });
  return queues ? withQueues(branch) : branch;
}

/** The frame with queues of its own. */
export function withQueues(frame: Frame): Frame {
  const queues = new QueueSystem(frame.run);
  const tracks = frame.run.detectRaces ? [...frame.tracks, { watcher: queues, agent: HOST }] : frame.tracks;
  return { ...frame, queues, tracks };
}

/** The end of an agent: its queues run out. */
export function finishAgent(frame: Frame, hasQueues: boolean, span: Span): void {
  if (hasQueues) frame.queues?.finish(span);
}
