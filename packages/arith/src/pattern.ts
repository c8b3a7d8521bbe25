import { type BinaryOp, type Const, type DType, type Expr, isFloat, type UnaryOp } from "@tilewright/ir";
import { isCommutative } from "./intern.js";
import type { Interval } from "./interval.js";
import type { Modulus } from "./modulus.js";

/**
 * Left and right side of a rule. `any` stands for every expression, the same one wherever its name stands; `constant` for a constant
 * (in every lane); `literal` for that number.
 */
export type Pattern =
  | { readonly is: "any"; readonly name: string }
  | { readonly is: "constant"; readonly name: string }
  | { readonly is: "literal"; readonly value: number | boolean }
  | { readonly is: "unary"; readonly op: UnaryOp; readonly operand: Pattern }
  | { readonly is: "binary"; readonly op: BinaryOp; readonly left: Pattern; readonly right: Pattern }
  | { readonly is: "choice"; readonly condition: Pattern; readonly whenTrue: Pattern; readonly whenFalse: Pattern }
  | { readonly is: "ramp"; readonly base: Pattern; readonly stride: Pattern }
  | { readonly is: "broadcast"; readonly operand: Pattern };

/** Types a rule is for: those of the operands of its root. */
export type TypeClass = "index" | "integer" | "float" | "bool";

export function classOf(dtype: DType): TypeClass {
  if (dtype === "index" || dtype === "bool") return dtype;
  return isFloat(dtype) ? "float" : "integer";
}

/** What a guard may ask of a match. */
export interface Match {
  /** The expression bound to a name. */
  get(name: string): Expr;
  /** The number bound to a constant. */
  number(name: string): number;
  /** Constant bounds of what is bound to a name, in the scope of the match. */
  bounds(name: string): Interval;
  /** The residue class of what is bound to a name. */
  modulus(name: string): Modulus;
  /** Whether evaluating what is bound to a name can never fail: it reads no memory. */
  isTotal(name: string): boolean;
  /** Whether one bound `index` expression is certainly less than, or at most, another. */
  proves(left: string, op: "lt" | "le", right: string): boolean;
  /** Lanes of the matched expression. */
  readonly lanes: number;
  readonly dtype: DType;
}

/** `pattern` → `replacement` wherever `guard` holds. */
export interface Rule {
  readonly name: string;
  readonly classes: readonly TypeClass[];
  readonly pattern: Pattern;
  readonly replacement: Pattern;
  readonly guard: ((match: Match) => boolean) | undefined;
}

type Sides = Pattern | number | boolean;
const side = (pattern: Sides): Pattern => (typeof pattern === "object" ? pattern : { is: "literal", value: pattern });
const operator =
  (op: BinaryOp) =>
  (left: Sides, right: Sides): Pattern => ({ is: "binary", op, left: side(left), right: side(right) });
const any = (name: string): Pattern => ({ is: "any", name });
const constant = (name: string): Pattern => ({ is: "constant", name });

/** The words that rules are written in. */
export const words = {
  x: any("x"), y: any("y"), z: any("z"), w: any("w"), p: any("p"), q: any("q"),
  c0: constant("c0"), c1: constant("c1"),
  add: operator("add"), sub: operator("sub"), mul: operator("mul"), div: operator("div"),
  floordiv: operator("floordiv"), floormod: operator("floormod"), truncdiv: operator("truncdiv"), truncmod: operator("truncmod"),
  min: operator("min"), max: operator("max"), and: operator("and"), or: operator("or"),
  bitand: operator("bitand"), bitor: operator("bitor"), bitxor: operator("bitxor"), shl: operator("shl"), shr: operator("shr"),
  eq: operator("eq"), ne: operator("ne"), lt: operator("lt"), le: operator("le"), gt: operator("gt"), ge: operator("ge"),
  neg: (operand: Pattern): Pattern => ({ is: "unary", op: "neg", operand }),
  not: (operand: Pattern): Pattern => ({ is: "unary", op: "not", operand }),
  abs: (operand: Pattern): Pattern => ({ is: "unary", op: "abs", operand }),
  bitnot: (operand: Pattern): Pattern => ({ is: "unary", op: "bitnot", operand }),
  choice: (condition: Sides, whenTrue: Sides, whenFalse: Sides): Pattern => ({
    is: "choice", condition: side(condition), whenTrue: side(whenTrue), whenFalse: side(whenFalse),
  }),
  ramp: (base: Sides, stride: Sides): Pattern => ({ is: "ramp", base: side(base), stride: side(stride) }),
  broadcast: (operand: Sides): Pattern => ({ is: "broadcast", operand: side(operand) }),
} as const; // biome-ignore format: a vocabulary

