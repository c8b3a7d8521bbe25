import {
  type Binary,
  type Buffer,
  type Expr,
  type IfThenElse,
  operandsOf,
  type Select,
  type Var,
} from "@tilewright/ir";
import { undeclaredHere } from "./errors.js";
import { type Contraction, contractionOf, readsMemory } from "./expression-parts.js";
import type { Facts } from "./facts.js";
import { laneOf } from "./lane-of.js";
import type { Lines } from "./lines.js";
import { elementAt, isVectorAccess, vectorAt } from "./memory.js";
import type { Names } from "./names.js";
import { binaryText, castText, constantText, contractedText, reinterpretText, unaryText } from "./operators.js";
import { atom, cast, choice, infix, prefix, type Text } from "./text.js";
import { laneOfVariable, memoryType, valueType } from "./types.js";

/** A buffer in the text: what it is called, and the bytes that the address of its first element is a multiple of. */
export interface Place {
  readonly name: string;
  readonly alignment: number;
}

/** What is known at a place of the text. */
export interface Scope {
  readonly lines: Lines;
  readonly names: Names;
  readonly facts: Facts;
  readonly variables: Map<Var, string>;
  readonly buffers: Map<Buffer, Place>;
}

/** The text of each lane of a value. */
type Value = readonly Text[];

/** Longer expressions get a line of their own. */
const LONGEST = 96;

/**
 * The expressions of one statement as C++ text, lane by lane. What is used more than once, and what grows long, becomes a constant in a
 * line before the statement; so do vectors that are loaded at once. Where only one arm of a conditional may be evaluated, such lines stand
 * in a branch.
 */
export class Expressions {
  readonly #scope: Scope;
  readonly #uses = new Map<Expr, number>();
  readonly #contractions = new Map<Expr, Contraction | null>();
  readonly #lazy = new Map<Expr, boolean>();
  /** What is known in the statement, and in each arm that is being written. */
  readonly #known: Map<Expr, Value>[] = [new Map()];

  constructor(scope: Scope, ...roots: readonly Expr[]) {
    this.#scope = scope;
    for (const root of roots) this.#count(root);
  }

  /** A scalar. */
  scalar(expr: Expr): string {
    return this.text(expr).text;
  }

  text(expr: Expr): Text {
    return this.value(expr)[0] ?? atom("0");
  }

  /** A value of any number of lanes, as one expression. */
  whole(expr: Expr): string {
    if (expr.kind === "Load" && expr.lanes > 1 && (this.#uses.get(expr) ?? 0) <= 1 && expr.dtype !== "bool") {
      const moved = this.#vector(expr);
      if (moved !== null) return moved;
    }
    if (expr.kind === "Var") return this.#nameOf(expr);
    const lanes = this.value(expr);
    return expr.lanes === 1 ? (lanes[0]?.text ?? "0") : braced(expr, lanes);
  }

  value(root: Expr): Value {
    const stack: Expr[] = [root];
    for (let expr = stack.at(-1); expr !== undefined; expr = stack.at(-1)) {
      const missing =
        this.#find(expr) === undefined ? this.#before(expr).filter((each) => this.#find(each) === undefined) : [];
      if (missing.length > 0) stack.push(...missing.reverse());
      else {
        stack.pop();
        if (this.#find(expr) === undefined) this.#known.at(-1)?.set(expr, this.#kept(expr, this.#compute(expr)));
      }
    }
    return this.#of(root);
  }

  #find(expr: Expr): Value | undefined {
    for (let arm = this.#known.length - 1; arm >= 0; arm--) {
      const value = this.#known[arm]?.get(expr);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  #of(expr: Expr): Value {
    const value = this.#find(expr);
    if (value === undefined) throw undeclaredHere(`\`${expr.kind}\` before its operands`, expr.span);
    return value;
  }

  /** Counts how often each expression is mentioned, so that what is shared is computed once. */
  #count(root: Expr): void {
    const stack: Expr[] = [root];
    for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
      const uses = (this.#uses.get(expr) ?? 0) + 1;
      this.#uses.set(expr, uses);
      if (uses === 1) stack.push(...operandsOf(expr));
    }
  }

  /** Operands whose text is needed before that of `expr`. */
  #before(expr: Expr): readonly Expr[] {
    if (expr.kind === "IfThenElse" && this.#isLazy(expr)) return expr.condition.lanes === 1 ? [expr.condition] : [];
    if (expr.kind === "Load" && expr.indices[0]?.kind === "Ramp")
      return [expr.indices[0].base, ...(expr.predicate === null ? [] : [expr.predicate])];
    const fused = this.#contraction(expr);
    return fused === null ? operandsOf(expr) : [fused.product.left, fused.product.right, fused.addend];
  }

  /** A constant for what is worth one. */
  #kept(expr: Expr, value: Value): Value {
    const shared =
      (this.#uses.get(expr) ?? 0) > 1 && expr.kind !== "Const" && expr.kind !== "Var" && expr.kind !== "Broadcast";
    const isLong = value.some(({ text }) => text.length > LONGEST);
    const plain = value.every(({ text }) => /^[\w.[\]]*$/.test(text) && !text.includes("["));
    return (shared || isLong) && !plain ? this.#declare(expr, value, "t") : value;
  }

  #declare(expr: Expr, value: Value, name: string): Value {
    const type = valueType(expr.dtype, expr.lanes);
    const constant = this.#scope.names.take(name);
    this.#scope.lines.add(`const ${type} ${constant} = ${expr.lanes === 1 ? value[0]?.text : braced(expr, value)};`);
    return lanesOfName(constant, type, expr.lanes);
  }

