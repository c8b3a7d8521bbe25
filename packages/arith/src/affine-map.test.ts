import { build as b, type Expr, int, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, points, show } from "../test/arbitraries.js";
import { type AffineMap, affineMap, expressionsOf, type MapInput, outputExtents } from "./affine-map.js";
import { inverseOf, isBijective, isInjective } from "./inverse-map.js";

const floordiv = (a: Expr, d: number): Expr => b.binary("floordiv", a, int(d));
const floormod = (a: Expr, d: number): Expr => b.binary("floormod", a, int(d));
const inputsOf = (...extents: readonly number[]): readonly MapInput[] =>
  extents.map((extent, position) => ({ variable: variable(`i${position}`), extent }));
const box = (inputs: readonly MapInput[]) =>
  points(inputs.map(({ variable: each, extent }) => [each, { min: 0, max: extent - 1 }]));
const at = (exprs: readonly Expr[], point: ReadonlyMap<Var, number>): readonly number[] =>
  exprs.map((each) => Number(evaluate(each, point)));
const known = (map: AffineMap | undefined): AffineMap => {
  if (map === undefined) throw new Error("no affine map");
  return map;
};
const mapOf = (inputs: readonly MapInput[], outputs: readonly Expr[]): AffineMap => known(affineMap(inputs, outputs));

describe("affineMap", () => {
  it("gives digits with large factors first", () => {
    const inputs = inputsOf(8, 16);
    const [i, j] = inputs.map((each) => each.variable) as [Var, Var];
    const { outputs } = mapOf(inputs, [b.add(b.add(floormod(j, 4), int(3)), b.mul(i, int(4))), floordiv(j, 4)]);
    expect(outputs).toEqual([
      {
        digits: [
          { input: i, divisor: 1, modulus: null, factor: 4, range: { min: 0, max: 7 } },
          { input: j, divisor: 1, modulus: 4, factor: 1, range: { min: 0, max: 3 } },
        ],
        offset: 3,
      },
      { digits: [{ input: j, divisor: 4, modulus: null, factor: 1, range: { min: 0, max: 3 } }], offset: 0 },
    ]);
  });

  it("sees through nested forms", () => {
    const inputs = inputsOf(4, 8);
    const [i, j] = inputs.map((each) => each.variable) as [Var, Var];
    const fused = b.add(b.mul(i, int(8)), j);
    const { outputs } = mapOf(inputs, [floordiv(fused, 4), floordiv(floormod(fused, 4), 2), floormod(fused, 2)]);
    expect(outputs[0]?.digits.map(({ input, divisor, factor }) => [input, divisor, factor])).toEqual([
      [i, 1, 2],
      [j, 4, 1],
    ]);
    expect(outputs[1]?.digits.map(({ input, divisor, modulus }) => [input, divisor, modulus])).toEqual([[j, 2, 2]]);
  });

  it("keeps a fused sum that a split cuts across as one input, wherever it stands", () => {
    const inputs = inputsOf(2, 6);
    const [i, j] = inputs.map((each) => each.variable) as [Var, Var];
    const fused = b.add(b.mul(i, int(6)), j);
    const map = mapOf(inputs, [floordiv(fused, 4), floormod(fused, 4)]);
    const [first, second] = map.outputs.map(({ digits }) => digits[0]?.input);
    expect(first).toBe(second);
    const outputs = [variable("p"), variable("q")];
    expect(inverseOf(map, outputs)?.map(show)).toEqual([
      "(((p mul 4) add q) floordiv 6)",
      "(((p mul 4) add q) floormod 6)",
    ]);
  });

  it.each([
    ["a product of inputs", (i: Var, j: Var) => b.mul(i, j)],
    ["a minimum", (i: Var) => b.binary("min", i, int(3))],
    ["another variable", () => variable("n")],
    ["a division by an input", (i: Var, j: Var) => b.binary("floordiv", i, b.add(j, int(1)))],
    ["another type", () => variable("x", "float32")],
    ["values beyond the safe integers", (i: Var) => b.mul(i, int(2 ** 52))],
    [
      "divisions nested without end",
      (i: Var, j: Var) =>
        Array.from({ length: 4000 }).reduce<Expr>((e) => floormod(b.add(floordiv(e, 2), b.mul(j, int(3))), 5), i),
    ],
  ])("is none of %s", (_, output) => {
    const inputs = inputsOf(8, 8);
    const [i, j] = inputs.map((each) => each.variable) as [Var, Var];
    expect(affineMap(inputs, [output(i, j)])).toBeUndefined();
  });

  it.each([[0], [-1], [1.5], [Number.POSITIVE_INFINITY]])("is none over the extent %d", (extent) => {
    expect(affineMap(inputsOf(extent), [int(0)])).toBeUndefined();
  });

  it("counts points exactly", () => {
    const inputs = inputsOf(2 ** 30 + 1, 2 ** 30 + 1);
    const [i, j] = inputs.map((each) => each.variable) as [Var, Var];
    expect(isBijective(mapOf(inputs, [i, j]))).toBe(true);
    expect(isBijective(mapOf(inputs, [i, b.mul(j, int(2))]))).toBe(false);
  });

  it("takes constants from its context", () => {
    const n = variable("n");
    const inputs = inputsOf(4);
    const [i] = inputs.map((each) => each.variable) as [Var];
    const map = affineMap(inputs, [b.add(i, n)], { ranges: new Map([[n, { min: 2, max: 2 }]]) });
    expect(map && outputExtents(map)).toEqual([6]);
  });
});

