import { CompileError, InternalError, invariant } from "@tilewright/diagnostics";
import {
  type Binary,
  type Buffer,
  CONTRACT,
  type Expr,
  type IfThenElse,
  isFloat,
  operandsOf,
  type Select,
  type Unary,
  type Var,
} from "@tilewright/ir";
import { constantText } from "./constants.js";
import { intrinsicValue, tooLarge } from "./errors.js";
import { isContiguous, type Sharing, sharingOf } from "./graph-order.js";
import { loadValue, shuffleValue } from "./memory.js";
import type { Names } from "./names.js";
import { scalarBinary, scalarCast, scalarReinterpret, scalarUnary } from "./scalar-operators.js";
import type { Helpers } from "./short-types.js";
import { isHalf, typeOf } from "./types.js";
import { atom, called, combine, LEVEL, type Value, wrap } from "./value.js";
import {
  ramp,
  splat,
  toMask,
  vectorBinary,
  vectorCast,
  vectorReinterpret,
  vectorSelect,
  vectorTypeName,
  vectorUnary,
} from "./vector-operators.js";
import type { Writer } from "./writer.js";

/** What expressions of one function need to know. */
export interface Scope {
  readonly helpers: Helpers;
  readonly writer: Writer;
  readonly names: Names;
  readonly variables: Map<Var, Value>;
  readonly buffers: Map<Buffer, string>;
}

/** Operators in one C expression, before a part of it gets a name of its own. */
const MAX_DEPTH = 24;
const MAX_TEXT = 240;
/** Conditionals inside each other, and characters of one function: C compilers give up on more. */
export const MAX_NESTING = 200;
const MAX_SIZE = 32 * 1024 * 1024;

type Memo = Map<Expr, Value>;

/**
 * Turns the expressions of one statement into C text. What several of them share, and what grows deep, gets a `const` of
 * its own in a line before. Where only one arm of a conditional may be evaluated, such lines go into an `if`.
 */
export class ExpressionWriter {
  readonly scope: Scope;
  private sharing: Sharing = { uses: new Map(), loads: new Set() };
  /** One memo for the statement, then one for each arm that is being written. */
  private memos: Memo[] = [];
  private before: (name: string, text: string) => void = () => {};

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** Starts a statement: what follows may share values until the next call. */
  begin(roots: readonly Expr[]): void {
    this.sharing = sharingOf(roots);
    this.memos = [new Map()];
    this.before = this.scope.writer.mark();
  }

  /** The value of one of the statement's expressions. */
  value(root: Expr): Value {
    const stack: Expr[] = [root];
    for (let expr = stack.at(-1); expr !== undefined; expr = stack.at(-1)) {
      if (this.known(expr) !== undefined) {
        stack.pop();
        continue;
      }
      const missing = this.eagerOperands(expr).filter((operand) => this.known(operand) === undefined);
      if (missing.length > 0) stack.push(...missing.reverse());
      else this.remember(expr, this.compute(expr));
    }
    return this.of(root);
  }

  /** `value`, as a name or literal: to be mentioned more than once. */
  pin(expr: Expr, value: Value = this.of(expr)): Value {
    if (value.level === LEVEL.atom && /^[\w.]+$/.test(value.text)) return value;
    const pinned = this.declare(expr, value);
    this.memoFor(expr).set(expr, pinned);
    return pinned;
  }

  /** The value of an operand that was computed before. */
  of(expr: Expr): Value {
    const value = this.known(expr);
    invariant(value !== undefined, "an operand is computed before what uses it");
    return value;
  }

