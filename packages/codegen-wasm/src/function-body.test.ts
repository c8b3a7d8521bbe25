import { describe, expect, it } from "vitest";
import { FunctionBody } from "./function-body.js";
import { OP, V128 } from "./opcodes.js";

const ONE = Uint8Array.from({ length: 16 }, (_, k) => k + 1);
const CONST = [V128.const >> 8, V128.const & 0xff, ...ONE];

/** Places of a sequence of bytes. */
function placesOf(sought: readonly number[], code: Uint8Array): readonly number[] {
  return [...code.keys()].filter((at) => sought.every((byte, k) => code[at + k] === byte));
}

describe("a constant vector", () => {
  it("inside loops is made once, where the function begins", () => {
    const body = new FunctionBody([]);
    const temporary = body.local("v128", "temporary");
    body.release(temporary);
    for (let loop = 0; loop < 2; loop++) {
      body.open(OP.loop);
      for (let use = 0; use < 3; use++) {
        body.v128(ONE);
        body.op(OP.drop);
      }
      body.end();
    }
    const code = body.finish();
    const [first, ...others] = placesOf(CONST, code);
    expect(others).toEqual([]);
    expect(first).toBeLessThan(code.indexOf(OP.loop));
    // A local of its own: code before the loop may set the temporary one again.
    expect(placesOf([OP.localGet, temporary.index, OP.drop], code)).toEqual([]);
    expect(placesOf([OP.localGet, temporary.index + 1, OP.drop], code)).toHaveLength(6);
  });

  it("outside of loops, or of equal bits, is made where it is used", () => {
    const body = new FunctionBody([]);
    body.v128(ONE);
    body.op(OP.drop);
    body.open(OP.loop);
    body.v128(new Uint8Array(16));
    body.op(OP.drop);
    body.end();
    expect(body.localCount).toBe(0);
  });
});
