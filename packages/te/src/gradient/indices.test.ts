import { evaluateTensors } from "@tilewright/interp";
import type { Expr, Tensor } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { integers } from "../../test/differences.js";
import * as te from "../index.js";

const { add, compute, mul, placeholder, read, reduceAxis, sum } = te;

/** c + Σ coefficient · axis, divided, and the remainder of that. */
interface Index {
  readonly coefficients: readonly [number, number, number];
  readonly constant: number;
  readonly divisor: number;
  readonly modulus: number;
}
interface Program {
  readonly extents: readonly [number, number, number];
  readonly lengths: readonly [number, number];
  readonly indices: readonly [Index, Index];
  /** The read counts where this index is at least 0. */
  readonly where: Index;
  readonly guarded: boolean;
}

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: -max, max });
const index: fc.Arbitrary<Index> = fc.record({
  coefficients: fc.tuple(small(3), small(3), small(3)),
  constant: small(4),
  divisor: fc.constantFrom(1, 1, 1, 2, 3, 4),
  modulus: fc.constantFrom(0, 0, 0, 2, 3, 5),
});
const extent = fc.integer({ min: 1, max: 5 });
const program: fc.Arbitrary<Program> = fc.record({
  extents: fc.tuple(extent, extent, extent),
  lengths: fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 })),
  indices: fc.tuple(index, index),
  where: index,
  guarded: fc.boolean(),
});

function indexOf({ coefficients, constant, divisor, modulus }: Index, axes: readonly Expr[]): Expr {
  const whole = coefficients.reduce<Expr>(
    (total, coefficient, d) => add(total, mul(axes[d] as Expr, coefficient)),
    te.constant(constant, "index"),
  );
  const quotient = divisor === 1 ? whole : te.floordiv(whole, divisor);
  return modulus === 0 ? quotient : te.floormod(quotient, modulus);
}

/** Sums of elements of X at arbitrary places; outside it is clamped, or guarded. Undefined where the builder sees that it leaves X. */
function build({ extents, lengths, indices, where, guarded }: Program, X: Tensor): Tensor | undefined {
  const k = reduceAxis(extents[2], "k");
  try {
    return compute(extents.slice(0, 2), (i, j) => {
      const axes = [i, j, k.variable] as const;
      const places = indices.map((each) => indexOf(each, axes));
      const inside = places
        .map((each, d) => te.and(te.ge(each, 0), te.lt(each, lengths[d] as number)))
        .reduce((a, b) => te.and(a, b));
      const element = read(X, ...places);
      return sum(guarded ? te.ifThenElse(inside, element, 0) : element, k, { where: te.ge(indexOf(where, axes), 0) });
    });
  } catch {
    return undefined;
  }
}

/** Of a linear function: its value at each unit vector, weighed by the head. */
function byUnitVectors(Y: Tensor, X: Tensor, size: number, head: Float64Array): number[] {
  return Array.from({ length: size }, (_, at) => {
    const unit = new Float64Array(size).fill(0).with(at, 1);
    const [value] = evaluateTensors([Y], new Map([[X, unit]]));
    return Array.from(value ?? [], Number).reduce((total, each, o) => total + each * (head[o] as number), 0);
  });
}

/** Numbers without a negative zero. */
const plain = (data: ArrayLike<number | bigint> | undefined): number[] =>
  Array.from({ length: data?.length ?? 0 }, (_, at) => Number(data?.[at]) + 0);

describe("gradient of a read at any affine place, quotient or remainder", () => {
  it("is exact", () => {
    const law = fc.property(program, (each) => {
      const { extents, lengths } = each;
      const X = placeholder(lengths, { dtype: "float64", name: "X" });
      const Y = build(each, X);
      fc.pre(Y !== undefined);
      const G = placeholder(extents.slice(0, 2), { dtype: "float64", name: "G" });
      const head = integers(extents[0] * extents[1], 5, 3);
      const size = lengths[0] * lengths[1];
      const gradients = te.gradient(Y as Tensor, [X], { head: G });
      const [actual] = evaluateTensors(gradients, new Map([[G, head]]));
      expect(plain(actual)).toEqual(plain(byUnitVectors(Y as Tensor, X, size, head)));
      // The adjoint of the adjoint is the function itself.
      const [back] = te.gradient(gradients[0] as Tensor, [G], { head: X });
      const whole = new Map([[X, integers(size, 5, 4)]]);
      const [again, direct] = evaluateTensors([back as Tensor, Y as Tensor], whole);
      expect(plain(again)).toEqual(plain(direct));
    });
    fc.assert(law, { numRuns: 200 });
  });
});
