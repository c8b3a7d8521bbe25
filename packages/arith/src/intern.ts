import type { Expr } from "@tilewright/ir";
import { childrenOf } from "./children.js";

/**
 * Makes structurally equal expressions one object, so that equality is identity. Spans do not count; the first of equals stays.
 * An expression that calls an intrinsic may have an effect: it equals nothing but itself.
 */
export class Interner {
  readonly #ids = new Map<object, number>();
  readonly #canonical = new Map<string, Expr>();
  readonly #interned = new Set<Expr>();
  readonly #impure = new Set<Expr>();

  /** A number for each object, counted from the first seen. */
  id(thing: object): number {
    let id = this.#ids.get(thing);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(thing, id);
    }
    return id;
  }

  /** Whether an interned expression calls an intrinsic. */
  isImpure(expr: Expr): boolean {
    return this.#impure.has(expr);
  }

  /** The representative of `node`, whose children are representatives already. */
  intern(node: Expr): Expr {
    if (this.#interned.has(node)) return node;
    const children = childrenOf(node);
    if (node.kind === "Call" || children.some((child) => this.#impure.has(child))) this.#impure.add(node);
    const key =
      this.#impure.has(node) || node.kind === "Var" || node.kind === "Reduce" ? undefined : this.#key(node, children);
    const known = key === undefined ? undefined : this.#canonical.get(key);
    if (known !== undefined) return known;
    if (key !== undefined) this.#canonical.set(key, node);
    this.#interned.add(node);
    return node;
  }

  #key(node: Expr, children: readonly Expr[]): string {
    const ids = children.map((child) => this.id(child));
    const type = `${node.kind} ${node.dtype} ${node.lanes}`;
    switch (node.kind) {
      case "Const":
        return `${type} ${typeof node.value} ${Object.is(node.value, -0) ? "-0" : String(node.value)}`;
      case "Unary":
        return `${type} ${node.op} ${node.fast} ${ids[0]}`;
      case "Binary":
        return `${type} ${node.op} ${node.fast} ${ids[0]} ${ids[1]}`;
      case "Load":
        return `${type} ${this.id(node.buffer)} ${node.predicate === null} ${ids.join(" ")}`;
      case "Read":
        return `${type} ${this.id(node.tensor)} ${ids.join(" ")}`;
      case "Shuffle":
        return `${type} ${node.picks.join(" ")} of ${ids.join(" ")}`;
      default:
        return `${type} ${ids.join(" ")}`;
    }
  }
}