/** One line of a table. */
export function rule(
  name: string,
  classes: TypeClass | readonly TypeClass[],
  pattern: Pattern,
  replacement: Sides,
  guard?: (match: Match) => boolean,
): Rule {
  return {
    name,
    classes: typeof classes === "string" ? [classes] : classes,
    pattern,
    replacement: side(replacement),
    guard,
  };
}

/** The operator by which rules are looked up. */
export function headOf(pattern: Pattern): string {
  if (pattern.is === "binary" || pattern.is === "unary") return pattern.op;
  return pattern.is;
}

/** The constant in every lane of an expression, if it is one. */
export function constantOf(expr: Expr): Const | undefined {
  const inner = expr.kind === "Broadcast" ? expr.operand : expr;
  return inner.kind === "Const" ? inner : undefined;
}

export type Bindings = Map<string, Expr>;
/** Whether `expr` has the operators of `pattern`, names aside: cheap, and seldom true. */
export function resembles(pattern: Pattern, expr: Expr): boolean {
  switch (pattern.is) {
    case "any":
      return true;
    case "constant":
    case "literal":
      return constantOf(expr) !== undefined;
    case "unary":
      return expr.kind === "Unary" && expr.op === pattern.op && resembles(pattern.operand, expr.operand);
    case "binary":
      if (expr.kind !== "Binary" || expr.op !== pattern.op) return false;
      if (resembles(pattern.left, expr.left) && resembles(pattern.right, expr.right)) return true;
      return (
        isCommutative(expr.op, expr.left.dtype) &&
        resembles(pattern.left, expr.right) &&
        resembles(pattern.right, expr.left)
      );
    case "choice":
      return (
        (expr.kind === "Select" || expr.kind === "IfThenElse") &&
        resembles(pattern.condition, expr.condition) &&
        resembles(pattern.whenTrue, expr.whenTrue) &&
        resembles(pattern.whenFalse, expr.whenFalse)
      );
    case "ramp":
      return expr.kind === "Ramp" && resembles(pattern.base, expr.base) && resembles(pattern.stride, expr.stride);
    case "broadcast":
      return expr.kind === "Broadcast" && resembles(pattern.operand, expr.operand);
    default:
      return pattern satisfies never;
  }
}

/** Whether `expr` (interned) has the form of `pattern`; fills `bindings`. Operands of commutative operators match in both orders. */
export function matches(pattern: Pattern, expr: Expr, bindings: Bindings, next: () => boolean): boolean {
  switch (pattern.is) {
    case "any":
    case "constant": {
      if (pattern.is === "constant" && constantOf(expr) === undefined) return false;
      const bound = bindings.get(pattern.name);
      if (bound !== undefined) return bound === expr && next();
      bindings.set(pattern.name, expr);
      if (next()) return true;
      bindings.delete(pattern.name);
      return false;
    }
    case "literal": {
      const value = constantOf(expr)?.value;
      if (typeof value === "boolean" || typeof pattern.value === "boolean") return value === pattern.value && next();
      return value !== undefined && Object.is(Number(value), pattern.value) && next();
    }
    case "unary":
      return expr.kind === "Unary" && expr.op === pattern.op && matches(pattern.operand, expr.operand, bindings, next);
    case "binary": {
      if (expr.kind !== "Binary" || expr.op !== pattern.op) return false;
      const inOrder = (a: Expr, b: Expr): boolean =>
        matches(pattern.left, a, bindings, () => matches(pattern.right, b, bindings, next));
      return (
        inOrder(expr.left, expr.right) || (isCommutative(expr.op, expr.left.dtype) && inOrder(expr.right, expr.left))
      );
    }
    case "choice": {
      if (expr.kind !== "Select" && expr.kind !== "IfThenElse") return false;
      const arms = (): boolean =>
        matches(pattern.whenTrue, expr.whenTrue, bindings, () =>
          matches(pattern.whenFalse, expr.whenFalse, bindings, next),
        );
      return matches(pattern.condition, expr.condition, bindings, arms);
    }
    case "ramp":
      return (
        expr.kind === "Ramp" &&
        matches(pattern.base, expr.base, bindings, () => matches(pattern.stride, expr.stride, bindings, next))
      );
    case "broadcast":
      return expr.kind === "Broadcast" && matches(pattern.operand, expr.operand, bindings, next);
    default:
      return pattern satisfies never;
  }
}