  #compute(expr: Expr): Value {
    const lanes = <E extends Expr>(of: E, each: (lane: number) => Text): Value =>
      Array.from({ length: of.lanes }, (_, lane) => each(lane));
    const at = (operand: Expr, lane: number): Text => this.#of(operand)[operand.lanes === 1 ? 0 : lane] ?? atom("0");
    switch (expr.kind) {
      case "Const":
        return [constantText(expr)];
      case "Var":
        return this.#variable(expr);
      case "Unary":
        return lanes(expr, (lane) => unaryText(expr, at(expr.operand, lane)));
      case "Binary":
        return lanes(expr, (lane) => this.#binary(expr, at, lane));
      case "Select":
      case "IfThenElse": {
        if (this.#isLazy(expr)) return this.#conditional(expr);
        const { condition, whenTrue, whenFalse } = expr;
        return lanes(expr, (lane) => choice(at(condition, lane), at(whenTrue, lane), at(whenFalse, lane)));
      }
      case "Cast":
        return lanes(expr, (lane) => castText(expr.operand.dtype, expr.dtype, at(expr.operand, lane)));
      case "Reinterpret":
        return lanes(expr, (lane) => reinterpretText(expr.operand.dtype, expr.dtype, at(expr.operand, lane)));
      case "Broadcast":
        return lanes(expr, () => at(expr.operand, 0));
      case "Ramp":
        return lanes(expr, (lane) => this.text(laneOf(expr, lane, new Map())));
      case "Shuffle": {
        const all = expr.vectors.flatMap((vector) => this.#of(vector));
        return expr.picks.map((pick) => all[pick] ?? atom("0"));
      }
      case "Load":
        return this.#load(expr);
      default:
        throw undeclaredHere(
          expr.kind === "Call" ? `the intrinsic \`${expr.intrinsic}\`` : `\`${expr.kind}\``,
          expr.span,
        );
    }
  }

  #variable(expr: Var): Value {
    return lanesOfName(this.#nameOf(expr), valueType(expr.dtype, expr.lanes), expr.lanes);
  }

  #nameOf(expr: Var): string {
    const name = this.#scope.variables.get(expr);
    if (name === undefined) throw undeclaredHere(`the variable \`${expr.name}\``, expr.span);
    return name;
  }

  #binary(expr: Binary, at: (operand: Expr, lane: number) => Text, lane: number): Text {
    const fused = this.#contraction(expr);
    if (fused === null) return binaryText(expr, at(expr.left, lane), at(expr.right, lane), this.#scope.facts);
    const { product, addend, sign } = fused;
    const [a, c] = [at(product.left, lane), at(addend, lane)];
    return contractedText(
      expr.dtype,
      sign.product < 0 ? prefix("-", a) : a,
      at(product.right, lane),
      sign.addend < 0 ? prefix("-", c) : c,
    );
  }

  #contraction(expr: Expr): Contraction | null {
    const known = this.#contractions.get(expr);
    if (known !== undefined) return known;
    const found = contractionOf(expr, (product) => this.#uses.get(product) === 1);
    this.#contractions.set(expr, found);
    return found;
  }

  #isLazy(expr: Select | IfThenElse): boolean {
    if (expr.kind === "Select") return false;
    const known = this.#lazy.get(expr) ?? (readsMemory(expr.whenTrue) || readsMemory(expr.whenFalse));
    this.#lazy.set(expr, known);
    return known;
  }

