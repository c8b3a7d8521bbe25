/** Opcodes of the WebAssembly binary format, chapter 5. Numbers from 0x100 on hold their prefix in the upper bytes: 0xfd67 is `0xfd 0x67`. */

export const VALUE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = keyof typeof VALUE;
export type ScalarType = "i32" | "i64" | "f32" | "f64";

export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  f32DemoteF64: 0xb6,
  f64PromoteF32: 0xbb,
  i32ReinterpretF32: 0xbc,
  i64ReinterpretF64: 0xbd,
  f32ReinterpretI32: 0xbe,
  f64ReinterpretI64: 0xbf,
  i32Extend8S: 0xc0,
  i32Extend16S: 0xc1,
} as const;

/** Operations on one type, by name; suffixes `S` and `U` for signed and unsigned. Not every type has every one. */
export type Operation =
  | "eqz" | "eq" | "ne" | "lt" | "gt" | "le" | "ge" | "ltS" | "ltU" | "gtS" | "gtU" | "leS" | "leU" | "geS" | "geU"
  | "add" | "sub" | "mul" | "div" | "divS" | "divU" | "remS" | "remU" | "and" | "or" | "xor" | "shl" | "shrS" | "shrU"
  | "abs" | "neg" | "ceil" | "floor" | "trunc" | "nearest" | "sqrt" | "min" | "max" | "minS" | "minU" | "maxS" | "maxU"
  | "pmin" | "pmax" | "splat" | "extract" | "extractS" | "extractU" | "replace"; // biome-ignore format: one glance
type Operations = Readonly<Partial<Record<Operation, number>>>;

/** Opcodes of names that stand in a row. */
function row(first: number, names: readonly (Operation | "")[]): Operations {
  return Object.fromEntries(names.flatMap((name, position) => (name === "" ? [] : [[name, first + position]])));
}

const INT_COMPARE = ["eq", "ne", "ltS", "ltU", "gtS", "gtU", "leS", "leU", "geS", "geU"] as const;
const FLOAT_COMPARE = ["eq", "ne", "lt", "gt", "le", "ge"] as const;
const INT_BINARY = [
  "add",
  "sub",
  "mul",
  "divS",
  "divU",
  "remS",
  "remU",
  "and",
  "or",
  "xor",
  "shl",
  "shrS",
  "shrU",
] as const;
const FLOAT_ARITHMETIC = [
  "abs",
  "neg",
  "ceil",
  "floor",
  "trunc",
  "nearest",
  "sqrt",
  "add",
  "sub",
  "mul",
  "div",
  "min",
  "max",
] as const;

export const SCALAR: Readonly<Record<ScalarType, Operations>> = {
  i32: { ...row(0x45, ["eqz", ...INT_COMPARE]), ...row(0x6a, INT_BINARY) },
  i64: { ...row(0x50, ["eqz", ...INT_COMPARE]), ...row(0x7c, INT_BINARY) },
  f32: { ...row(0x5b, FLOAT_COMPARE), ...row(0x8b, FLOAT_ARITHMETIC) },
  f64: { ...row(0x61, FLOAT_COMPARE), ...row(0x99, FLOAT_ARITHMETIC) },
};

export type Shape = "i8x16" | "i16x8" | "i32x4" | "i64x2" | "f32x4" | "f64x2";

