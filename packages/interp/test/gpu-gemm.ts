// A matrix product as people write it for GPUs: C[M][N] = A[M][K] · B[K][N] with tiles in shared memory, in loop IR.
import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  build as b,
  buffer,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  type ThreadTag,
  type Var,
  variable,
} from "@tilewright/ir";

const [M, N, K, TILE] = [20, 13, 18, 4];

const plus = (x: Expr, y: Expr): Expr => b.add(x, y);
const times = (x: Expr, factor: number): Expr => b.mul(x, int(factor));
const less = (x: Expr, bound: number): Expr => b.binary("lt", x, int(bound));
const barrier = (scope: "shared" | "global" = "shared"): Stmt => ({ kind: "Barrier", span: NO_SPAN, scope });
const bound = (loopVar: Var, extent: number, thread: ThreadTag, body: Stmt): Stmt => ({
  ...b.loop(loopVar, int(0), int(extent), body, "thread"),
  thread,
});

/** `barriers` of the two in each step are kept; `divergent` puts the first under a condition that differs between threads. */
export interface Variant {
  readonly barriers?: readonly [boolean, boolean];
  readonly divergent?: boolean;
}

/** Tiles in shared memory, an accumulator in a register of each thread, and guarded edges. */
export function gpuGemm({ barriers = [true, true], divergent = false }: Variant = {}): PrimFunc {
  const f32 = { dtype: "float32" } as const;
  const [A, B, C] = [
    buffer("A", { ...f32, shape: [M, K] }),
    buffer("B", { ...f32, shape: [K, N] }),
    buffer("C", { ...f32, shape: [M, N] }),
  ];
  const tile = (name: string): Buffer => buffer(name, { ...f32, shape: [TILE, TILE], scope: "shared" });
  const [As, Bs] = [tile("As"), tile("Bs")];
  const [by, bx, ty, tx, kt, kk] = ["by", "bx", "ty", "tx", "kt", "kk"].map((name) => variable(name)) as [
    Var,
    Var,
    Var,
    Var,
    Var,
    Var,
  ];
  const sum = variable("sum", "float32");
  const [row, column] = [plus(times(by, TILE), ty), plus(times(bx, TILE), tx)];
  const fill = (to: Buffer, from: Buffer, y: Expr, x: Expr, rows: number, columns: number): Stmt => {
    const inside = b.binary("and", less(y, rows), less(x, columns));
    return b.store(to, [ty, tx], b.ifThenElse(inside, b.load(from, [y, x]), b.const(0, "float32")));
  };
  const product = b.mul(b.load(As, [ty, kk]), b.load(Bs, [kk, tx]));
  const first = divergent ? b.when(less(tx, TILE - 1), barrier(), "branch", barrier()) : barrier();
  const step = b.seq(
    fill(As, A, row, plus(times(kt, TILE), tx), M, K),
    fill(Bs, B, plus(times(kt, TILE), ty), column, K, N),
    ...(barriers[0] ? [first] : []),
    b.loop(kk, int(0), int(TILE), b.assign(sum, plus(sum, product))),
    ...(barriers[1] ? [barrier()] : []),
  );
  const store = b.when(b.binary("and", less(row, M), less(column, N)), b.store(C, [row, column], sum), "guard");
  const thread = b.register(
    sum,
    b.const(0, "float32"),
    b.seq(b.loop(kt, int(0), int(Math.ceil(K / TILE)), step), store),
  );
  const threads = bound(ty, TILE, "threadIdx.y", bound(tx, TILE, "threadIdx.x", thread));
  const block = b.allocate(As, b.allocate(Bs, threads));
  const body = bound(by, Math.ceil(M / TILE), "blockIdx.y", bound(bx, Math.ceil(N / TILE), "blockIdx.x", block));
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name: "gemm",
    role: "kernel",
    parameters: [A, B, C],
    mayAlias: [],
    body,
    attributes: {},
  };
}

export const newMemory = () => ({
  A: Float32Array.from({ length: M * K }, (_, e) => ((e * 7) % 11) - 5),
  B: Float32Array.from({ length: K * N }, (_, e) => ((e * 5) % 9) - 4),
  C: new Float32Array(M * N),
});

export function expected(): Float32Array {
  const { A, B } = newMemory();
  return Float32Array.from({ length: M * N }, (_, e) => {
    let sum = 0;
    for (let k = 0; k < K; k++) sum += (A[Math.floor(e / N) * K + k] ?? 0) * (B[k * N + (e % N)] ?? 0);
    return sum;
  });
}
