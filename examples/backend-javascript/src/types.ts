import type { DType } from "@tilewright/ir";

/** The array that is the memory of a type, and how a result becomes a value of the type again. */
const FORMS: { readonly [D in DType]?: readonly [array: string, wrap: (text: string) => string] } = {
  bool: ["Uint8Array", (x) => x],
  int8: ["Int8Array", (x) => `(${x} << 24 >> 24)`],
  int16: ["Int16Array", (x) => `(${x} << 16 >> 16)`],
  int32: ["Int32Array", (x) => `(${x} | 0)`],
  uint8: ["Uint8Array", (x) => `(${x} & 255)`],
  uint16: ["Uint16Array", (x) => `(${x} & 65535)`],
  uint32: ["Uint32Array", (x) => `(${x} >>> 0)`],
  float32: ["Float32Array", (x) => `Math.fround(${x})`],
  float64: ["Float64Array", (x) => x],
};

/** All types but `index`, that of loop variables, which is in no memory and never overflows. */
export const TYPES = Object.keys(FORMS) as readonly DType[];
export const arrayOf = (dtype: DType): string => FORMS[dtype]?.[0] ?? "Array";
export const wrapped = (dtype: DType, text: string): string => FORMS[dtype]?.[1](text) ?? text;
/** What memory or another type holds, as a value: of a bool, whether it is not 0. */
export const read = (dtype: DType, text: string): string => (dtype === "bool" ? `(${text} != 0)` : text);