export const SIMD: Readonly<Record<Shape, Operations>> = {
  i8x16: {
    ...row(0xfd23, INT_COMPARE), ...row(0xfd76, ["minS", "minU", "maxS", "maxU"]),
    abs: 0xfd60, neg: 0xfd61, shl: 0xfd6b, shrS: 0xfd6c, shrU: 0xfd6d, add: 0xfd6e, sub: 0xfd71,
    splat: 0xfd0f, extractS: 0xfd15, extractU: 0xfd16, replace: 0xfd17,
  },
  i16x8: {
    ...row(0xfd2d, INT_COMPARE), ...row(0xfd96, ["minS", "minU", "maxS", "maxU"]),
    abs: 0xfd80, neg: 0xfd81, shl: 0xfd8b, shrS: 0xfd8c, shrU: 0xfd8d, add: 0xfd8e, sub: 0xfd91, mul: 0xfd95,
    splat: 0xfd10, extractS: 0xfd18, extractU: 0xfd19, replace: 0xfd1a,
  },
  i32x4: {
    ...row(0xfd37, INT_COMPARE), ...row(0xfdb6, ["minS", "minU", "maxS", "maxU"]),
    abs: 0xfda0, neg: 0xfda1, shl: 0xfdab, shrS: 0xfdac, shrU: 0xfdad, add: 0xfdae, sub: 0xfdb1, mul: 0xfdb5,
    splat: 0xfd11, extract: 0xfd1b, replace: 0xfd1c,
  },
  i64x2: {
    ...row(0xfdd6, ["eq", "ne", "ltS", "gtS", "leS", "geS"]),
    abs: 0xfdc0, neg: 0xfdc1, shl: 0xfdcb, shrS: 0xfdcc, shrU: 0xfdcd, add: 0xfdce, sub: 0xfdd1, mul: 0xfdd5,
    splat: 0xfd12, extract: 0xfd1d, replace: 0xfd1e,
  },
  f32x4: {
    ...row(0xfd41, FLOAT_COMPARE), ...row(0xfde0, ["abs", "neg", "", "sqrt", "add", "sub", "mul", "div", "min", "max", "pmin", "pmax"]),
    ceil: 0xfd67, floor: 0xfd68, trunc: 0xfd69, nearest: 0xfd6a, splat: 0xfd13, extract: 0xfd1f, replace: 0xfd20,
  },
  f64x2: {
    ...row(0xfd47, FLOAT_COMPARE), ...row(0xfdec, ["abs", "neg", "", "sqrt", "add", "sub", "mul", "div", "min", "max", "pmin", "pmax"]),
    ceil: 0xfd74, floor: 0xfd75, trunc: 0xfd7a, nearest: 0xfd94, splat: 0xfd14, extract: 0xfd21, replace: 0xfd22,
  },
}; // biome-ignore format: a table

/** Operations on all 128 bits, and conversions between lane shapes. */
export const V128 = {
  load: 0xfd00,
  store: 0xfd0b,
  const: 0xfd0c,
  shuffle: 0xfd0d,
  not: 0xfd4d,
  and: 0xfd4e,
  or: 0xfd50,
  xor: 0xfd51,
  bitselect: 0xfd52,
  load32Zero: 0xfd5c,
  load64Zero: 0xfd5d,
  demoteF64x2Zero: 0xfd5e,
  promoteLowF32x4: 0xfd5f,
  extendLowI8x16S: 0xfd87,
  extendLowI8x16U: 0xfd89,
  extendLowI16x8S: 0xfda7,
  extendLowI16x8U: 0xfda9,
  extendLowI32x4S: 0xfdc7,
  extendLowI32x4U: 0xfdc9,
  truncSatF32x4S: 0xfdf8,
  truncSatF32x4U: 0xfdf9,
  convertI32x4S: 0xfdfa,
  convertI32x4U: 0xfdfb,
  truncSatF64x2SZero: 0xfdfc,
  truncSatF64x2UZero: 0xfdfd,
  convertLowI32x4S: 0xfdfe,
  convertLowI32x4U: 0xfdff,
  relaxedMaddF32x4: 0xfd0105,
  relaxedNmaddF32x4: 0xfd0106,
  relaxedMaddF64x2: 0xfd0107,
  relaxedNmaddF64x2: 0xfd0108,
} as const;

/** By the bytes of an element: a load splatted into all lanes, and a store of one lane. */
export const SPLAT_LOAD: Readonly<Record<number, number>> = { 1: 0xfd07, 2: 0xfd08, 4: 0xfd09, 8: 0xfd0a };
export const LANE_STORE: Readonly<Record<number, number>> = { 1: 0xfd58, 2: 0xfd59, 4: 0xfd5a, 8: 0xfd5b };

/** Atomic operations on memory by the bytes of the element; narrow ones are zero-extended in an i32. */
export const ATOMIC: Readonly<
  Record<"load" | "add" | "and" | "or" | "xor" | "exchange" | "compareExchange", Readonly<Record<number, number>>>
> = {
  load: { 1: 0xfe12, 2: 0xfe13, 4: 0xfe10, 8: 0xfe11 },
  add: { 1: 0xfe20, 2: 0xfe21, 4: 0xfe1e, 8: 0xfe1f },
  and: { 1: 0xfe2e, 2: 0xfe2f, 4: 0xfe2c, 8: 0xfe2d },
  or: { 1: 0xfe35, 2: 0xfe36, 4: 0xfe33, 8: 0xfe34 },
  xor: { 1: 0xfe3c, 2: 0xfe3d, 4: 0xfe3a, 8: 0xfe3b },
  exchange: { 1: 0xfe43, 2: 0xfe44, 4: 0xfe41, 8: 0xfe42 },
  compareExchange: { 1: 0xfe4a, 2: 0xfe4b, 4: 0xfe48, 8: 0xfe49 },
};
