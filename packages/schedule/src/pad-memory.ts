import { roundTo, simplify } from "@tilewright/arith";
import {
  at,
  type Const,
  constant,
  type DType,
  int,
  isConst,
  isFloat,
  type Stmt,
  sequence,
  variable,
} from "@tilewright/ir";
import type { Domain } from "./domain.js";
import type { Storage } from "./emit-stage.js";

/**
 * The nest that fills the memory of a stage with its padding value before it is computed; null when the stage has none, or stores to every
 * element of its memory.
 */
export function paddingNest(domain: Domain, storages: readonly Storage[]): Stmt | null {
  const { padValue, operation } = domain.stage;
  if (padValue === null || !storages.some((storage) => hasHoles(domain, storage))) return null;
  return sequence(
    storages.map(({ buffer }) => {
      const loops = buffer.shape.map((extent, dimension) => ({ extent, loopVar: variable(`m${dimension}`) }));
      const b = at(operation.span);
      const indices = loops.map(({ loopVar }) => loopVar);
      const store: Stmt = b.store(buffer, indices, paddingOf(padValue, buffer.dtype));
      return loops.reduceRight<Stmt>((body, { extent, loopVar }) => b.loop(loopVar, int(0), extent, body), store);
    }),
    operation.span,
  );
}

function paddingOf(value: number, dtype: DType): Const {
  return constant(isFloat(dtype) ? roundTo(value, dtype) : value, dtype);
}

/** Whether some elements of the memory may have no value: those of no index, and those that guards and predicates leave out. */
function hasHoles({ stage, regions, confined }: Domain, { buffer }: Storage): boolean {
  const product = (extents: readonly number[]): number => extents.reduce((all, extent) => all * extent, 1);
  const memory = product(buffer.shape.map((extent) => Number((extent as Const).value)));
  const computed = product(stage.axes.map((axis) => regions.get(axis)?.extent ?? 1));
  if (memory !== computed || stage.predicate !== null) return true;
  if (!confined) return false;
  return stage.axes.some((axis) => {
    const { min, extent } = regions.get(axis) ?? { min: int(0), extent: 1 };
    const first = simplify(min);
    if (!isConst(first)) return true;
    const [begin, end] = [Number((axis.min as Const).value), Number((axis.extent as Const).value)];
    return Number(first.value) < begin || Number(first.value) + extent > begin + end;
  });
}
