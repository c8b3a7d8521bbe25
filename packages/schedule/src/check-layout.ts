import { placementOf } from "./layout.js";
import { layoutJson } from "./layout-options.js";
import type { LayoutDigit, LayoutDimension } from "./schedule.js";

/** An index of which a layout takes digits: a dimension, or a sum. */
interface Source {
  readonly name: string;
  readonly digits: LayoutDigit[];
}

/**
 * Rule: the digits of each source, from the smallest divisor, continue each other: 1, 1·m₀, 1·m₀·m₁, …, the last without modulus; a
 * source is a dimension, or a sum of which several digits are taken; and a digit with a factor steps over the digits after it. The layout
 * is then one-to-one, whatever the extents.
 *
 * @param fail is told why a layout is not one-to-one
 */
export function checkInvertible(
  layout: readonly LayoutDimension[],
  axes: readonly { readonly name: string; readonly extent: number }[],
  fail: (why: string) => never,
): void {
  const sources = new Map<string, Source>(
    axes.map(({ name }, dimension) => [
      String(dimension),
      { name: `\`${name}\` (dimension ${dimension})`, digits: [] },
    ]),
  );
  for (const dimension of layout) collect(dimension, sources, fail);
  for (const source of sources.values()) checkDigits(source, fail);
  checkFactors(layout, axes, fail);
}

function collect({ digits }: LayoutDimension, sources: Map<string, Source>, fail: (why: string) => never): void {
  for (const digit of digits) {
    const { dimension } = digit;
    const key = typeof dimension === "number" ? String(dimension) : JSON.stringify(layoutJson([dimension]));
    const known = sources.get(key);
    if (known !== undefined) {
      known.digits.push(digit);
      continue;
    }
    if (typeof dimension === "number") fail(`there is no dimension ${dimension}`);
    else {
      sources.set(key, { name: "a sum of digits", digits: [digit] });
      collect(dimension, sources, fail);
    }
  }
}

function checkDigits({ name, digits }: Source, fail: (why: string) => never): void {
  const sorted = [...digits].sort(
    (a, b) =>
      a.divisor - b.divisor || (a.modulus ?? Number.POSITIVE_INFINITY) - (b.modulus ?? Number.POSITIVE_INFINITY),
  );
  let reached: number | null = 1;
  for (const { divisor, modulus } of sorted) {
    if (divisor !== reached) fail(`${name} has digits that overlap or leave a gap at ${divisor}`);
    reached = modulus === null ? null : divisor * modulus;
  }
  if (reached !== null) fail(digits.length === 0 ? `${name} is missing` : `${name} has no leading digit`);
}

/** A factor that is too small is not silently made larger. */
function checkFactors(
  layout: readonly LayoutDimension[],
  axes: readonly { readonly extent: number }[],
  fail: (why: string) => never,
): void {
  const placed = placementOf(
    layout,
    axes.map(({ extent }) => extent),
  );
  const compare = ({ digits }: LayoutDimension, made: (typeof placed)[number]): void => {
    digits.forEach(({ factor, dimension }, position) => {
      const { step, source } = made.digits[position] as (typeof made.digits)[number];
      if (factor !== null && factor < step)
        fail(`a factor of ${factor}, though the digits after it take ${step} values`);
      if (typeof dimension !== "number" && typeof source !== "number") compare(dimension, source);
    });
  };
  for (const [position, made] of placed.entries()) compare(layout[position] as LayoutDimension, made);
}
