import {
  build as b,
  type Buffer,
  buffer,
  constant,
  CONTRACT,
  type Expr,
  type PrimFunc,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";

export interface GemmOptions {
  readonly tiles: number;
  readonly panels: number;
  readonly depth: number;
  readonly kc: number;
  readonly rowBlocks: number;
  readonly rows: number;
  readonly columns: number;
  readonly lanes: number;
  readonly parallel?: boolean;
}

const scale = (expr: Expr, factor: number): Expr => b.mul(expr, b.int(factor));
const sum = (...exprs: readonly Expr[]): Expr => exprs.reduce((left, right) => b.add(left, right));

/** Device-level loop IR of a packed GEMM: `c += a · b`, a in tiles of `rows`, b in panels of `columns`, c row-major and padded. */
export function packedGemm(name: string, options: GemmOptions): PrimFunc {
  const { tiles, panels, depth, kc, rowBlocks, rows, columns, lanes } = options;
  const n = panels * columns;
  const a = buffer("a", { dtype: "float32", shape: [tiles * rows * depth] });
  const bp = buffer("b", { dtype: "float32", shape: [n * depth] });
  const c = buffer("c", { dtype: "float32", shape: [tiles * rows * n] });
  const [kb, mb, jr, ir] = ["kb", "mb", "jr", "ir"].map((each) => variable(each)) as [Var, Var, Var, Var];
  const tilesPerBlock = tiles / rowBlocks;
  const tile = b.add(scale(mb, tilesPerBlock), ir);
  const micro = microKernel(a, bp, c, { tile, panel: jr, kb, depth, kc, rows, columns, lanes, n });
  const loops: readonly [Var, number][] = [
    [ir, tilesPerBlock],
    [jr, panels],
    [mb, rowBlocks],
    [kb, depth / kc],
  ];
  const body = loops.reduce<Stmt>((inner, [loopVar, extent]) => b.loop(loopVar, b.int(0), b.int(extent), inner), micro);
  return {
    kind: "PrimFunc",
    span: b.span,
    name,
    role: "kernel",
    parameters: [a, bp, c],
    mayAlias: [],
    body,
    attributes: { "tilewright.operator": "MatMul" },
  };
}

interface MicroOptions {
  readonly tile: Expr;
  readonly panel: Expr;
  readonly kb: Expr;
  readonly depth: number;
  readonly kc: number;
  readonly rows: number;
  readonly columns: number;
  readonly lanes: number;
  readonly n: number;
}

function microKernel(a: Buffer, bp: Buffer, c: Buffer, o: MicroOptions): Stmt {
  const vectors = o.columns / o.lanes;
  const accumulators = Array.from({ length: o.rows * vectors }, (_, at) =>
    variable(`acc_${Math.floor(at / vectors)}_${at % vectors}`, "float32", o.lanes),
  );
  const aBase = variable("a_base");
  const bBase = variable("b_base");
  const cBase = variable("c_base");
  const k = variable("k");
  const contiguous = (base: Expr): Expr => b.ramp(base, b.int(1), o.lanes);
  const at = (row: number, vector: number): Expr => contiguous(sum(cBase, b.int(row * o.n + vector * o.lanes)));
  const columns = Array.from({ length: vectors }, (_, vector) => variable(`b_${vector}`, "float32", o.lanes));
  const fast = CONTRACT;
  const steps = accumulators.map((acc, position) => {
    const row = Math.floor(position / vectors);
    const left = b.broadcast(b.load(a, [sum(aBase, scale(k, o.rows), b.int(row))]), o.lanes);
    return b.assign(acc, b.binary("add", b.binary("mul", left, columns[position % vectors] as Var, fast), acc, fast));
  });
  const step = columns.reduceRight<Stmt>(
    (body, column, vector) =>
      b.let(column, b.load(bp, [contiguous(sum(bBase, scale(k, o.columns), b.int(vector * o.lanes)))]), body),
    b.seq(...steps),
  );
  const zero = b.broadcast(constant(0, "float32"), o.lanes);
  const stores = accumulators.map((acc, position) => {
    const index = at(Math.floor(position / vectors), position % vectors);
    return b.store(c, [index], b.add(b.load(c, [index]), acc));
  });
  const inner = b.seq(b.loop(k, b.int(0), b.int(o.kc), step), ...stores);
  const tiled = accumulators.reduceRight<Stmt>((body, acc) => b.register(acc, zero, body), inner);
  const bases: readonly [Var, Expr][] = [
    [aBase, b.add(scale(o.tile, o.depth * o.rows), scale(o.kb, o.kc * o.rows))],
    [bBase, b.add(scale(o.panel, o.depth * o.columns), scale(o.kb, o.kc * o.columns))],
    [cBase, b.add(scale(o.tile, o.rows * o.n), scale(o.panel, o.columns))],
  ];
  return bases.reduceRight<Stmt>((body, [bound, value]) => b.let(bound, value, body), tiled);
}
