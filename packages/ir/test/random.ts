import {
  at, type BinaryOp, type Buffer, build as b, buffer, constant, type Expr, int, isFloat, isInteger, type PrimFunc, type Stmt, UNARY_OPS, type Var, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import fc from "fast-check";
import { func } from "./samples.js";

/** Random well-formed functions of level scheduled, made from a list of choices, so that a shorter list is a smaller program. */
export const functions: fc.Arbitrary<PrimFunc> = fc
  .array(fc.nat({ max: 0xffff }), { minLength: 1, maxLength: 120 })
  .map((choices) => functionOf(choices));

const TYPES = ["float32", "float64", "float16", "int32", "int8", "uint8", "int64", "uint64", "bool", "index"] as const;
type Type = (typeof TYPES)[number];
const NAMES = ["i", "x", "for", "a b", "float32", "`", "0", "", "v.1", "i_1"] as const;

interface Scope {
  readonly variables: readonly Var[];
  readonly registers: readonly Var[];
  readonly buffers: readonly Buffer[];
}

function functionOf(choices: readonly number[]): PrimFunc {
  let next = 0;
  const pick = (limit: number): number => (next < choices.length ? (choices[next++] as number) % limit : 0);
  const done = (): boolean => next >= choices.length;
  const oneOf = <T>(list: readonly T[]): T => list[pick(list.length)] as T;
  const name = (): string => oneOf(NAMES);

  function leaf(type: Type, lanes: number, scope: Scope): Expr {
    const known = scope.variables.filter((each) => each.dtype === type && each.lanes === lanes);
    if (known.length > 0 && pick(2) === 0) return oneOf(known);
    return b.broadcast(constantOf(type), lanes);
  }

  function constantOf(type: Type): Expr {
    if (type === "bool") return constant(pick(2) === 1, "bool");
    if (type === "index") return int(pick(20) - 5);
    if (isFloat(type))
      return constant(
        oneOf([0, -0, 1, -1.5, 1e30, 1e-30, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
        type,
      );
    const signed = type.startsWith("int");
    return constant(signed ? pick(100) - 50 : pick(100), type);
  }

  function expr(type: Type, lanes: number, depth: number, scope: Scope): Expr {
    if (depth === 0 || done()) return leaf(type, lanes, scope);
    const sub = (as: Type = type, width = lanes): Expr => expr(as, width, depth - 1, scope);
    const fast = pick(8);
    switch (pick(10)) {
      case 0: {
        const from = oneOf(TYPES);
        return type === from ? leaf(type, lanes, scope) : b.cast(sub(from), type);
      }
      case 1:
        return b.select(sub("bool", pick(2) === 0 ? 1 : lanes), sub(), sub());
      case 2:
        return b.ifThenElse(sub("bool", 1), sub(), sub());
      case 3:
        return b.call("math.any", [sub(), sub(oneOf(TYPES))], type, lanes);
      case 4:
        return lanes === 1
          ? b.shuffle([sub(), sub()], [pick(2)])
          : b.shuffle(
              [sub(), sub()],
              Array.from({ length: lanes }, () => pick(2 * lanes)),
            );
      case 5:
        if (type === "index" && lanes > 1) return b.ramp(sub("index", 1), sub("index", 1), lanes);
        return lanes > 1 ? b.broadcast(sub(type, 1), lanes) : leaf(type, lanes, scope);
      case 6:
        return load(type, lanes, depth, scope);
      case 7: {
        if (type === "bool") return at(b.span).unary("not", sub());
        const ops = isFloat(type)
          ? UNARY_OPS.filter((op) => op !== "not" && op !== "bitnot")
          : isInteger(type)
            ? (["neg", "abs", "bitnot"] as const)
            : (["neg", "abs"] as const);
        return b.unary(oneOf(ops), sub(), fast);
      }
      default:
        return binary(type, sub, fast);
    }
  }

  function binary(type: Type, sub: (as?: Type) => Expr, fast: number): Expr {
    if (type === "bool" && pick(2) === 0) {
      const of = oneOf(TYPES);
      return b.binary(oneOf(["eq", "ne", "lt", "le", "gt", "ge"] as const), sub(of), sub(of), fast);
    }
    const ops: readonly BinaryOp[] =
      type === "bool"
        ? ["and", "or", "min", "max"]
        : isFloat(type)
          ? ["add", "sub", "mul", "div", "min", "max", "pow"]
          : type === "index"
            ? ["add", "sub", "mul", "floordiv", "floormod", "truncdiv", "truncmod", "min", "max"]
            : ["add", "sub", "mul", "floordiv", "floormod", "truncdiv", "bitand", "bitor", "bitxor", "shl", "shr"];
    return b.binary(oneOf(ops), sub(), sub(), fast);
  }

  function load(type: Type, lanes: number, depth: number, scope: Scope): Expr {
    const known = scope.buffers.filter((each) => each.dtype === type);
    if (known.length === 0) return leaf(type, lanes, scope);
    const from = oneOf(known);
    const indices = from.shape.map((_, d) => expr("index", d === from.shape.length - 1 ? lanes : 1, depth - 1, scope));
    if (indices.length === 0 && lanes > 1) return leaf(type, lanes, scope);
    return b.load(from, indices, pick(4) === 0 ? expr("bool", lanes, depth - 1, scope) : null);
  }

  function declared(): Buffer {
    const dtype = oneOf(["float32", "int32", "bool", "float64", "int64"] as const);
    const shape = Array.from({ length: pick(3) }, () => pick(9));
    return buffer(name(), {
      dtype,
      shape,
      scope: oneOf(["global", "local", "vta.inp"] as const),
      alignment: oneOf([1, 16, 64]),
      strides: pick(3) === 0 ? shape : null,
    });
  }

  function stmt(depth: number, scope: Scope): Stmt {
    if (depth === 0 || done()) return b.seq();
    const inner = (more: Partial<Scope> = {}): Stmt => stmt(depth - 1, { ...scope, ...more });
    const scalar = (type: Type): Expr => expr(type, 1, 3, scope);
    switch (pick(10)) {
      case 0:
      case 1: {
        const loopVar = variable(name());
        const kind = oneOf(["serial", "parallel", "vectorized", "unrolled", "virtual"] as const);
        return b.loop(
          loopVar,
          pick(2) === 0 ? int(0) : scalar("index"),
          scalar("index"),
          inner({ variables: [...scope.variables, loopVar] }),
          kind,
        );
      }
      case 2:
        return b.when(scalar("bool"), inner(), oneOf(["guard", "branch"] as const), pick(2) === 0 ? null : inner());
      case 3: {
        const [type, lanes] = [oneOf(TYPES), oneOf([1, 4])];
        const bound = variable(name(), type, lanes);
        return b.let(bound, expr(type, lanes, 3, scope), inner({ variables: [...scope.variables, bound] }));
      }
      case 4: {
        const bound = variable(name(), "float32");
        const registers = [...scope.registers, bound];
        return b.register(bound, scalar("float32"), inner({ variables: [...scope.variables, bound], registers }));
      }
      case 5: {
        const made = declared();
        return b.allocate(made, inner({ buffers: [...scope.buffers, made] }));
      }
      case 6:
        return scope.registers.length === 0 ? b.seq() : b.assign(oneOf(scope.registers), scalar("float32"));
      case 7:
        return { kind: "Seq", span: b.span, stmts: Array.from({ length: pick(4) }, () => inner()) };
      default: {
        const into = oneOf(scope.buffers);
        const lanes = into.shape.length > 0 ? oneOf([1, 4]) : 1;
        const indices = into.shape.map((_, d) => expr("index", d === into.shape.length - 1 ? lanes : 1, 2, scope));
        return b.store(
          into,
          indices,
          expr(into.dtype as Type, lanes, 4, scope),
          pick(3) === 0 ? expr("bool", lanes, 2, scope) : null,
        );
      }
    }
  }

  const parameters = [
    buffer(name(), { dtype: "float32", shape: [4, 4] }),
    buffer(name(), { dtype: "int32", shape: [8] }),
    variable(name()),
  ] as const;
  const [first, second, scalar] = parameters;
  return func(name(), parameters, stmt(6, { variables: [scalar], registers: [], buffers: [first, second] }));
}
