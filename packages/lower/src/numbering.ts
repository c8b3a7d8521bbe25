// Structural value numbers: two expressions have one number exactly when they are built alike from the same variables and buffers.
import type { Buffer, Expr, Var } from "@tilewright/ir";
import { operandsOf } from "@tilewright/ir";
import { postorder } from "./operands.js";

/** Numbers of expressions. `versionOf` tells apart the values that a register, or the memory of a buffer, has at different times. */
export interface Numbering {
  /** `cache` holds numbers of nodes seen while no version changes. */
  of(expr: Expr, cache?: Map<Expr, number>): number;
  /** From now on `variable` has the number of its value. */
  define(variable: Var, number: number): void;
}

export function createNumbering(versionOf: (thing: Var | Buffer) => number = () => 0): Numbering {
  const numbers = new Map<string, number>();
  const identities = new Map<object, number>();
  const identityOf = (thing: object): number => {
    const known = identities.get(thing);
    if (known !== undefined) return known;
    identities.set(thing, identities.size);
    return identities.size - 1;
  };
  const numberOf = (key: string): number => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  };
  const defined = new Map<Var, number>();
  const headOf = (expr: Expr): string => {
    switch (expr.kind) {
      case "Const":
        return `c${expr.dtype}${Object.is(expr.value, -0) ? "-0" : String(expr.value)}`;
      case "Var":
        return `v${identityOf(expr)}.${versionOf(expr)}`;
      case "Unary":
        return `u${expr.op}${expr.fast}`;
      case "Binary":
        return `${expr.op}${expr.fast}`;
      case "Load":
        return `l${identityOf(expr.buffer)}.${versionOf(expr.buffer)}${expr.predicate === null ? "" : "p"}`;
      case "Cast":
      case "Reinterpret":
        return `${expr.kind}${expr.dtype}`;
      case "Ramp":
      case "Broadcast":
        return `${expr.kind}${expr.lanes}`;
      case "Shuffle":
        return `s${expr.picks.join(".")}`;
      case "Select":
      case "IfThenElse":
        return expr.kind;
      default:
        return `o${identityOf(expr)}`; // a call may have an effect: equal to itself alone
    }
  };
  return {
    of(root, cache = new Map()) {
      return postorder(root, cache, (expr) => {
        const held = expr.kind === "Var" ? defined.get(expr) : undefined;
        if (held !== undefined) return held;
        let key = headOf(expr);
        const operands = operandsOf(expr);
        for (let place = 0; place < operands.length; place++) key += `,${cache.get(operands[place] as Expr)}`;
        return numberOf(key);
      });
    },
    define: (of, number) => void defined.set(of, number),
  };
}
