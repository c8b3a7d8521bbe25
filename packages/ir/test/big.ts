import { build as b, buffer, type Expr, int, type Stmt, variable } from "@tilewright/ir";

/** About 20,000 nodes: a 3×3 convolution, unrolled over 64 output channels and two columns. */
export function unrolledConvolution(): Stmt {
  const [X, W, Y] = ["X", "W", "Y"].map((name) => buffer(name, { dtype: "float32", shape: [64, 64] })) as [
    Buf,
    Buf,
    Buf,
  ];
  const [y, x] = [variable("y"), variable("x")];
  const stmts: Stmt[] = [];
  for (let channel = 0; channel < 64; channel++) {
    for (let column = 0; column < 2; column++) {
      let sum: Expr = b.load(Y, [y, x]);
      for (let tap = 0; tap < 9; tap++) {
        const row = b.add(y, int(Math.floor(tap / 3)));
        const place = b.add(b.add(x, int(tap % 3)), b.add(int(column), int(0)));
        sum = b.add(sum, b.mul(b.load(X, [row, place]), b.load(W, [int(channel), int(tap)])));
      }
      stmts.push(b.store(Y, [b.add(y, int(channel)), b.add(x, int(column))], sum));
    }
  }
  return b.loop(y, int(0), int(62), b.loop(x, int(0), int(62), b.seq(...stmts)));
}
type Buf = ReturnType<typeof buffer>;

/** `0 + (1 + (2 + …))`. */
export function deepChain(depth: number): Expr {
  let expr: Expr = variable("i");
  for (let level = 0; level < depth; level++) expr = b.add(int(level), expr);
  return expr;
}

/** Loops in loops. */
export function deepNest(depth: number): Stmt {
  let stmt: Stmt = b.seq();
  for (let level = 0; level < depth; level++) stmt = b.loop(variable("i"), int(0), int(2), stmt);
  return stmt;
}

/** `x2 = x * x; x4 = x2 * x2; …`: 2^levels nodes when written out. */
export function doubled(levels: number): Expr {
  let expr: Expr = variable("x");
  for (let level = 0; level < levels; level++) expr = b.mul(expr, expr);
  return expr;
}
