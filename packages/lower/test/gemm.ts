// The scheduled form of a tiled matrix product, written by hand: what `schedule` makes of the default GEMM rule.

import { type Capabilities, toCapabilities } from "@tilewright/backend";
import { NO_SPAN } from "@tilewright/diagnostics";
import {
  build as b,
  buffer,
  CONTRACT,
  constant,
  type Expr,
  type IRModule,
  int,
  REASSOCIATE,
  type Stmt,
  variable,
} from "@tilewright/ir";

export const SIMD128 = toCapabilities({
  dtypes: { float32: "stable", float64: "stable", int32: "stable", int64: "stable", bool: "stable", int8: "stable" },
  loopKinds: { parallel: "stable" },
  memory: { global: { maxBytes: null }, local: { maxBytes: null } },
  vector: { bytes: 16, registers: 16, predicated: false },
  threads: 2,
  caches: [{ bytes: 32768, lineBytes: 64, perThread: true }],
  hostCode: true,
});

export const SCALAR: Capabilities = { ...SIMD128, vector: null, threads: 1, loopKinds: { serial: "stable" } };

export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

const MR = 4;
const NR = 8;
const add: typeof b.add = (left, right) => b.add(left, right);
const times = (expr: Expr, factor: number): Expr => b.mul(expr, int(factor));
const below = (expr: Expr, limit: number): Expr => b.binary("lt", expr, int(limit));

/**
 * `D[m, n] = max(Σ A[m, k] · B[k, n] + bias[n], 0)` in float32: B packed into panels of 8 columns, A into panels of 4 rows, a tile of
 * 4 × 8 in local memory, k outermost in the tile, stores guarded where the tile does not divide.
 */
export function scheduledGemm({ m, n, k }: GemmShape): IRModule {
  const dtype = "float32";
  const A = buffer("A", { dtype, shape: [m, k] });
  const B = buffer("B", { dtype, shape: [k, n] });
  const bias = buffer("bias", { dtype, shape: [n] });
  const D = buffer("D", { dtype, shape: [m, n] });
  const rowPanels = Math.ceil(m / MR);
  const columnPanels = Math.ceil(n / NR);
  const packedA = buffer("packedA", { dtype, shape: [rowPanels, k, MR] });
  const packedB = buffer("packedB", { dtype, shape: [columnPanels, k, NR] });
  const tile = buffer("tile", { dtype, shape: [MR, NR], scope: "local" });
  const zero = constant(0, dtype);
  const guard = (conditions: readonly (Expr | false)[], body: Stmt): Stmt => {
    const real = conditions.filter((condition) => condition !== false);
    return real.length === 0
      ? body
      : b.when(
          real.reduce((all, next) => b.binary("and", all, next)),
          body,
          "guard",
        );
  };
  const packB = () => {
    const [jp, kk, jj] = [variable("jp"), variable("kk"), variable("jj")];
    const column = add(times(jp, NR), jj);
    const copy = guard([n % NR !== 0 && below(column, n)], b.store(packedB, [jp, kk, jj], b.load(B, [kk, column])));
    return b.loop(
      jp,
      int(0),
      int(columnPanels),
      b.loop(kk, int(0), int(k), b.loop(jj, int(0), int(NR), copy, "vectorized")),
      "parallel",
    );
  };
  const packA = () => {
    const [ip, kk, ii] = [variable("ip"), variable("kk"), variable("ii")];
    const row = add(times(ip, MR), ii);
    const copy = guard([m % MR !== 0 && below(row, m)], b.store(packedA, [ip, kk, ii], b.load(A, [row, kk])));
    return b.loop(
      ip,
      int(0),
      int(rowPanels),
      b.loop(ii, int(0), int(MR), b.loop(kk, int(0), int(k), copy)),
      "parallel",
    );
  };
  const micro = () => {
    const [ir, jr] = [variable("ir"), variable("jr")];
    const nest = (make: (i: Expr, j: Expr) => Stmt): Stmt => {
      const [i, j] = [variable("i"), variable("j")];
      return b.loop(i, int(0), int(MR), b.loop(j, int(0), int(NR), make(i, j), "vectorized"), "unrolled");
    };
    const kk = variable("k");
    const fast = CONTRACT | REASSOCIATE;
    const product = (i: Expr, j: Expr): Expr =>
      b.binary("mul", b.load(packedA, [ir, kk, i]), b.load(packedB, [jr, kk, j]), fast);
    const init = nest((i, j) => b.store(tile, [i, j], zero));
    const update = b.loop(
      kk,
      int(0),
      int(k),
      nest((i, j) => b.store(tile, [i, j], b.binary("add", b.load(tile, [i, j]), product(i, j), fast))),
    );
    const write = nest((i, j) => {
      const [row, column] = [add(times(ir, MR), i), add(times(jr, NR), j)];
      const value = b.binary("max", b.add(b.load(tile, [i, j]), b.load(bias, [column])), zero);
      return guard([m % MR !== 0 && below(row, m), n % NR !== 0 && below(column, n)], b.store(D, [row, column], value));
    });
    const body = b.allocate(tile, b.seq(init, update, write));
    return b.loop(ir, int(0), int(rowPanels), b.loop(jr, int(0), int(columnPanels), body), "parallel");
  };
  const body = b.allocate(packedB, b.seq(packB(), b.allocate(packedA, b.seq(packA(), micro()))));
  const func = {
    kind: "PrimFunc" as const,
    span: NO_SPAN,
    name: "gemm",
    role: "kernel" as const,
    parameters: [A, B, bias, D],
    mayAlias: [],
    body,
    attributes: {},
  };
  return { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
}