  #load(expr: Extract<Expr, { readonly kind: "Load" }>): Value {
    const { scope, index } = this.#place(expr);
    const condition = expr.predicate === null ? null : this.#of(expr.predicate);
    const moved = this.#vector(expr);
    if (moved !== null) {
      const name = scope.names.take(`${expr.buffer.name}${expr.lanes}`);
      const type = memoryType(expr.buffer.dtype, expr.lanes);
      scope.lines.add(`const ${type} ${name} = ${moved};`);
      return lanesOfName(name, type, expr.lanes).map((lane) => fromMemory(expr.buffer, lane));
    }
    const first = index.kind === "Ramp" ? this.#named(index.base) : null;
    return Array.from({ length: expr.lanes }, (_, lane) => {
      const at =
        first === null ? (this.#of(index)[lane] ?? atom("0")) : lane === 0 ? first : infix("+", first, atom(`${lane}`));
      const element = fromMemory(expr.buffer, elementAt(scope.buffers, expr.buffer, at));
      return condition === null
        ? element
        : choice(condition[lane] ?? atom("true"), element, cast(valueType(expr.dtype), atom("0")));
    });
  }

  /** Neighbours in memory that one instruction loads; null where it cannot. */
  #vector(expr: Extract<Expr, { readonly kind: "Load" }>): string | null {
    const { scope, index } = this.#place(expr);
    const isPlain = index.kind === "Ramp" && expr.predicate === null;
    if (!isPlain || !isVectorAccess(expr.buffer, index, scope.buffers, scope.facts)) return null;
    const type = memoryType(expr.buffer.dtype, expr.lanes);
    return `*${vectorAt(`const ${type}`, scope.buffers, expr.buffer, this.text(index.base))}`;
  }

  /** A scalar that is mentioned several times, as a name where its text is long. */
  #named(expr: Expr): Text {
    const text = this.text(expr);
    return text.text.length < 24 ? text : (this.#declare(expr, [text], "t")[0] ?? text);
  }

  #place({ buffer, indices, span }: Extract<Expr, { readonly kind: "Load" }>): {
    readonly scope: Scope;
    readonly index: Expr;
  } {
    const [index] = indices;
    if (index === undefined || !this.#scope.buffers.has(buffer))
      throw undeclaredHere(`the buffer \`${buffer.name}\``, span);
    return { scope: this.#scope, index };
  }

  /** Evaluates one arm only; with lanes, one arm for each. */
  #conditional(expr: Select | IfThenElse): Value {
    if (expr.condition.lanes > 1)
      return Array.from({ length: expr.lanes }, (_, lane) => {
        const single = laneOf(expr, lane, new Map());
        this.#count(single);
        return this.text(single);
      });
    const condition = this.text(expr.condition);
    const [yes, no] = [this.#arm(expr.whenTrue), this.#arm(expr.whenFalse)];
    if (yes.lines.length === 0 && no.lines.length === 0)
      return yes.value.map((text, lane) => choice(condition, text, no.value[lane] ?? atom("0")));
    const { lines, names } = this.#scope;
    const type = valueType(expr.dtype, expr.lanes);
    const name = names.take("chosen");
    const assign = (value: Value): string => `${name} = ${expr.lanes === 1 ? value[0]?.text : braced(expr, value)};`;
    lines.add(`${type} ${name};`);
    lines.add(`if (${condition.text}) {`);
    lines.append([...yes.lines, ...lines.aside(() => lines.add(assign(yes.value)))]);
    lines.add("} else {");
    lines.append([...no.lines, ...lines.aside(() => lines.add(assign(no.value)))]);
    lines.add("}");
    return lanesOfName(name, type, expr.lanes);
  }

  #arm(root: Expr): { readonly value: Value; readonly lines: readonly string[] } {
    this.#known.push(new Map());
    let value: Value = [];
    const lines = this.#scope.lines.aside(() => {
      value = this.value(root);
    });
    this.#known.pop();
    return { value, lines };
  }
}

const lanesOfName = (name: string, type: string, lanes: number): Value =>
  lanes === 1 ? [atom(name)] : Array.from({ length: lanes }, (_, lane) => atom(laneOfVariable(name, type, lane)));

/** A vector of its lanes, on several lines where one would be long. */
function braced(expr: Expr, lanes: Value): string {
  const texts = lanes.map(({ text }) => text);
  const type = valueType(expr.dtype, expr.lanes);
  const line = texts.join(", ");
  return line.length <= LONGEST ? `${type}{${line}}` : `${type}{\n  ${texts.join(",\n  ")}\n}`;
}

/** A byte that is not 0 is true. */
const fromMemory = ({ dtype }: Buffer, element: Text): Text =>
  dtype === "bool" ? infix("!=", element, atom("0")) : element;
