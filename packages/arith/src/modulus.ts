import type { Expr, Var } from "@tilewright/ir";
import { operandsOf } from "@tilewright/ir";
import { floorDivide, floorModulo, gcd } from "./integers.js";

/** The integers x ≡ remainder (mod modulus), 0 ≤ remainder < modulus; modulus 0 is the single integer `remainder`, 1 is every integer. */
export interface Modulus {
  readonly modulus: number;
  readonly remainder: number;
}

/** Of two classes that a value lies in the one with fewer members. */
export function finer(x: Modulus, y: Modulus | undefined): Modulus {
  return y === undefined || x.modulus === 0 || (y.modulus !== 0 && x.modulus >= y.modulus) ? x : y;
}

const ANY: Modulus = { modulus: 1, remainder: 0 };

function congruent(modulus: number, remainder: number): Modulus {
  if (!Number.isSafeInteger(modulus) || !Number.isSafeInteger(remainder)) return ANY;
  return modulus === 0 ? { modulus, remainder } : { modulus, remainder: floorModulo(remainder, modulus) };
}

const union = (x: Modulus, y: Modulus): Modulus =>
  congruent(gcd(gcd(x.modulus, y.modulus), x.remainder - y.remainder), x.remainder);

function product(x: Modulus, y: Modulus): Modulus {
  const common = gcd(gcd(x.modulus * y.modulus, x.modulus * y.remainder), y.modulus * x.remainder);
  return congruent(common, x.remainder * y.remainder);
}

function binary(op: string, x: Modulus, y: Modulus): Modulus {
  switch (op) {
    case "add":
      return congruent(gcd(x.modulus, y.modulus), x.remainder + y.remainder);
    case "sub":
      return congruent(gcd(x.modulus, y.modulus), x.remainder - y.remainder);
    case "mul":
      return product(x, y);
    case "min":
    case "max":
      return union(x, y);
    case "floormod":
      return y.modulus === 0 && y.remainder > 0 ? congruent(gcd(x.modulus, y.remainder), x.remainder) : ANY;
    case "floordiv":
      return y.modulus === 0 && y.remainder > 0 && x.modulus % y.remainder === 0
        ? congruent(x.modulus / y.remainder, floorDivide(x.remainder, y.remainder))
        : ANY;
    default:
      return ANY;
  }
}

/** The residue class of a node, given those of its children. */
export function nodeModulus(node: Expr, get: (child: Expr) => Modulus, known: ReadonlyMap<Var, Modulus>): Modulus {
  if (node.dtype !== "index") return ANY;
  switch (node.kind) {
    case "Const":
      return congruent(0, Number(node.value));
    case "Var":
      return known.get(node) ?? ANY;
    case "Unary":
      return node.op === "neg" ? binary("sub", congruent(0, 0), get(node.operand)) : ANY;
    case "Binary":
      return binary(node.op, get(node.left), get(node.right));
    case "Select":
    case "IfThenElse":
      return union(get(node.whenTrue), get(node.whenFalse));
    case "Broadcast":
      return get(node.operand);
    case "Ramp": {
      const base = get(node.base);
      const stride = get(node.stride);
      return congruent(gcd(gcd(base.modulus, stride.modulus), stride.remainder), base.remainder);
    }
    default:
      return ANY;
  }
}

/**
 * The residue class that every value (of all lanes) of an `index` expression lies in.
 * @param known residue classes of variables
 */
export function modulusOf(expr: Expr, known: ReadonlyMap<Var, Modulus> = new Map()): Modulus {
  const done = new Map<Expr, Modulus>();
  const get = (child: Expr): Modulus => done.get(child) ?? ANY;
  const stack: Expr[] = [expr];
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Expr;
    const missing = done.has(node) ? [] : operandsOf(node).filter((child) => !done.has(child));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    if (!done.has(node)) done.set(node, nodeModulus(node, get, known));
  }
  return get(expr);
}
