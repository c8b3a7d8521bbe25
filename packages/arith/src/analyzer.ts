import { NO_SPAN, type Span } from "@tilewright/diagnostics";
import {
  type Binary,
  type BinaryOp,
  type Cast,
  COMPARE_OPS,
  constant,
  type DType,
  type Expr,
  isInteger,
  type Select,
  type IfThenElse,
  type Unary,
  type UnaryOp,
  type Var,
} from "@tilewright/ir";
import { nodeBounds, rangeOf } from "./bounds.js";
import { childrenOf, withChildren } from "./children.js";
import { compareIndex } from "./compare.js";
import { divideIndex } from "./divide.js";
import { extremumIndex } from "./extremum.js";
import { foldBinary, foldCast, foldUnary, type Value } from "./fold.js";
import { Interner } from "./intern.js";
import { addIntervals, type Interval, intersect, point, scaleInterval, UNBOUNDED, within } from "./interval.js";
import { addLinear, atomLinear, constantLinear, contentOf, type Linear, scaleLinear, type Term } from "./linear.js";
import { differenceBounds } from "./difference.js";
import { type Modulus, nodeModulus } from "./modulus.js";
import { classOf, constantOf, isCommutative } from "./pattern.js";
import { recompose } from "./recompose.js";
import { applyRules } from "./apply.js";
import type { Scope } from "./scope.js";

const COMPARISONS: ReadonlySet<string> = new Set(COMPARE_OPS);
/** Rules build expressions by the same constructors; deeper than this they are built as they are. */
const DEEPEST = 24;
const DEEPEST_BOUNDS = 64;

/**
 * Simplifying constructors: each takes simplified, interned operands and gives a simplified, interned expression. Sums of `index`
 * have a normal form (`linear.ts`), everything else goes by rules (`rules/`).
 */
