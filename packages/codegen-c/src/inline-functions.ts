import { scalarHelper } from "./scalar-helpers.js";
import type { Dialect, Helpers } from "./short-types.js";
import { vectorHelper, vectorTypedef } from "./vector-helpers.js";

/** An empty collection of helpers. */
export function createHelpers(dialect: Dialect): Helpers {
  const typedefs = new Map<string, string>();
  const functions = new Map<string, string>();
  let usesMath = false;
  const helpers: Helpers = {
    dialect,
    use(operation, ...types) {
      const name = [operation, ...types].join("_");
      if (!functions.has(name)) {
        functions.set(name, ""); // reserves the name; what the text needs is defined before it
        const first = types[0] ?? "";
        const make = first.includes("x") || types[1]?.includes("x") ? vectorHelper : scalarHelper;
        const text = make(helpers, operation, types, name);
        functions.delete(name);
        functions.set(name, text);
      }
      return name;
    },
    vector(short, lanes) {
      const name = `${short}x${lanes}`;
      if (!typedefs.has(name)) typedefs.set(name, vectorTypedef(short, lanes));
      return name;
    },
    text: () => [...typedefs.values(), ...functions.values()],
    get usesMath() {
      return usesMath;
    },
    needMath() {
      usesMath = true;
    },
  };
  return helpers;
}
