import { type Expr, isFloat, isInteger, operandsOf } from "@tilewright/ir";

/** Arithmetic on data; `index` arithmetic is not counted, and neither are comparisons, choices and conversions. */
export interface Work {
  /** Additions, subtractions, multiplications, minima, maxima, roundings and changes of sign, on floats. A multiply-add counts 2. */
  readonly flops: number;
  /** How many of the additions and subtractions have a product as an operand, so that both take the time of one instruction. */
  readonly multiplyAdds: number;
  /** The same operations on integers, shifts and bits included. */
  readonly integerOperations: number;
  readonly divisions: number;
  /** Math functions by name: sqrt, exp, pow, … */
  readonly functions: { readonly [name: string]: number };
}

export const NO_WORK: Work = { flops: 0, multiplyAdds: 0, integerOperations: 0, divisions: 0, functions: {} };

/** Instructions that one division or math function stands for, where an addition is one: estimates from how `lower` expands them. */
const INSTRUCTIONS: { readonly [name: string]: number } = {
  division: 10, sqrt: 10, exp: 24, log: 28, pow: 60, tanh: 30, sigmoid: 36, erf: 40, sin: 30, cos: 30,
}; // biome-ignore format: one glance

const SIMPLE: ReadonlySet<string> = new Set([
  "add", "sub", "mul", "min", "max", "bitand", "bitor", "bitxor", "shl", "shr",
  "neg", "abs", "bitnot", "floor", "ceil", "round", "trunc",
]); // biome-ignore format: one glance
const DIVISIONS: ReadonlySet<string> = new Set(["div", "floordiv", "floormod", "truncdiv", "truncmod"]);

export function addWork(a: Work, b: Work, times = 1): Work {
  const functions = { ...a.functions };
  for (const [name, count] of Object.entries(b.functions)) functions[name] = (functions[name] ?? 0) + count * times;
  return {
    flops: a.flops + b.flops * times,
    multiplyAdds: a.multiplyAdds + b.multiplyAdds * times,
    integerOperations: a.integerOperations + b.integerOperations * times,
    divisions: a.divisions + b.divisions * times,
    functions,
  };
}

/** What one expression node does, its operands not included. `lanes` counts. */
export function workOfNode(node: Expr): Work {
  if ((node.kind !== "Binary" && node.kind !== "Unary") || node.dtype === "index" || node.dtype === "bool")
    return NO_WORK;
  const { op, lanes } = node;
  if (DIVISIONS.has(op)) return { ...NO_WORK, divisions: lanes };
  if (!SIMPLE.has(op)) return { ...NO_WORK, functions: { [op]: lanes } };
  if (isInteger(node.dtype)) return { ...NO_WORK, integerOperations: lanes };
  if (!isFloat(node.dtype)) return NO_WORK;
  const product = (operand: Expr): boolean => operand.kind === "Binary" && operand.op === "mul";
  const fused = (op === "add" || op === "sub") && operandsOf(node).some(product);
  return { ...NO_WORK, flops: lanes, multiplyAdds: fused ? lanes : 0 };
}

/** Scalar instructions: a multiply-add is one. */
export function instructionsOf({ flops, multiplyAdds, integerOperations, divisions, functions }: Work): number {
  const named = Object.entries(functions).reduce((sum, [name, count]) => sum + count * (INSTRUCTIONS[name] ?? 30), 0);
  return flops - multiplyAdds + integerOperations + divisions * (INSTRUCTIONS.division ?? 1) + named;
}

/** All operations, each counted once but for a multiply-add, which counts 2. */
export function operationsOf({ flops, integerOperations, divisions, functions }: Work): number {
  return flops + integerOperations + divisions + Object.values(functions).reduce((sum, count) => sum + count, 0);
}
