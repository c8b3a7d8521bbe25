import { nameText } from "./syntax.js";

/** Hands out names that are unique among the things it has named: `i`, `i_1`, … */
export interface Names {
  /** The name of `thing` as text; decided when it is first asked for. */
  of(thing: object, wanted: string): string;
}

export function createNames(): Names {
  const given = new Map<object, string>();
  const taken = new Set<string>();
  const counters = new Map<string, number>();
  const fresh = (wanted: string): string => {
    const base = wanted === "" ? "v" : wanted;
    if (!taken.has(base)) return base;
    let count = counters.get(base) ?? 1;
    while (taken.has(`${base}_${count}`)) count++;
    counters.set(base, count + 1);
    return `${base}_${count}`;
  };
  return {
    of(thing, wanted) {
      const known = given.get(thing);
      if (known !== undefined) return known;
      const name = fresh(wanted);
      taken.add(name);
      const text = nameText(name);
      given.set(thing, text);
      return text;
    },
  };
}
