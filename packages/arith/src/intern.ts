import { ARITHMETIC_OPS, type Binary, COMPARE_OPS, type DType, type Expr, isFloat, operandsOf } from "@tilewright/ir";

const OPERATORS = new Map<string, number>([...ARITHMETIC_OPS, ...COMPARE_OPS].map((op, position) => [op, position]));
const COMMUTATIVE: ReadonlySet<string> = new Set([
  "add",
  "mul",
  "min",
  "max",
  "and",
  "or",
  "bitand",
  "bitor",
  "bitxor",
  "eq",
  "ne",
]);
/** Whether operands may be exchanged. The minimum of floats keeps its first operand where a NaN or zeros of both signs meet. */
export const isCommutative = (op: string, dtype: DType): boolean =>
  COMMUTATIVE.has(op) && !((op === "min" || op === "max") && isFloat(dtype));

/** Numbers of expressions up to here fit twice into a key that is a double. */
const MOST_PACKED = 2 ** 21;

interface Entry {
  readonly id: number;
  /** Calls an intrinsic, which may have an effect. */
  readonly impure: boolean;
}

/**
 * Makes structurally equal expressions one object, so that equality is identity. Spans do not count, nor does the order of operands
 * that commute; the first of equals stays. An expression that calls an intrinsic equals nothing but itself.
 */
export class Interner {
  readonly #entries = new Map<Expr, Entry>();
  readonly #binaries = new Map<number, Expr>();
  readonly #integers = new Map<number, Expr>();
  readonly #others = new Map<string, Expr>();
  readonly #things = new Map<object, number>();
  #lastId = 0;

  /** The number of an interned expression, counted from the first. */
  id(expr: Expr): number {
    return this.#entries.get(expr)?.id ?? -1;
  }

  isInterned(expr: Expr): boolean {
    return this.#entries.has(expr);
  }

  /** Whether an interned expression calls an intrinsic. */
  isImpure(expr: Expr): boolean {
    return this.#entries.get(expr)?.impure ?? false;
  }

  /** The representative of `node`, whose children are representatives already. */
  intern(node: Expr): Expr {
    if (this.#entries.has(node)) return node;
    if (node.kind === "Binary" && node.lanes === 1) return this.#internBinary(node);
    if (node.kind === "Const" && node.dtype === "index") return this.#internInteger(node, Number(node.value));
    const children = operandsOf(node);
    const impure = node.kind === "Call" || children.some((child) => this.isImpure(child));
    if (impure || node.kind === "Var" || node.kind === "Reduce") return this.#add(node, impure);
    return this.#internByText(node, this.#key(node, children));
  }

  #add(node: Expr, impure: boolean): Expr {
    this.#entries.set(node, { id: this.#lastId++, impure });
    return node;
  }

  #internInteger(node: Expr, value: number): Expr {
    const known = this.#integers.get(value);
    if (known !== undefined) return known;
    this.#integers.set(value, node);
    return this.#add(node, false);
  }

  #internBinary(node: Binary): Expr {
    const left = this.#entries.get(node.left);
    const right = this.#entries.get(node.right);
    if (left === undefined || right === undefined || left.impure || right.impure) return this.#add(node, true);
    const exchange = left.id > right.id && isCommutative(node.op, node.dtype);
    const a = exchange ? right.id : left.id;
    const b = exchange ? left.id : right.id;
    const operator = (OPERATORS.get(node.op) ?? 0) * 8 + node.fast;
    if (b >= MOST_PACKED || a >= MOST_PACKED || operator >= 256)
      return this.#internByText(node, `${operator} ${a} ${b}`);
    const key = (operator * MOST_PACKED + a) * MOST_PACKED + b;
    const known = this.#binaries.get(key);
    if (known !== undefined) return known;
    this.#binaries.set(key, node);
    return this.#add(node, false);
  }

  #internByText(node: Expr, key: string): Expr {
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    this.#others.set(key, node);
    return this.#add(node, false);
  }

  #thing(thing: object): number {
    const known = this.#things.get(thing) ?? this.#things.size;
    this.#things.set(thing, known);
    return known;
  }

  #key(node: Expr, children: readonly Expr[]): string {
    const ids = children.map((child) => this.id(child));
    const type = `${node.kind} ${node.dtype} ${node.lanes}`;
    switch (node.kind) {
      case "Const":
        return `${type} ${typeof node.value} ${Object.is(node.value, -0) ? "-0" : String(node.value)}`;
      case "Unary":
        return `${type} ${node.op} ${node.fast} ${ids[0]}`;
      case "Binary": {
        const [a = 0, b = 0] = ids;
        return `${type} ${node.op} ${node.fast} ${isCommutative(node.op, node.dtype) ? `${Math.min(a, b)} ${Math.max(a, b)}` : `${a} ${b}`}`;
      }
      case "Load":
        return `${type} ${this.#thing(node.buffer)} ${node.predicate === null} ${ids.join(" ")}`;
      case "Read":
        return `${type} ${this.#thing(node.tensor)} ${ids.join(" ")}`;
      case "Shuffle":
        return `${type} ${node.picks.join(" ")} of ${ids.join(" ")}`;
      default:
        return `${type} ${ids.join(" ")}`;
    }
  }
}
