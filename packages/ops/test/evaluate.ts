import { type Expr, isConst, type Reduce, type Tensor, type Var } from "@tilewright/ir";

type Env = Map<Var, number>;
const dims = (t: Tensor) => t.shape.map((e) => (isConst(e) ? Number(e.value) : Number.NaN));

function erf(x: number): number {
  let sum = x;
  let term = x;
  for (let n = 1; n < 200; n++) {
    term *= -(x * x) / n;
    sum += term / (2 * n + 1);
  }
  return Math.abs(x) > 4 ? Math.sign(x) : (2 / Math.sqrt(Math.PI)) * sum;
}

const UN: Record<string, (x: number) => number> = {
  neg: (x) => -x, not: (x) => Number(!x), abs: Math.abs, sqrt: Math.sqrt, exp: Math.exp, log: Math.log, tanh: Math.tanh, erf, sigmoid: (x) => 1 / (1 + Math.exp(-x)), floor: Math.floor,
};
const BIN: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b, pow: (a, b) => a ** b,
  floordiv: (a, b) => Math.floor(a / b), floormod: (a, b) => a - b * Math.floor(a / b), min: (a, b) => (b < a ? b : a), max: (a, b) => (a < b ? b : a),
  and: (a, b) => Number(a && b), or: (a, b) => Number(a || b), eq: (a, b) => Number(a === b), ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b), le: (a, b) => Number(a <= b), gt: (a, b) => Number(a > b), ge: (a, b) => Number(a >= b),
};

/** Float64 evaluation of tensors, literally. */
export function evaluateTensors(outputs: readonly Tensor[], inputs: ReadonlyMap<Tensor, Float64Array>): Float64Array[] {
  const done = new Map<Tensor, Float64Array>(inputs);
  const get = (t: Tensor): Float64Array => {
    const have = done.get(t);
    if (have) return have;
    const op = t.operation;
    if (op.kind !== "Compute") throw new Error(`no ${t.name}`);
    const shape = dims(t);
    const size = shape.reduce((a, b) => a * b, 1);
    const out = new Float64Array(size);
    const env: Env = new Map();
    for (let flat = 0; flat < size; flat++) {
      let rest = flat;
      for (let d = shape.length - 1; d >= 0; d--) {
        env.set(op.axes[d]!.variable, rest % shape[d]!);
        rest = Math.floor(rest / shape[d]!);
      }
      out[flat] = ev(op.bodies[t.outputIndex]!, env);
    }
    done.set(t, out);
    return out;
  };
  const reduce = (e: Reduce, env: Env): number => {
    const acc = e.combiner.identities.map((i) => ev(i, env));
    const loop = (k: number): void => {
      if (k === e.axes.length) {
        const src = e.sources.map((s) => ev(s, env));
        e.combiner.lhs.forEach((v, i) => env.set(v, acc[i]!));
        e.combiner.rhs.forEach((v, i) => env.set(v, src[i]!));
        const next = e.combiner.results.map((r) => ev(r, env));
        next.forEach((n, i) => (acc[i] = n));
        return;
      }
      const a = e.axes[k]!;
      for (let i = 0; i < ev(a.extent, env); i++) {
        env.set(a.variable, i + ev(a.min, env));
        loop(k + 1);
      }
    };
    loop(0);
    return acc[e.valueIndex]!;
  };
  const ev = (e: Expr, env: Env): number => {
    switch (e.kind) {
      case "Const": return Number(e.value);
      case "Var": return env.get(e)!;
      case "Unary": return UN[e.op]!(ev(e.operand, env));
      case "Binary": return BIN[e.op]!(ev(e.left, env), ev(e.right, env));
      case "Select": case "IfThenElse": return ev(e.condition, env) ? ev(e.whenTrue, env) : ev(e.whenFalse, env);
      case "Cast": return e.dtype.startsWith("float") ? ev(e.operand, env) : Math.trunc(ev(e.operand, env));
      case "Reduce": return reduce(e, env);
      case "Read": {
        const s = dims(e.tensor);
        let flat = 0;
        e.indices.forEach((x, d) => {
          const i = ev(x, env);
          if (!(i >= 0 && i < s[d]!)) throw new Error(`oob ${e.tensor.name} ${i} ${s}`);
          flat = flat * s[d]! + i;
        });
        return get(e.tensor)[flat]!;
      }
      default: throw new Error(e.kind);
    }
  };
  return outputs.map(get);
}
