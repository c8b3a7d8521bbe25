import { boundsOf, simplify } from "@tilewright/arith";
import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer, buffer, build, bytesOf, type Expr, type For, freeVariables, int, type PrimFunc, rewrite, type Stmt, structuralHash, substitute,
  type Var, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { type Schedule, type TensorIntrinsic, toPrimFunc } from "@tilewright/schedule";

/**
 * An intrinsic that is the nest of a stage from the loop named `axis` inwards, as it stands now: each buffer, from where the nest begins to
 * read or write it, is a parameter. `swapped`: its two outermost loops trade places. Null where the nest is no such thing.
 */
export function intrinsicOfNest(
  schedule: Schedule,
  stage: string,
  axis: string,
  swapped: boolean,
): TensorIntrinsic | null {
  const nest = nestOf(toPrimFunc(schedule), stage, axis);
  if (nest === null) return null;
  const outer = [...freeVariables(nest)];
  const ranges = new Map<Var, { min: number; max: number }>();
  visit(nest, {
    For: ({ loopVar, extent }) => void ranges.set(loopVar, { min: 0, max: boundsOf(extent, new Map()).max - 1 }),
  });
  const inner = new Map([...ranges.keys()].map((loop) => [loop, int(0)] as const));
  const parameters = new Map<string, Access[]>();
  const access = <N extends { readonly buffer: Buffer; readonly indices: readonly Expr[] }>(node: N): N => {
    const starts = node.indices.map((index) => simplify(substitute(index, inner), { ranges }));
    const own = node.indices.map((index, d) => simplify(build.sub(index, starts[d] as Expr), { ranges }));
    const key = `${node.buffer.name} ${node.buffer.shape.length}`;
    const all = parameters.get(key) ?? [];
    parameters.set(key, all);
    const known = all.find((other) => other.starts.every((start, d) => isSame(start, starts[d] as Expr)));
    const found = known ?? {
      starts,
      to: parameterLike(node.buffer, `${node.buffer.name.replace(/\W/g, "_")}_${all.length}`),
      reach: own.map(() => 0),
    };
    if (known === undefined) all.push(found);
    own.forEach((index, d) => {
      found.reach[d] = Math.max(found.reach[d] ?? 0, boundsOf(index, ranges).max);
    });
    return { ...node, buffer: found.to, indices: own };
  };
  const body = rewrite(swapped ? withSwappedLoops(nest) : nest, { Load: access, Store: access });
  const left = [...freeVariables(body)];
  if (left.length > 0 && outer.length > 0) return null;
  return named(body, [...parameters.values()].flat());
}

interface Access {
  readonly starts: readonly Expr[];
  readonly to: Buffer;
  readonly reach: number[];
}

function isSame(a: Expr, b: Expr): boolean {
  const difference = simplify(build.sub(a, b));
  return difference.kind === "Const" && Number(difference.value) === 0;
}

function parameterLike({ dtype, shape }: Buffer, name: string): Buffer {
  return buffer(name, { dtype, shape, alignment: bytesOf(dtype) });
}

/** The loop that computes the stage: the last one of that name around a store of it. */
function nestOf({ body }: PrimFunc, stage: string, axis: string): For | null {
  let found: For | null = null;
  visit(body, {
    For: (loop) => {
      if (loop.loopVar.name !== axis) return;
      visit(loop.body, {
        Store: ({ buffer: memory }) => {
          if (memory.name === stage) found = loop;
        },
      });
    },
  });
  return found;
}

function withSwappedLoops(nest: For): Stmt {
  return nest.body.kind === "For" ? { ...nest.body, body: { ...nest, body: nest.body.body } } : nest;
}

/** The function, its parameters as large as what is reached, named after what it does. */
function named(body: Stmt, accesses: readonly Access[]): TensorIntrinsic {
  const sized = new Map(accesses.map(({ to, reach }) => [to, { ...to, shape: reach.map((last) => int(last + 1)) }]));
  const swap = <N extends { readonly buffer: Buffer }>(node: N): N => ({
    ...node,
    buffer: sized.get(node.buffer) ?? node.buffer,
  });
  const semantics: PrimFunc = {
    kind: "PrimFunc", span: NO_SPAN, name: "nest", role: "kernel", parameters: [...sized.values()], mayAlias: [],
    body: rewrite(body, { Load: swap, Store: swap }), attributes: {},
  }; // biome-ignore format: one glance
  return { name: `nest_${String(structuralHash(semantics)).replace(/\W/g, "_")}`, semantics };
}
