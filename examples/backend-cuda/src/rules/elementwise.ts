import { type Capabilities, lanesOf, type ScheduleRule } from "@tilewright/backend";
import { bitsOf, type IterVar } from "@tilewright/ir";
import { axesOf, bind, createSchedule, fuse, type Schedule, split, traceOf, vectorize } from "@tilewright/schedule";
import { elementsOf, extentOf, inlineCheap, isPointwise, type Stage, stagesOf } from "./stages.js";

/** Rule: a group that folds nothing. Each tensor that stays is a launch with a thread for every element, or for every four where that divides. */
export const elementwiseRule: ScheduleRule = {
  name: "cuda-elementwise",
  match(outputs, capabilities) {
    const stages = stagesOf(outputs);
    if (stages === null || capabilities.launch === null || stages.some(({ reduce }) => reduce !== null)) return null;
    return {
      knobs: [{ name: "threads", candidates: [256, 128, 512, 64] }],
      apply: ({ threads = 256 }) => {
        const schedule = createSchedule(outputs);
        for (const stage of inlineCheap(schedule, stages))
          threadForElements(schedule, stage, vectorLanes(stage, capabilities), threads);
        return traceOf(schedule);
      },
    };
  },
};

/** Lanes of the widest vector of a stage's elements. */
export const vectorLanes = ({ tensor }: Stage, capabilities: Capabilities): number =>
  lanesOf(capabilities, bitsOf(tensor.dtype) / 8);

/**
 * The loops of a stage over its elements as blocks of threads. Vectors of `lanes` neighbours stay in one row, or, where everything is read as it is
 * written, may run on into the next. Returns the loop over the threads of a block.
 */
export function threadForElements(schedule: Schedule, stage: Stage, lanes: number, threads: number): IterVar | null {
  const { tensor } = stage;
  const fuseAll = (axes: readonly IterVar[]): IterVar =>
    axes.reduce((outer, inner) => fuse(schedule, tensor, outer, inner));
  const axes = axesOf(schedule, tensor).filter(({ iterKind }) => iterKind === "data");
  const innermost = axes.at(-1);
  if (innermost === undefined) return null; // one element: one thread
  const runsOn = isPointwise(stage);
  const divides = (runsOn ? elementsOf(tensor) : extentOf(innermost)) % lanes === 0;
  let elements = runsOn ? fuseAll(axes) : innermost;
  if (lanes > 1 && divides) {
    const [vectors, lane] = split(schedule, tensor, elements, { factor: lanes });
    vectorize(schedule, tensor, lane);
    elements = vectors;
  }
  if (!runsOn) elements = fuseAll([...axes.slice(0, -1), elements]);
  const [block, thread] = split(schedule, tensor, elements, { factor: threads });
  bind(schedule, tensor, block, "blockIdx.x");
  bind(schedule, tensor, thread, "threadIdx.x");
  return thread;
}