  private known(expr: Expr): Value | undefined {
    for (let level = this.memos.length - 1; level >= 0; level--) {
      const value = this.memos[level]?.get(expr);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  private isHoistable(expr: Expr): boolean {
    return !this.sharing.loads.has(expr);
  }

  /** Without loads an expression may be evaluated anywhere, so its value is kept for the whole statement. */
  private memoFor(expr: Expr): Memo {
    const memo = this.isHoistable(expr) ? this.memos[0] : this.memos.at(-1);
    return memo ?? new Map();
  }

  private remember(expr: Expr, value: Value): void {
    const shared = (this.sharing.uses.get(expr) ?? 0) > 1 && !isTrivial(expr);
    const heavy = value.depth > MAX_DEPTH || value.text.length > MAX_TEXT;
    this.memoFor(expr).set(expr, shared || heavy ? this.declare(expr, value) : value);
    if (this.scope.writer.size > MAX_SIZE) throw new CompileError(tooLarge("a function", MAX_SIZE, expr.span));
  }

  private declare(expr: Expr, value: Value): Value {
    const name = this.scope.names.take("t");
    const line = `const ${this.typeName(expr, value.maskBits)} ${name} = ${value.text};`;
    if (this.isHoistable(expr)) this.before(name, line);
    else this.scope.writer.declare(name, line);
    return atom(name, value.maskBits);
  }

  /** The C type that holds a value of this expression. */
  typeName(expr: Expr, maskBits: number): string {
    return expr.lanes === 1 ? typeOf(expr.dtype).value : vectorTypeName(this.scope.helpers, expr, maskBits);
  }

  /** Operands whose value is wanted before the expression itself: not the arms of a lazy conditional, nor what an access folds in. */
  private eagerOperands(expr: Expr): readonly Expr[] {
    if (expr.kind === "IfThenElse" && this.isLazy(expr)) return [expr.condition];
    if (expr.kind === "Load") {
      const index = expr.indices[0];
      const folded = index?.kind === "Ramp" ? operandsOf(index) : expr.indices;
      return expr.predicate === null ? folded : [...folded, expr.predicate];
    }
    const fused = expr.kind === "Binary" ? this.fusible(expr) : undefined;
    if (fused !== undefined) return [fused.product.left, fused.product.right, fused.addend];
    return operandsOf(expr);
  }

  private isLazy(expr: IfThenElse): boolean {
    return !this.isHoistable(expr.whenTrue) || !this.isHoistable(expr.whenFalse);
  }

  /** `a · b ± c` where both operators allow contraction and the product is used nowhere else. */
  private fusible(
    expr: Binary,
  ): { readonly product: Binary; readonly addend: Expr; readonly productIsLeft: boolean } | undefined {
    if (
      this.scope.helpers.dialect === "c99" ||
      (expr.op !== "add" && expr.op !== "sub") ||
      (expr.fast & CONTRACT) === 0
    )
      return undefined;
    if (!isFloat(expr.dtype) || isHalf(expr.dtype)) return undefined;
    for (const [product, addend] of [
      [expr.left, expr.right],
      [expr.right, expr.left],
    ] as const) {
      if (product.kind !== "Binary" || product.op !== "mul" || (product.fast & CONTRACT) === 0) continue;
      if (this.sharing.uses.get(product) === 1) return { product, addend, productIsLeft: product === expr.left };
    }
    return undefined;
  }

  private compute(expr: Expr): Value {
    const { helpers } = this.scope;
    const vector = expr.lanes > 1;
    switch (expr.kind) {
      case "Const":
        return atom(constantText(expr, helpers.dialect === "gnu"));
      case "Var":
        return heldBy(this.scope, expr);
      case "Unary":
        return this.unary(expr, this.of(expr.operand));
      case "Binary":
        return this.binary(expr);
      case "Select":
        return this.select(expr);
      case "IfThenElse":
        return this.isLazy(expr) ? this.conditional(expr) : this.select(expr);
      case "Cast": {
        const operand = this.of(expr.operand);
        if (expr.dtype === expr.operand.dtype) return operand;
        return vector
          ? vectorCast(helpers, expr.operand, expr, operand)
          : scalarCast(helpers, expr.operand, expr, operand);
      }
      case "Reinterpret": {
        const operand = this.of(expr.operand);
        return vector
          ? vectorReinterpret(helpers, expr.operand, expr, operand)
          : scalarReinterpret(helpers, expr.operand, expr, operand);
      }
      case "Broadcast":
        return splat(helpers, expr, this.of(expr.operand));
      case "Ramp":
        return ramp(helpers, expr, this.of(expr.base), this.of(expr.stride));
      case "Shuffle":
        return shuffleValue(this, expr);
      case "Load":
        return loadValue(this, expr);
      case "Call":
        throw new CompileError(intrinsicValue(expr.intrinsic, expr.span));
      case "Read":
      case "Reduce":
        throw new InternalError(`\`${expr.kind}\` is not loop IR`);
    }
  }

  private unary(expr: Unary, a: Value): Value {
    return expr.lanes > 1 ? vectorUnary(this.scope.helpers, expr, a) : scalarUnary(this.scope.helpers, expr, a);
  }

  private binary(expr: Binary): Value {
    const { helpers } = this.scope;
    const fused = this.fusible(expr);
    if (fused === undefined) {
      const [a, b] = [this.of(expr.left), this.of(expr.right)];
      return expr.lanes > 1 ? vectorBinary(helpers, expr, a, b) : scalarBinary(helpers, expr, a, b);
    }
    const negate = (value: Value): Value => combine(`-${wrap(value, LEVEL.atom)}`, LEVEL.unary, [value]);
    const { product, addend, productIsLeft } = fused;
    const minus = expr.op === "sub";
    const left = this.of(product.left);
    const c = this.of(addend);
    const name = helpers.use("fma", expr.lanes > 1 ? vectorTypeName(helpers, expr, 0) : typeOf(expr.dtype).short);
    return called(name, [
      minus && !productIsLeft ? negate(left) : left,
      this.of(product.right),
      minus && productIsLeft ? negate(c) : c,
    ]);
  }

  private select(expr: Select | IfThenElse): Value {
    const [condition, a, b] = [this.of(expr.condition), this.of(expr.whenTrue), this.of(expr.whenFalse)];
    if (expr.condition.lanes > 1) return vectorSelect(this.scope.helpers, expr, condition, a, b);
    return this.choice(expr, condition, a, b);
  }

  private choice(expr: Expr, condition: Value, a: Value, b: Value): Value {
    const bits = Math.max(a.maskBits, b.maskBits);
    const [x, y] =
      bits === 0
        ? [a, b]
        : [toMask(this.scope.helpers, a, bits, expr.lanes), toMask(this.scope.helpers, b, bits, expr.lanes)];
    return combine(
      `${wrap(condition, LEVEL.or)} ? ${wrap(x, LEVEL.or)} : ${wrap(y, LEVEL.choice)}`,
      LEVEL.choice,
      [condition, x, y],
      bits,
    );
  }

  /** Evaluates one arm only. A plain `?:` where no arm needs lines of its own. */
  private conditional(expr: IfThenElse): Value {
    const { writer, names } = this.scope;
    if (this.memos.length > MAX_NESTING)
      throw new CompileError(tooLarge("the nesting of conditionals", MAX_NESTING, expr.span));
    const condition = this.of(expr.condition);
    const arm = (root: Expr): { readonly value: Value; readonly lines: readonly string[] } => {
      this.memos.push(new Map());
      let value = atom("0");
      const lines = writer.aside(() => {
        value = this.value(root);
      });
      this.memos.pop();
      return { value, lines };
    };
    const yes = arm(expr.whenTrue);
    const no = arm(expr.whenFalse);
    if (yes.lines.length === 0 && no.lines.length === 0) return this.choice(expr, condition, yes.value, no.value);
    const bits = Math.max(yes.value.maskBits, no.value.maskBits);
    const name = names.take("t");
    const fitted = (value: Value): string =>
      (bits === 0 ? value : toMask(this.scope.helpers, value, bits, expr.lanes)).text;
    writer.declare(name, `${this.typeName(expr, bits)} ${name};`);
    writer.line(`if (${condition.text}) {`);
    writer.append(yes.lines);
    writer.indented(() => writer.line(`${name} = ${fitted(yes.value)};`));
    writer.line("} else {");
    writer.append(no.lines);
    writer.indented(() => writer.line(`${name} = ${fitted(no.value)};`));
    writer.line("}");
    return atom(name, bits);
  }
}

/** The value of a variable that is in scope. */
export function heldBy({ variables }: Scope, variable: Var): Value {
  const value = variables.get(variable);
  invariant(value !== undefined, `nothing binds \`${variable.name}\``);
  return value;
}

/** As cheap to write again as to name: constants, variables, contiguous ranges (folded into accesses) and splats of those. */
function isTrivial(expr: Expr): boolean {
  if (expr.kind === "Const" || expr.kind === "Var" || isContiguous(expr)) return true;
  return expr.kind === "Broadcast" && (expr.operand.kind === "Const" || expr.operand.kind === "Var");
}
