// A scalar index expression as a sum: constant + Σ coefficient · atom. What is not a sum or a product with a constant is an atom.
import { build, type Expr, int } from "@tilewright/ir";
import { plus, times } from "./index-arithmetic.js";

export interface Term {
  readonly atom: Expr;
  readonly coefficient: number;
}

export interface LinearForm {
  readonly constant: number;
  readonly terms: readonly Term[];
}

/**
 * The linear form of `expr`; like atoms are merged when they are the same object, or have the same `key`.
 * Terms stand in order of first appearance.
 */
export function linearFormOf(expr: Expr, key: (atom: Expr) => unknown = (atom) => atom): LinearForm {
  let constant = 0;
  const terms = new Map<unknown, { atom: Expr; coefficient: number }>();
  const work: { expr: Expr; factor: number }[] = [{ expr, factor: 1 }];
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    const { expr: node, factor } = item;
    if (node.kind === "Const") {
      constant += factor * Number(node.value);
      continue;
    }
    if (node.kind === "Binary" && (node.op === "add" || node.op === "sub")) {
      work.push({ expr: node.right, factor: node.op === "add" ? factor : -factor }, { expr: node.left, factor });
      continue;
    }
    if (node.kind === "Binary" && node.op === "mul" && node.right.kind === "Const") {
      work.push({ expr: node.left, factor: factor * Number(node.right.value) });
      continue;
    }
    if (node.kind === "Binary" && node.op === "mul" && node.left.kind === "Const") {
      work.push({ expr: node.right, factor: factor * Number(node.left.value) });
      continue;
    }
    if (node.kind === "Unary" && node.op === "neg") {
      work.push({ expr: node.operand, factor: -factor });
      continue;
    }
    const name = key(node);
    const known = terms.get(name);
    if (known === undefined) terms.set(name, { atom: node, coefficient: factor });
    else known.coefficient += factor;
  }
  return { constant, terms: [...terms.values()].filter((term) => term.coefficient !== 0) };
}

/** The sum of `terms`, without the constant; positive coefficients first, so that no negation is needed. */
export function sumOf(terms: readonly Term[]): Expr {
  const first = terms.filter((term) => term.coefficient > 0);
  const rest = terms.filter((term) => term.coefficient < 0);
  let sum: Expr = first.length === 0 ? int(0) : scaled(first[0] as Term);
  for (const term of first.slice(1)) sum = plus(sum, scaled(term));
  for (const { atom, coefficient } of rest) {
    sum = build.sub(sum, times(atom, int(-coefficient)));
  }
  return sum;
}

/** The form as an expression: constant last. */
export function toExpr({ constant, terms }: LinearForm): Expr {
  return plus(sumOf(terms), int(constant));
}

const scaled = ({ atom, coefficient }: Term): Expr => times(atom, int(coefficient));