export class Analyzer {
  readonly interner = new Interner();
  scope: Scope;
  /** The span of new nodes, and the node that they replace, which is kept when it is as good. */
  span: Span = NO_SPAN;
  candidate: Expr | undefined;
  /** Variables that stand for a simplified expression everywhere. */
  readonly values = new Map<Var, Expr>();
  #depth = 0;
  readonly #linear = new Map<Expr, Linear>();
  readonly #sums = new Map<string, Expr>();
  readonly #products = new Map<string, Expr>();
  readonly #commuted = new Map<string, Expr>();
  readonly #modulus = new Map<Expr, Modulus>();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** A node as it is, interned; operands of commutative operators in one order, constants last. */
  node(made: Expr): Expr {
    if (
      made.kind === "Binary" &&
      isCommutative(made.op) &&
      !this.interner.isImpure(made.left) &&
      !this.interner.isImpure(made.right)
    ) {
      const { left, right } = made;
      if (constantOf(left) !== undefined && constantOf(right) === undefined)
        return this.node({ ...made, left: right, right: left });
      const [a, b] = [this.interner.id(left), this.interner.id(right)];
      const key = `${made.op} ${made.fast} ${made.lanes} ${Math.min(a, b)} ${Math.max(a, b)}`;
      const known = this.#commuted.get(key);
      if (known !== undefined) return known;
      const fresh = this.interner.intern(this.#preferCandidate(made));
      this.#commuted.set(key, fresh);
      return fresh;
    }
    return this.interner.intern(this.#preferCandidate(made));
  }

  /** The node being replaced, when the new one has the same operator and the same operands. */
  #preferCandidate(made: Expr): Expr {
    const old = this.candidate;
    if (old === undefined || old.kind !== made.kind || old.dtype !== made.dtype || old.lanes !== made.lanes)
      return made;
    if (old.kind === "Const" && made.kind === "Const") return Object.is(old.value, made.value) ? old : made;
    const [before, after] = [childrenOf(old), childrenOf(made)];
    if (before.length !== after.length || before.some((child, position) => child !== after[position])) return made;
    if (old.kind === "Binary" && made.kind === "Binary")
      return old.op === made.op && old.fast === made.fast ? old : made;
    if (old.kind === "Unary" && made.kind === "Unary") return old.op === made.op && old.fast === made.fast ? old : made;
    return before.length > 0 &&
      (old.kind === "Cast" ||
        old.kind === "Broadcast" ||
        old.kind === "Ramp" ||
        old.kind === "Select" ||
        old.kind === "IfThenElse")
      ? old
      : made;
  }

  const(value: Value, dtype: DType, lanes = 1): Expr {
    const scalar = this.node(
      constant(typeof value === "number" && value === 0 && dtype === "index" ? 0 : value, dtype, this.span),
    );
    return lanes === 1 ? scalar : this.node({ kind: "Broadcast", span: this.span, dtype, lanes, operand: scalar });
  }
  int(value: number): Expr {
    return this.const(value, "index");
  }

  // ---- sums -----------------------------------------------------------------------------------------------------------------------

  /** The normal form of a scalar `index` expression. */
  linearOf(expr: Expr): Linear {
    if (expr.kind === "Const") return constantLinear(Number(expr.value) + 0);
    return this.#linear.get(expr) ?? atomLinear(expr);
  }

  /** The expression of a normal form: positive terms first, the constant last. */
  fromLinear(linear: Linear): Expr {
    const { terms, constant: rest } = linear;
    if (terms.length === 0) return this.int(rest);
    const [only] = terms;
    if (terms.length === 1 && rest === 0 && only?.coefficient === 1) return only.atom;
    const key = `${terms
      .map(({ atom, coefficient }) => `${this.interner.id(atom)}:${coefficient}`)
      .sort()
      .join(" ")} ${rest}`;
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const built = this.#buildSum(terms, rest);
    this.#sums.set(key, built);
    if (built.kind !== "Const") this.#linear.set(built, linear);
    return built;
  }

  #buildSum(terms: readonly Term[], rest: number): Expr {
    const first = terms.find(({ coefficient }) => coefficient > 0);
    const fromConstant = first === undefined && rest !== 0;
    const start = fromConstant ? this.int(rest) : this.#scaled(first ?? (terms[0] as Term));
    const others = fromConstant ? terms : terms.filter((term) => term !== (first ?? terms[0]));
    let sum = start;
    for (const { atom, coefficient } of others) {
      sum = this.#plain(
        coefficient < 0 ? "sub" : "add",
        sum,
        this.#scaled({ atom, coefficient: Math.abs(coefficient) }),
      );
    }
    if (fromConstant || rest === 0) return sum;
    return this.#plain(rest < 0 ? "sub" : "add", sum, this.int(Math.abs(rest)));
  }

  #scaled({ atom, coefficient }: Term): Expr {
    if (coefficient === 1) return atom;
    const made = this.#plain("mul", atom, this.int(coefficient));
    if (!this.#linear.has(made)) this.#linear.set(made, { terms: [{ atom, coefficient }], constant: 0 });
    return made;
  }

  #plain(op: BinaryOp, left: Expr, right: Expr, fast = 0): Expr {
    const dtype = COMPARISONS.has(op) ? "bool" : left.dtype;
    return this.node({ kind: "Binary", span: this.span, dtype, lanes: left.lanes, op, left, right, fast });
  }
  /** A binary node that no rule is tried on. */
  plain(op: BinaryOp, left: Expr, right: Expr): Expr {
    return this.#plain(op, left, right);
  }

  #sum(op: BinaryOp, left: Expr, right: Expr): Expr {
    const sum = addLinear(this.linearOf(left), this.linearOf(right), op === "sub" ? -1 : 1);
    const found = sum ?? addLinear(this.longAsAtom(left), this.longAsAtom(right), op === "sub" ? -1 : 1);
    return found === undefined ? this.#plain(op, left, right) : this.fromLinear(recompose(this, found));
  }
  /** A sum that has grown too long to be taken apart. */
  longAsAtom(expr: Expr): Linear {
    const linear = this.linearOf(expr);
    return linear.terms.length <= 1 ? linear : atomLinear(expr);
  }

  /** Constant factors are pulled out, sums distributed over single terms, products of atoms ordered. */
  #product(left: Expr, right: Expr): Expr {
    const [a, b] = [this.linearOf(left), this.linearOf(right)];
    if (a.terms.length === 0 || b.terms.length === 0) {
      const [sum, factor] = a.terms.length === 0 ? [b, a.constant] : [a, b.constant];
      const scaled = scaleLinear(sum, factor);
      return scaled === undefined ? this.#plain("mul", left, right) : this.fromLinear(scaled);
    }
    const single = (linear: Linear): Term | undefined =>
      linear.terms.length === 1 && linear.constant === 0 ? linear.terms[0] : undefined;
    const [one, many] = single(b) === undefined ? [single(a), b] : [single(b), a];
    if (one === undefined) return this.#monomial([left, right]);
    const terms: Linear[] = many.terms.map(({ atom, coefficient }) => ({
      terms: [
        {
          atom: this.#monomial([...this.factorsOf(atom), ...this.factorsOf(one.atom)]),
          coefficient: coefficient * one.coefficient,
        },
      ],
      constant: 0,
    }));
    if (many.constant !== 0)
      terms.push({ terms: [{ atom: one.atom, coefficient: one.coefficient * many.constant }], constant: 0 });
    const sum = terms.reduce<Linear | undefined>((total, term) => total && addLinear(total, term), constantLinear(0));
    return sum === undefined ? this.#plain("mul", left, right) : this.fromLinear(recompose(this, sum));
  }

  /** The factors of an atom that is a product. */
  factorsOf(atom: Expr): readonly Expr[] {
    const factors: Expr[] = [];
    let rest = atom;
    while (rest.kind === "Binary" && rest.op === "mul" && rest.lanes === 1 && factors.length < 8) {
      factors.unshift(rest.right);
      rest = rest.left;
    }
    return [rest, ...factors];
  }

  #monomial(factors: readonly Expr[]): Expr {
    const key = factors
      .map((factor) => this.interner.id(factor))
      .sort((a, b) => a - b)
      .join(" ");
    const known = this.#products.get(key);
    if (known !== undefined) return known;
    const [first, ...others] = factors as readonly [Expr, ...Expr[]];
    const built = others.reduce((product, factor) => this.#plain("mul", product, factor), first);
    this.#products.set(key, built);
    return built;
  }
  /** The product of atoms; 1 of none. */
  monomial(factors: readonly Expr[]): Expr {
    return factors.length === 0 ? this.int(1) : this.#monomial(factors);
  }

  // ---- what is known --------------------------------------------------------------------------------------------------------------

  /** Constant bounds of a simplified expression in the present scope. */
  bounds(expr: Expr, depth = 0): Interval {
    const known = this.scope.bounds.get(expr);
    if (known !== undefined) return known;
    if (depth > DEEPEST_BOUNDS) return rangeOf(expr.dtype);
    const linear = this.linearOf(expr);
    const sum = expr.dtype === "index" && !(linear.terms.length === 1 && linear.terms[0]?.atom === expr);
    const found = sum ? this.linearBounds(linear, depth) : this.#atomBounds(expr, depth);
    this.scope.bounds.set(expr, found);
    return found;
  }

  #atomBounds(expr: Expr, depth: number): Interval {
    const own = nodeBounds(expr, (child) => this.bounds(child, depth + 1), this.scope.ranges);
    const facts = this.scope.atomInterval(expr);
    return facts === undefined ? own : intersect(own, facts);
  }

  /** Bounds of a sum: of its terms, of what facts say of it, of differences of clamps. */
  linearBounds(linear: Linear, depth = 0): Interval {
    let found = point(linear.constant);
    for (const { atom, coefficient } of linear.terms)
      found = addIntervals(found, scaleInterval(this.bounds(atom, depth + 1), coefficient));
    if (
      linear.terms.length < 2 ||
      (Number.isFinite(found.min) && Number.isFinite(found.max) && found.min === found.max)
    )
      return found;
    if (this.scope.hasDirections) found = intersect(found, this.#factBounds(linear, depth));
    return depth > 8 ? found : intersect(found, differenceBounds(this, linear, depth));
  }

  #factBounds(linear: Linear, depth: number): Interval {
    const { key, factor } = this.direction(linear.terms);
    const direct = this.scope.directionInterval(key);
    let found = direct === undefined ? UNBOUNDED : addIntervals(scaleInterval(direct, factor), point(linear.constant));
    if (depth > 2 || linear.terms.length > 8) return found;
    for (const { terms, interval } of this.scope.directions()) {
      const shared = terms[0] && linear.terms.find(({ atom }) => atom === terms[0]?.atom);
      if (shared === undefined || terms.length > linear.terms.length + 1) continue;
      const times = shared.coefficient / (terms[0]?.coefficient ?? 1);
      const rest = Number.isInteger(times) ? addLinear(linear, { terms, constant: 0 }, -times) : undefined;
      if (rest === undefined || rest.terms.length >= linear.terms.length) continue;
      found = intersect(found, addIntervals(this.linearBounds(rest, depth + 1), scaleInterval(interval, times)));
    }
    return found;
  }

  /** A sum of terms without its common factor and with its first atom positive, as a key. */
  direction(terms: readonly Term[]): {
    readonly key: string;
    readonly factor: number;
    readonly terms: readonly Term[];
  } {
    const ordered = [...terms].sort((a, b) => this.interner.id(a.atom) - this.interner.id(b.atom));
    const factor = contentOf(ordered) * ((ordered[0]?.coefficient ?? 1) < 0 ? -1 : 1);
    const normal = ordered.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / factor }));
    return {
      key: normal.map(({ atom, coefficient }) => `${this.interner.id(atom)}:${coefficient}`).join(" "),
      factor,
      terms: normal,
    };
  }

  /** The residue class of a simplified expression. */
  modulus(expr: Expr, depth = 0): Modulus {
    const known = this.#modulus.get(expr);
    if (known !== undefined) return known;
    if (depth > DEEPEST_BOUNDS) return { modulus: 1, remainder: 0 };
    const found = nodeModulus(expr, (child) => this.modulus(child, depth + 1), new Map());
    this.#modulus.set(expr, found);
    return found;
  }

  /** Bounds of left − right. */
  difference(left: Expr, right: Expr): Interval {
    const linear = addLinear(this.linearOf(left), this.linearOf(right), -1);
    return linear === undefined ? UNBOUNDED : this.linearBounds(linear);
  }

  // ---- constructors ---------------------------------------------------------------------------------------------------------------

  binary(op: BinaryOp, left: Expr, right: Expr, fast = 0): Expr {
    if (this.#depth > DEEPEST || this.interner.isImpure(left) || this.interner.isImpure(right))
      return this.#plain(op, left, right, fast);
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
    const plain = this.#plain(op, left, right, fast);
    return applyRules(this, plain) ?? this.#byBounds(plain);
  }

  #index(op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
    if (op === "add" || op === "sub") return this.#sum(op, left, right);
    if (op === "mul") return this.#product(left, right);
    if (op === "floordiv" || op === "floormod") return divideIndex(this, op, left, right);
    if (op === "min" || op === "max") return extremumIndex(this, op, left, right);
    return COMPARISONS.has(op) ? compareIndex(this, op, left, right) : undefined;
  }

  #foldBinary(op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
    const [a, b] = [constantOf(left), constantOf(right)];
    if (a === undefined || b === undefined) return undefined;
    const value = foldBinary(op, a.value, b.value, left.dtype);
    return value === undefined ? undefined : this.const(value, COMPARISONS.has(op) ? "bool" : left.dtype, left.lanes);
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
    const plain = (): Expr =>
      this.node({ kind: "Cast", span: this.span, dtype, lanes: operand.lanes, operand } satisfies Cast);
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
    const same = withChildren(node, children);
    this.candidate = same === node ? node : undefined;
    const [a, b, c] = children as readonly [Expr, Expr, Expr];
    switch (node.kind) {
      case "Binary":
        return this.binary(node.op, a, b, node.fast) satisfies Expr | Binary;
      case "Unary":
        return this.unary(node.op, a, node.fast);
      case "Select":
      case "IfThenElse":
        return this.choice(node.kind, a, b, c);
      case "Cast":
        return this.cast(a, node.dtype);
      case "Ramp":
        return this.ramp(a, b, node.lanes);
      case "Broadcast":
        return this.broadcast(a, node.lanes);
      case "Var":
        return this.#variable(node);
      case "Load":
        return this.#load(same);
      default:
        return this.interner.intern(same);
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

function decide(op: BinaryOp, x: Interval, y: Interval): boolean | undefined {
  const [below, above] = [x.max < y.min, x.min > y.max];
  switch (op) {
    case "lt":
      return below ? true : x.min >= y.max ? false : undefined;
    case "ge":
      return below ? false : x.min >= y.max ? true : undefined;
    case "gt":
      return above ? true : x.max <= y.min ? false : undefined;
    case "le":
      return above ? false : x.max <= y.min ? true : undefined;
    case "eq":
      return below || above ? false : x.min === x.max && y.min === y.max && x.min === y.min ? true : undefined;
    case "ne":
      return below || above ? true : x.min === x.max && y.min === y.max && x.min === y.min ? false : undefined;
    default:
      return undefined;
  }
}
