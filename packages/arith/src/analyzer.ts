import { 
  type BinaryOp, type DType, type Expr, type IfThenElse, isInteger, type Select, type Unary, type UnaryOp, type Var,withOperands, } from "@tilewright/ir"; // biome-ignore format: a list
import { applyRules } from "./apply.js";
import { rangeOf } from "./bounds.js";
import { compareIndex } from "./compare.js";
import { decide } from "./decide.js";
import { divideIndex } from "./divide.js";
import { extremumIndex } from "./extremum.js";
import { foldBinary, foldCast, foldUnary } from "./fold.js";
import { within } from "./interval.js";
import { Knowledge } from "./knowledge.js";
import { addLinear } from "./linear.js";
import { multiplyIndex } from "./multiply.js";
import { isComparison } from "./nodes.js";
import { classOf, constantOf } from "./pattern.js";
import { recompose } from "./recompose.js";

/** Rules build expressions by the same constructors; deeper than this they are built as they are. */
const DEEPEST = 24;

/**
 * Simplifying constructors: each takes simplified, interned operands and gives a simplified, interned expression. Sums of `index`
 * have a normal form (`linear.ts`), everything else goes by rules (`rules/`).
 */
export class Analyzer extends Knowledge {
  /** Variables that stand for a simplified expression everywhere. */
  readonly values = new Map<Var, Expr>();
  #depth = 0;

