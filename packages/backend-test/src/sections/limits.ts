import { buffer, build, bytesOf, type DType, type PrimFunc, type Scope } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { mapFunction } from "../operator-trials.js";
import { combine, forEach, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { allocating, mustRefuse, threads } from "./refusals.js";

/** What exceeds the numbers in the capabilities is refused. */
export function limitTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "limits");
  const { memory, vector, launch } = subject.capabilities;
  const dtype = plainType(subject);
  const limited = Object.entries(memory).flatMap(([scope, limit]) =>
    limit === undefined || limit.maxBytes === null ? [] : [[scope as Scope, limit.maxBytes] as const],
  );
  const refuse = async (what: string, ...functions: readonly PrimFunc[]): Promise<void> =>
    mustRefuse(subject, what, functions);
  const tooLong = Math.floor((vector?.bytes ?? 0) / bytesOf(dtype)) * 2;
  return [
    ...limited.map(([scope, most]) =>
      proves(`refuses more than ${most} bytes of ${scope} memory`, [feature("memory", scope)], async () => {
        const half = Math.ceil(most / bytesOf(dtype) / 2) + 1;
        await refuse(`${2 * half} elements at once`, allocating(scope, dtype, 2 * half));
        await refuse(`twice ${half} elements at once`, twice(scope, dtype, half));
      }),
    ),
    ...(vector === null
      ? []
      : [
          proves(`refuses vectors of more than ${vector.bytes} bytes`, [feature("vector", "lanes")], () =>
            refuse(`${tooLong} lanes`, mapFunction("f", dtype, dtype, tooLong * 2, combine, Math.max(2, tooLong))),
          ),
        ]),
    ...(launch === null
      ? []
      : [
          proves(
            "refuses launches of more threads and blocks than it declares",
            [feature("loop", "thread")],
            async () => {
              const [mostX, mostY] = launch.maxThreads;
              await refuse("a block that is too long", threads(dtype, [1, 1], [mostX + 1, 1]));
              await refuse("a block that is too high", threads(dtype, [1, 1], [1, mostY + 1]));
              const rows = Math.min(mostY, launch.maxThreadsPerBlock);
              const columns = Math.floor(launch.maxThreadsPerBlock / rows) + 1;
              if (columns <= mostX)
                await refuse("a block of too many threads", threads(dtype, [1, 1], [columns, rows]));
              await refuse("too many blocks", threads(dtype, [1, launch.maxBlocks[1] + 1], [1, 1]));
            },
          ),
        ]),
  ];
}

/** Two allocations that are alive together. */
function twice(scope: Scope, dtype: DType, count: number): PrimFunc {
  const inner = allocating(scope, dtype, count);
  const outer = buffer("outer", { dtype, shape: [count], scope });
  const fill = forEach("i", 4, (i) => build.store(outer, [i], build.const(1, dtype)));
  return kernelOf("f", inner.parameters, build.allocate(outer, build.seq(fill, inner.body)));
}