describe("isInjective, isBijective", () => {
  const [i, j] = [variable("i"), variable("j")];
  const cases: readonly [
    string,
    readonly [number, number],
    readonly Expr[],
    boolean | undefined,
    boolean | undefined,
  ][] = [
    ["the identity", [4, 6], [i, j], true, true],
    ["a transposition", [4, 6], [j, i], true, true],
    ["a reversal", [4, 6], [b.sub(int(3), i), j], true, true],
    ["a shift", [4, 6], [b.add(i, int(1)), j], true, false],
    ["a fused pair", [4, 6], [b.add(b.mul(i, int(6)), j)], true, true],
    ["a pair with gaps", [4, 6], [b.add(b.mul(i, int(8)), j)], true, false],
    ["a pair that overlaps", [4, 6], [b.add(b.mul(i, int(5)), j)], false, false],
    ["a sum", [4, 6], [b.add(i, j)], false, false],
    ["a skew", [4, 6], [b.add(i, j), j], true, false],
    ["a split", [4, 12], [i, floordiv(j, 4), floormod(j, 4)], true, true],
    ["a split with an edge", [4, 10], [i, floordiv(j, 4), floormod(j, 4)], true, false],
    ["a digit left out", [4, 16], [i, floormod(j, 4), floormod(j, 8)], false, false],
    ["an input left out", [4, 6], [i], false, false],
    ["an input of extent 1 left out", [4, 1], [i], true, true],
    ["factors without a common period", [4, 3], [b.add(b.mul(i, int(3)), b.mul(j, int(5)))], undefined, undefined],
    ["factors with one", [4, 6], [b.add(b.mul(i, int(2)), b.mul(j, int(3)))], false, false],
  ];
  it.each(cases)("of %s", (_, [first, second], outputs, injective, bijective) => {
    const map = mapOf(
      [
        { variable: i, extent: first },
        { variable: j, extent: second },
      ],
      outputs,
    );
    expect([isInjective(map), isBijective(map)]).toEqual([injective, bijective]);
  });
});

/** Loops after random splits, fuses and permutations of a few. */
const PRIMES = [2, 3, 5];
interface Loop {
  readonly expr: Expr;
  readonly factors: readonly number[];
}
const extentOf = ({ factors }: Loop): number => factors.reduce((p, q) => p * q, 1);
type Step = readonly ["split" | "fuse" | "swap", number, number];

function apply(loops: readonly Loop[], [kind, first, second]: Step): readonly Loop[] {
  const place = first % loops.length;
  const loop = loops[place] as Loop;
  if (kind === "split") {
    const cut = second % (loop.factors.length + 1);
    const inner = { factors: loop.factors.slice(cut) };
    const outer = { factors: loop.factors.slice(0, cut) };
    const divisor = extentOf({ expr: loop.expr, ...inner });
    return [
      ...loops.slice(0, place),
      { ...outer, expr: floordiv(loop.expr, divisor) },
      { ...inner, expr: floormod(loop.expr, divisor) },
      ...loops.slice(place + 1),
    ];
  }
  const next = loops[(place + 1) % loops.length] as Loop;
  if (loops.length < 2) return loops;
  const others = loops.filter((each) => each !== loop && each !== next);
  if (kind === "swap") return [next, ...others, loop];
  const factors = [...loop.factors, ...next.factors];
  // A fused loop forgets its factors' places: later splits cut across them.
  const turned = second % 2 === 0 ? factors : [...factors].reverse();
  return [{ factors: turned, expr: b.add(b.mul(loop.expr, int(extentOf(next))), next.expr) }, ...others];
}

