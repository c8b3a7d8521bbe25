import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatNpy, parseNpy } from "./npy.js";

const WIDTHS = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  float16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  float64: 8,
};

describe(".npy files", () => {
  it("keep type, shape and bytes", () => {
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.entries(WIDTHS)), shape, fc.nat(), ([dtype, width], extents, start) => {
        const count = extents.reduce((product, extent) => product * extent, 1) * width;
        // A bool is 0 or 1.
        const bytes = Uint8Array.from({ length: count }, (_, k) => (start + 37 * k) % (dtype === "bool" ? 2 : 256));
        expect(parseNpy("f", formatNpy("f", { dtype, shape: extents, bytes }))).toEqual({
          dtype,
          shape: extents,
          bytes,
        });
      }),
    );
  });

  const header = (descr: string, order = "False", shape = "(2,)") => {
    const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`.padEnd(117).concat("\n");
    return Uint8Array.of(
      0x93,
      0x4e,
      0x55,
      0x4d,
      0x50,
      0x59,
      1,
      0,
      118,
      0,
      ...new TextEncoder().encode(text),
      ...new Uint8Array(8),
    );
  };

  it("read what NumPy writes", () => {
    expect(parseNpy("f", header("<f4"))).toMatchObject({ dtype: "float32", shape: [2] });
  });

  it.each([
    ["big-endian numbers", header(">f4"), "elements of type `>f4`"],
    ["text", header("<U2"), "elements of type `<U2`"],
    ["Fortran order", header("<f4", "True", "(1, 2)"), "Fortran order"],
    ["too little data", header("<f8"), "8 bytes of data for the shape (2)"],
    ["no header", Uint8Array.of(1, 2, 3), "no header"],
    ["nothing", new Uint8Array(), "no header"],
  ])("are refused with %s", (_, bytes, text) => {
    expect(() => parseNpy("f.npy", bytes)).toThrow(
      expect.objectContaining({ code: "CLI107", message: expect.stringContaining(text) }),
    );
  });

  it("cannot hold bfloat16", () => {
    const array = { dtype: "bfloat16", shape: [1], bytes: new Uint8Array(2) };
    expect(() => formatNpy("f.npy", array)).toThrow(expect.objectContaining({ code: "CLI107" }));
  });
});
