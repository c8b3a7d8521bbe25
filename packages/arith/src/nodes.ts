import { NO_SPAN, type Span } from "@tilewright/diagnostics";
import { type BinaryOp, COMPARE_OPS, constant, type DType, type Expr, type Var, variable } from "@tilewright/ir";
import type { Value } from "./fold.js";
import { Interner, isCommutative } from "./intern.js";
import { constantOf } from "./pattern.js";

const COMPARISONS: ReadonlySet<string> = new Set(COMPARE_OPS);
export const isComparison = (op: string): boolean => COMPARISONS.has(op);

/** Makes interned nodes with the span of the node that is being replaced, and keeps that node where the new one is the same. */
export class Nodes {
  readonly interner = new Interner();
  /** The span of new nodes. */
  span: Span = NO_SPAN;
  /** The node that is being replaced, when its children have not changed. */
  candidate: Expr | undefined;

  /** A node as it is, interned. */
  node(made: Expr): Expr {
    return this.interner.intern(this.candidate === undefined ? made : preferred(this.candidate, made));
  }

  /** A binary node that no rule is tried on; of operands that commute a constant stands right. */
  plain(op: BinaryOp, left: Expr, right: Expr, fast = 0): Expr {
    const { span, interner } = this;
    const dtype = COMPARISONS.has(op) ? "bool" : left.dtype;
    const exchange =
      constantOf(left) !== undefined &&
      constantOf(right) === undefined &&
      isCommutative(op, left.dtype) &&
      !interner.isImpure(right);
    return this.node({
      kind: "Binary",
      span,
      dtype,
      lanes: left.lanes,
      op,
      left: exchange ? right : left,
      right: exchange ? left : right,
      fast,
    });
  }

  const(value: Value, dtype: DType, lanes = 1): Expr {
    const scalar = this.node(constant(value, dtype, this.span));
    return lanes === 1 ? scalar : this.node({ kind: "Broadcast", span: this.span, dtype, lanes, operand: scalar });
  }

  /** A new `index` variable. Sums are told apart by the numbers of their atoms, so it must have one. */
  fresh(name: string): Var {
    const made = variable(name, "index", 1, this.span);
    this.interner.intern(made);
    return made;
  }

  int(value: number): Expr {
    return this.const(value + 0, "index");
  }
}

/** The old node, when the new one has the same operator and the very same operands. */
function preferred(old: Expr, made: Expr): Expr {
  if (old.kind !== made.kind || old.dtype !== made.dtype || old.lanes !== made.lanes) return made;
  switch (made.kind) {
    case "Const":
      return old.kind === "Const" && Object.is(old.value, made.value) ? old : made;
    case "Binary":
      return old.kind === "Binary" &&
        old.op === made.op &&
        old.left === made.left &&
        old.right === made.right &&
        old.fast === made.fast
        ? old
        : made;
    case "Unary":
      return old.kind === "Unary" && old.op === made.op && old.operand === made.operand && old.fast === made.fast
        ? old
        : made;
    case "Cast":
      return old.kind === "Cast" && old.operand === made.operand ? old : made;
    case "Broadcast":
      return old.kind === "Broadcast" && old.operand === made.operand ? old : made;
    case "Ramp":
      return old.kind === "Ramp" && old.base === made.base && old.stride === made.stride ? old : made;
    case "Select":
    case "IfThenElse": {
      const same = old.kind === made.kind && old.condition === made.condition && old.whenTrue === made.whenTrue;
      return same && old.whenFalse === made.whenFalse ? old : made;
    }
    default:
      return made;
  }
}