const loopMaps = fc
  .tuple(
    fc.array(fc.array(fc.constantFrom(...PRIMES), { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom("split", "fuse", "swap"), fc.nat(5), fc.nat(5)), { maxLength: 5 }),
  )
  .map(([shapes, steps]) => {
    const inputs = inputsOf(...shapes.map((factors) => factors.reduce((p, q) => p * q, 1)));
    const loops = inputs.map(({ variable: each }, position): Loop => ({ expr: each, factors: shapes[position] ?? [] }));
    const after = (steps as readonly Step[]).reduce(apply, loops);
    return { inputs, outputs: after.map(({ expr }) => expr), extents: after.map(extentOf) };
  })
  .filter(({ extents }) => extents.reduce((p, q) => p * q, 1) <= 900);

describe("maps made of splits, fuses and permutations", () => {
  it("are decided, and turned round at every point of their box", () => {
    fc.assert(
      fc.property(loopMaps, ({ inputs, outputs, extents }) => {
        const map = mapOf(inputs, outputs);
        expect(
          [isInjective(map), isBijective(map)],
          `${inputs.map(({ extent }) => extent)}: ${outputs.map(show).join("; ")}`,
        ).toEqual([true, true]);
        expect(outputExtents(map)).toEqual(extents);
        const images = outputs.map((_, position) => variable(`o${position}`));
        const inverse = inverseOf(map, images) ?? [];
        for (const point of box(inputs)) {
          const image = new Map(at(outputs, point).map((value, position) => [images[position] as Var, value]));
          expect(at(inverse, image)).toEqual([...point.values()]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("are not injective without an output that varies", () => {
    fc.assert(
      fc.property(loopMaps, fc.nat(8), ({ inputs, outputs, extents }, pick) => {
        const dropped = pick % outputs.length;
        const map = mapOf(
          inputs,
          outputs.filter((_, position) => position !== dropped),
        );
        expect(
          isInjective(map),
          `${inputs.map(({ extent }) => extent)}: ${outputs.map(show).join("; ")} without ${dropped}`,
        ).toBe(extents[dropped] === 1);
      }),
      { numRuns: 150 },
    );
  });
});

/** Any quasi-affine outputs over two inputs. */
const anyMaps = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain((extents) => {
  const inputs = inputsOf(...extents);
  const coefficient = fc.integer({ min: -4, max: 6 });
  const leaf = fc.constantFrom<Expr>(...inputs.map((each) => each.variable));
  const affine = fc
    .tuple(coefficient, leaf, coefficient, leaf, fc.integer({ min: -5, max: 5 }))
    .map(([p, i, q, j, c]) => b.add(b.add(b.mul(i, int(p)), b.mul(j, int(q))), int(c)));
  const digit = fc
    .tuple(fc.oneof(leaf, affine), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 4 }))
    .chain(([base, d, m]) =>
      fc.constantFrom(base, floordiv(base, d), floormod(base, m), floormod(floordiv(base, d), m)),
    );
  const output = fc.tuple(digit, coefficient, digit).map(([p, k, q]) => b.add(b.mul(p, int(k)), q));
  return fc.record({
    inputs: fc.constant(inputs),
    outputs: fc.array(fc.oneof(digit, output), { minLength: 1, maxLength: 3 }),
  });
});

describe("any quasi-affine map", () => {
  it("is data of the same values, inside its extents, and judged soundly", () => {
    const decided = new Map<boolean | undefined, number>();
    fc.assert(
      fc.property(anyMaps, ({ inputs, outputs }) => {
        const map = mapOf(inputs, outputs);
        const images = box(inputs).map((point) => {
          const image = at(outputs, point);
          expect(at(expressionsOf(map), point)).toEqual(image);
          return image;
        });
        const extents = outputExtents(map);
        for (const image of images)
          expect(image.every((value, position) => value < (extents[position] ?? 0))).toBe(true);
        const injective = new Set(images.map(String)).size === images.length;
        const size = extents.reduce((p, q) => p * q, 1);
        const inBox = images.every((image) => image.every((value) => value >= 0));
        const [one, onto] = [isInjective(map), isBijective(map)];
        decided.set(one, (decided.get(one) ?? 0) + 1);
        if (one !== undefined) expect(one, outputs.map(show).join("; ")).toBe(injective);
        if (onto !== undefined)
          expect(onto, outputs.map(show).join("; ")).toBe(injective && inBox && size === images.length);
      }),
      { numRuns: 1000 },
    );
    expect(decided.get(true)).toBeGreaterThan(100);
    expect(decided.get(false)).toBeGreaterThan(100);
    expect(decided.get(undefined) ?? 0).toBeLessThan(300);
  }, 60_000);
});
