import type { DType } from "@tilewright/ir";

/** How an element type is written. A bool is a byte in memory, of which any but 0 reads as true; `index` is an int. */
const SCALARS: { readonly [D in DType]?: string } = {
  bool: "bool",
  int8: "int8_t",
  int16: "int16_t",
  int32: "int",
  int64: "long long",
  uint8: "uint8_t",
  uint16: "uint16_t",
  uint32: "unsigned",
  uint64: "unsigned long long",
  float32: "float",
  float64: "double",
  index: "int",
};

/** CUDA's own vectors, by the type of their elements, and how many lanes they come in. */
const VECTORS: { readonly [scalar: string]: readonly [name: string, ...lanes: number[]] } = {
  int8_t: ["char", 2, 4],
  int16_t: ["short", 2, 4],
  int: ["int", 2, 4],
  "long long": ["longlong", 2],
  uint8_t: ["uchar", 2, 4],
  uint16_t: ["ushort", 2, 4],
  unsigned: ["uint", 2, 4],
  "unsigned long long": ["ulonglong", 2],
  float: ["float", 2, 4],
  double: ["double", 2],
};

/** The type of a value in a variable. What the backend does not declare never comes here. */
export function valueType(dtype: DType, lanes = 1): string {
  return vectorOf(SCALARS[dtype] ?? "void", lanes);
}

/** The type of an element, or of several neighbours, in memory. */
export function memoryType(dtype: DType, lanes = 1): string {
  return dtype === "bool" ? vectorOf("uint8_t", lanes) : valueType(dtype, lanes);
}

function vectorOf(scalar: string, lanes: number): string {
  if (lanes === 1) return scalar;
  const [name, ...counts] = VECTORS[scalar] ?? [""];
  return counts.includes(lanes) ? `${name}${lanes}` : `lanes<${scalar}, ${lanes}>`;
}

/** One lane of a variable of type `type`: `v.x`, or `v.at[5]` of a vector that CUDA has no name for. */
export function laneOfVariable(name: string, type: string, lane: number): string {
  return type.startsWith("lanes<") ? `${name}.at[${lane}]` : `${name}.${"xyzw"[lane]}`;
}
