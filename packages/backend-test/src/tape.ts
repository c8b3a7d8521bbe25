import fc from "fast-check";

/**
 * Choices read from a list of numbers. Behind the end every choice is 0, and generators put their simplest alternative first: a shorter
 * list with smaller numbers is a simpler program, which is how fast-check shrinks lists.
 */
export interface Tape {
  /** An integer in `0 .. bound`. */
  below(bound: number): number;
  /** One of `items`, the first being the simplest. */
  pick<T>(items: readonly T[]): T;
  /** True about once in `times`, and never behind the end. */
  once(times: number): boolean;
  readonly ended: boolean;
}

export function tapeOf(numbers: readonly number[]): Tape {
  let position = 0;
  const next = (): number => numbers[position++] ?? 0;
  const tape: Tape = {
    below: (bound) => (bound <= 1 ? 0 : next() % bound),
    pick: (items) => items[tape.below(items.length)] as (typeof items)[number],
    once: (times) => next() % times === times - 1,
    get ended() {
      return position >= numbers.length;
    },
  };
  return tape;
}

/** Values made from tapes; `text` is how a counterexample is shown. */
export function arbitraryFromTape<T extends object>(
  make: (tape: Tape) => T,
  text: (value: T) => string,
  maxLength = 160,
): fc.Arbitrary<T> {
  const numbers = fc.array(fc.nat(1023), { minLength: 4, maxLength, size: "max" });
  return numbers.map((list) => {
    const value = make(tapeOf(list));
    return Object.defineProperty(value, fc.toStringMethod, { value: () => text(value), enumerable: false });
  });
}