  #sum(op: BinaryOp, left: Expr, right: Expr): Expr {
    const sum = addLinear(this.linearOf(left), this.linearOf(right), op === "sub" ? -1 : 1);
    const found = sum ?? addLinear(this.longAsAtom(left), this.longAsAtom(right), op === "sub" ? -1 : 1);
    return found === undefined ? this.plain(op, left, right) : this.fromLinear(recompose(this, found));
  }
  binary(op: BinaryOp, left: Expr, right: Expr, fast = 0): Expr {
    if (this.#depth > DEEPEST || this.interner.isImpure(left) || this.interner.isImpure(right))
      return this.plain(op, left, right, fast);
    this.#depth++;
    const made = this.#binary(op, left, right, fast);
    this.#depth--;
    return made.dtype === "bool" ? this.#settled(made) : made;
  }

  #binary(op: BinaryOp, left: Expr, right: Expr, fast: number): Expr {
    const folded = this.#foldBinary(op, left, right);
    if (folded !== undefined) return folded;
    if (left.lanes > 1) {
      if (left.kind === "Broadcast" && right.kind === "Broadcast") {
        return this.broadcast(this.binary(op, left.operand, right.operand, fast), left.lanes);
      }
    } else if (left.dtype === "index") {
      const special = this.#index(op, left, right);
      if (special !== undefined) return special;
    }
    const plain = this.plain(op, left, right, fast);
    return applyRules(this, plain) ?? this.#byBounds(plain);
  }

  #index(op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
    if (op === "add" || op === "sub") return this.#sum(op, left, right);
    if (op === "mul") return multiplyIndex(this, left, right);
    if (op === "floordiv" || op === "floormod") return divideIndex(this, op, left, right);
    if (op === "min" || op === "max") return extremumIndex(this, op, left, right);
    return isComparison(op) ? compareIndex(this, op, left, right) : undefined;
  }

  #foldBinary(op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
    const a = constantOf(left);
    if (a === undefined) return undefined;
    const b = constantOf(right);
    if (b === undefined) return undefined;
    const value = foldBinary(op, a.value, b.value, left.dtype);
    return value === undefined ? undefined : this.const(value, isComparison(op) ? "bool" : left.dtype, left.lanes);
  }

  /** Comparisons that bounds decide, and integers that bounds make constant. */
  #byBounds(made: Expr): Expr {
    if (made.kind !== "Binary" || this.interner.isImpure(made)) return made;
    const type = classOf(made.left.dtype);
    if (type !== "integer" && type !== "index") return made;
    if (made.dtype !== "bool") {
      const { min, max } = this.bounds(made);
      return min === max && Number.isSafeInteger(min)
        ? this.const(made.dtype.endsWith("64") ? BigInt(min) : min, made.dtype, made.lanes)
        : made;
    }
    const truth = decide(made.op, this.bounds(made.left), this.bounds(made.right));
    return truth === undefined ? made : this.const(truth, "bool", made.lanes);
  }

  /** A condition whose truth the scope knows. */
  #settled(made: Expr): Expr {
    const truth = made.kind === "Const" ? undefined : this.scope.truthOf(made);
    return truth === undefined ? made : this.const(truth, "bool", made.lanes);
  }

  unary(op: UnaryOp, operand: Expr, fast = 0): Expr {
    const made = (): Expr =>
      this.node({
        kind: "Unary",
        span: this.span,
        dtype: operand.dtype,
        lanes: operand.lanes,
        op,
        operand,
        fast,
      } satisfies Unary);
    if (this.#depth > DEEPEST || this.interner.isImpure(operand)) return made();
    const value = constantOf(operand)?.value;
    const folded = value === undefined ? undefined : foldUnary(op, value, operand.dtype);
    if (folded !== undefined) return this.const(folded, operand.dtype, operand.lanes);
    if (operand.kind === "Broadcast") return this.broadcast(this.unary(op, operand.operand, fast), operand.lanes);
    if (op === "neg" && operand.dtype === "index" && operand.lanes === 1)
      return this.binary("sub", this.int(0), operand);
    this.#depth++;
    const plain = made();
    const found = applyRules(this, plain) ?? plain;
    this.#depth--;
    return found.dtype === "bool" ? this.#settled(found) : found;
  }

  choice(kind: "Select" | "IfThenElse", condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr {
    const { dtype, lanes } = whenTrue;
    const plain = this.node({ kind, span: this.span, dtype, lanes, condition, whenTrue, whenFalse } satisfies
      | Select
      | IfThenElse);
    if (this.#depth > DEEPEST || this.interner.isImpure(plain)) return plain;
    if (condition.kind === "Broadcast" && lanes > 1) return this.choice(kind, condition.operand, whenTrue, whenFalse);
    if (lanes > 1 && condition.lanes === 1 && whenTrue.kind === "Broadcast" && whenFalse.kind === "Broadcast") {
      return this.broadcast(this.choice(kind, condition, whenTrue.operand, whenFalse.operand), lanes);
    }
    this.#depth++;
    const found = applyRules(this, plain) ?? plain;
    this.#depth--;
    return found;
  }

  broadcast(operand: Expr, lanes: number): Expr {
    if (lanes === 1) return operand;
    return this.node({ kind: "Broadcast", span: this.span, dtype: operand.dtype, lanes, operand });
  }

  ramp(base: Expr, stride: Expr, lanes: number): Expr {
    if (lanes === 1) return base;
    const plain = this.node({ kind: "Ramp", span: this.span, dtype: base.dtype, lanes, base, stride });
    return applyRules(this, plain) ?? plain;
  }

  cast(operand: Expr, dtype: DType): Expr {
    if (operand.dtype === dtype) return operand;
    const plain = (): Expr => this.node({ kind: "Cast", span: this.span, dtype, lanes: operand.lanes, operand });
    if (this.interner.isImpure(operand)) return plain();
    const value = constantOf(operand)?.value;
    const folded = value === undefined ? undefined : foldCast(value, operand.dtype, dtype);
    if (folded !== undefined) return this.const(folded, dtype, operand.lanes);
    if (operand.kind === "Broadcast") return this.broadcast(this.cast(operand.operand, dtype), operand.lanes);
    if (operand.kind === "Cast" && this.#keepsValue(operand.operand, operand.dtype))
      return this.cast(operand.operand, dtype);
    return plain();
  }

  /** Whether every value of an integer expression is one of the type `dtype`, so that the conversion loses nothing. */
  #keepsValue(operand: Expr, dtype: DType): boolean {
    const integral = (type: DType): boolean => type === "index" || isInteger(type);
    if (!integral(operand.dtype) || !integral(dtype)) return false;
    const { min, max } = this.bounds(operand);
    if (dtype === "index") return true;
    const range = rangeOf(dtype);
    const wide = Number.isFinite(range.max)
      ? range
      : { min: dtype === "uint64" ? 0 : Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
    return within({ min, max }, wide.min, wide.max);
  }

  /** The node with simplified children, simplified. */
  rebuild(node: Expr, children: readonly Expr[]): Expr {
    this.span = node.span;
    const a = children[0] as Expr;
    const b = children[1] as Expr;
    const c = children[2] as Expr;
    switch (node.kind) {
      case "Binary":
        this.candidate = a === node.left && b === node.right ? node : undefined;
        return this.binary(node.op, a, b, node.fast);
      case "Unary":
        this.candidate = a === node.operand ? node : undefined;
        return this.unary(node.op, a, node.fast);
      case "Select":
      case "IfThenElse":
        this.candidate = a === node.condition && b === node.whenTrue && c === node.whenFalse ? node : undefined;
        return this.choice(node.kind, a, b, c);
      case "Cast":
        this.candidate = a === node.operand ? node : undefined;
        return this.cast(a, node.dtype);
      case "Ramp":
        this.candidate = a === node.base && b === node.stride ? node : undefined;
        return this.ramp(a, b, node.lanes);
      case "Broadcast":
        this.candidate = a === node.operand ? node : undefined;
        return this.broadcast(a, node.lanes);
      case "Const":
        return this.interner.intern(node);
      case "Var":
        this.candidate = undefined;
        return this.#variable(node);
      default:
        this.candidate = undefined;
        return this.#load(withOperands(node, children));
    }
  }

  /** A variable that has but one value. */
  #variable(node: Var): Expr {
    const value = this.values.get(node);
    if (value !== undefined) return value;
    const made = this.interner.intern(node);
    if (made.dtype === "bool") return this.#settled(made);
    if (made.dtype !== "index" || made.lanes !== 1) return made;
    const { min, max } = this.bounds(made);
    return min === max ? this.int(min) : made;
  }

  /** A vector that reads one element over and over reads it once. */
  #load(node: Expr): Expr {
    if (node.kind !== "Load" || node.lanes === 1) return this.interner.intern(node);
    const predicate = node.predicate === null ? true : constantOf(node.predicate)?.value;
    if (predicate === false && !this.interner.isImpure(this.interner.intern(node)))
      return this.const(node.dtype === "bool" ? false : 0, node.dtype, node.lanes);
    const last = node.indices[node.indices.length - 1];
    if (predicate !== true) return this.interner.intern(node);
    if (last?.kind !== "Broadcast")
      return this.interner.intern(node.predicate === null ? node : { ...node, predicate: null });
    const indices = [...node.indices.slice(0, -1), last.operand];
    return this.broadcast(this.interner.intern({ ...node, lanes: 1, indices, predicate: null }), node.lanes);
  }
}
