import type { Scope } from "@tilewright/ir";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, TensorLike } from "./schedule.js";
import { checkOwnsMemory, checkScope } from "./scope.js";

/**
 *     allocate B: float32[n] @global   →   allocate B: float32[n] @local
 *
 * Memory of `scope` holds an intermediate stage; where it is computed stays. Threads share memory as scopes say: `global` all of them,
 * `shared` those of a block, `warp` those of a warp, `local` none. (TVM: set_scope; Halide: store_in; Exo: set_memory.)
 *
 * @throws CompileError SCH103 · SCH110 the memory is the caller's, an extern operation's or a recurrence's · SCH122 no such scope, or threads
 *   around the stage would share the memory
 */
export function setScope(schedule: Schedule, tensor: TensorLike, scope: Scope): void {
  primitive(schedule, setScope, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkScope(stage, scope, span);
    checkOwnsMemory(schedule, stage, "setScope", span);
    stage.scope = scope;
    record(schedule, "setScope", stage, { scope });
  });
}
