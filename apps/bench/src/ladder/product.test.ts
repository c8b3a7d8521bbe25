import { describe, expect, it } from "vitest";
import { randomArray } from "../random-array.js";
import { WrongResult } from "../suite.js";
import { checkProduct } from "./product.js";

describe("checkProduct", () => {
  const size = 3;
  const a = randomArray(9, 1);
  const b = randomArray(9, 2);
  const product = Float32Array.from({ length: 9 }, (_, at) => {
    const [i, j] = [Math.floor(at / 3), at % 3];
    return [0, 1, 2].reduce((sum, k) => sum + (a[i * 3 + k] ?? 0) * (b[k * 3 + j] ?? 0), 0);
  });

  it("accepts the product", () => {
    expect(() => checkProduct(size, a, b, product)).not.toThrow();
  });

  it.each([1e-3, Number.NaN])("refuses one that is off by %d in one place", (error) => {
    const wrong = product.slice();
    wrong[5] = (wrong[5] ?? 0) + error;
    expect(() => checkProduct(size, a, b, wrong)).toThrow(WrongResult);
  });
});
