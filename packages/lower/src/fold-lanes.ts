// Rule: a loop that folds the elements of a local buffer, which is written in vectors, folds the vectors in pairs, then halves of the last one:
//   for k in 0..8 { S[i] = S[i] + P[k] }   →   h = P[0..4] + P[4..8];  q = h[0..2] + h[2..4];  S[i] = S[i] + (q[0] + q[1])
// Requires that the fold may be regrouped. Fewer steps wait for each other, and the buffer can become registers.
import {
  type Allocate, type Binary, type Buffer, build, type Expr, type For, int, isFloat, REASSOCIATE, rewrite, type Stmt, type Store, structuralEqual,
  type Var, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { accessesIn, constantSpanOf } from "./access-sites.js";
import { mentions } from "./guards.js";
import { constantOf } from "./index-arithmetic.js";
import { pickLanes } from "./legalize-vectors.js";
import { someExpr } from "./operands.js";
import { bodyPass } from "./pass.js";

export const foldLanes = bodyPass({
  name: "fold-lanes",
  requires: "flat",
  establishes: "flat",
  run: (body) => rewrite(body, { Allocate: foldsOf }),
});

/** Elements that become one expression, at most. */
const MAX_ELEMENTS = 512;
const FOLDS: ReadonlySet<string> = new Set(["add", "mul", "min", "max"]);

function foldsOf(allocate: Allocate): Stmt | undefined {
  const { buffer } = allocate;
  if (buffer.scope !== "local") return undefined;
  const lanes = lanesOfStores(accessesIn(allocate.body).get(buffer)?.stores ?? []);
  if (lanes === undefined) return undefined;
  const body = rewrite<Stmt>(allocate.body, { For: (loop) => treeOf(loop, buffer, lanes) });
  return body === allocate.body ? undefined : { ...allocate, body };
}

/** The lanes of the vectors, all alike and side by side, that stores write; undefined for others. */
function lanesOfStores(stores: readonly Store[]): number | undefined {
  const lanes = stores[0]?.value.lanes ?? 1;
  const alike = stores.every(({ indices }) => {
    const span = constantSpanOf(indices);
    return span?.lanes === lanes && span.first % lanes === 0;
  });
  return alike && lanes > 1 && (lanes & (lanes - 1)) === 0 ? lanes : undefined;
}

function treeOf(loop: For, from: Buffer, lanes: number): Stmt | undefined {
  const { loopVar, loopKind, body } = loop;
  const elements = constantOf(loop.extent) ?? 0;
  if (loopKind !== "serial" || constantOf(loop.min) !== 0 || elements > MAX_ELEMENTS) return undefined;
  if (elements < lanes || elements % lanes !== 0 || body.kind !== "Store" || body.buffer === from) return undefined;
  const fold = foldIn(body, from, loopVar);
  if (fold === undefined) return undefined;
  const place = (part: number): Expr => build.ramp(int(part * lanes), int(1), lanes);
  const vectors = Array.from({ length: elements / lanes }, (_, part) => build.load(from, [place(part)]));
  const halves: { readonly held: Var; readonly value: Expr }[] = [];
  let value = inPairs(vectors, fold);
  for (let width = lanes / 2; width >= 1; width /= 2) {
    const held = variable("halves", value.dtype, value.lanes, loop.span);
    halves.push({ held, value });
    value = again(fold, pickLanes(held, 0, width), pickLanes(held, width, width));
  }
  const store: Stmt = { ...body, value: { ...fold, right: value } };
  return halves.reduceRight<Stmt>((rest, each) => build.let(each.held, each.value, rest), store);
}

/** `S op P[k]` of `S = S op P[k]`, where the order of the elements is free. */
function foldIn({ buffer, indices, value, predicate }: Store, from: Buffer, at: Var): Binary | undefined {
  if (predicate !== null || value.kind !== "Binary" || value.lanes > 1 || !FOLDS.has(value.op)) return undefined;
  if (isFloat(value.dtype) && (value.fast & REASSOCIATE) === 0) return undefined;
  const { left, right } = value;
  const isElement = right.kind === "Load" && right.buffer === from && right.indices[0] === at;
  const isKept = left.kind === "Load" && left.buffer === buffer && structuralEqual(left.indices, indices);
  const isFixed = indices.every((index) => !mentions(index, new Set([at])) && !someExpr(index, isRead));
  return isElement && isKept && isFixed && right.predicate === null && left.predicate === null ? value : undefined;
}

const isRead = ({ kind }: Expr): boolean => kind === "Load" || kind === "Call";

const again = (fold: Binary, left: Expr, right: Expr): Expr => ({ ...fold, lanes: left.lanes, left, right });

function inPairs(values: readonly Expr[], fold: Binary): Expr {
  if (values.length === 1) return values[0] as Expr;
  const middle = Math.ceil(values.length / 2);
  return again(fold, inPairs(values.slice(0, middle), fold), inPairs(values.slice(middle), fold));
}
