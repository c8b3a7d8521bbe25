import { InternalError } from "@tilewright/diagnostics";
import { keepingZeros, saturationBounds, signature } from "./scalar-helpers.js";
import { bitsOfShort, type Helpers, scalarOf } from "./short-types.js";

/** The type of a vector in registers, and with `_u` of one in memory, aligned as its elements. */
export function vectorTypedef(short: string, lanes: number): string {
  const type = scalarOf(short);
  const bytes = (bitsOfShort(short) / 8) * lanes;
  const name = `${short}x${lanes}`;
  return [
    `typedef ${type} ${name} __attribute__((vector_size(${bytes})));`,
    `typedef ${type} ${name}_u __attribute__((vector_size(${bytes}), aligned(${bitsOfShort(short) / 8}), may_alias));`,
  ].join("\n");
}

interface Shape {
  readonly helpers: Helpers;
  readonly name: string;
  /** Of the vector that names the helper: element, lanes, and the C names of vector and element. */
  readonly short: string;
  readonly lanes: number;
  readonly vector: string;
  readonly element: string;
}

function split(type: string): { short: string; lanes: number } {
  const [short = "", lanes = "1"] = type.split("x");
  return { short, lanes: Number(lanes) };
}

/** The text of a helper on vectors. `types` are as `f32x8`; half types name vectors of float that memory holds in 16 bits. */
export function vectorHelper(helpers: Helpers, operation: string, types: readonly string[], name: string): string {
  const { short, lanes } = split(types[0] ?? "");
  const half = short === "f16" || short === "bf16";
  const vector = helpers.vector(half ? "f32" : short, lanes);
  const shape: Shape = { helpers, name, short, lanes, vector, element: scalarOf(short) };
  if (half) return halfHelper(shape, operation);
  switch (operation) {
    case "splat":
      return `${signature(vector, name, `${shape.element} x`)}\n  return (${vector}){${Array(lanes).fill("x").join(", ")}};\n}`;
    case "load":
      return `${signature(vector, name, `const ${shape.element} *p`)}\n  return *(const ${vector}_u *)p;\n}`;
    case "store":
      return `${signature("void", name, `${shape.element} *p, ${vector} x`)}\n  *(${vector}_u *)p = x;\n}`;
    case "select":
      return select(shape);
    case "min":
    case "max":
      return minMax(shape, operation);
    case "fma":
      return multiplyAdd(shape);
    case "cast":
      return cast(shape, types[1] ?? "");
    default:
      return lanewise(shape, operation);
  }
}

function maskOf({ helpers, short, lanes }: Shape): string {
  return helpers.vector(`i${bitsOfShort(short)}`, lanes);
}

function select(shape: Shape): string {
  const { name, vector } = shape;
  const mask = maskOf(shape);
  return `${signature(vector, name, `${mask} mask, ${vector} a, ${vector} b`)}\n  return (${vector})((mask & (${mask})a) | (~mask & (${mask})b));\n}`;
}

function minMax(shape: Shape, operation: string): string {
  const { helpers, name, vector, short, lanes } = shape;
  const choose = helpers.use("select", `${short}x${lanes}`);
  const mask = maskOf(shape);
  return [
    signature(vector, name, `${vector} a, ${vector} b`),
    ...keepingZeros(short, `b = ${choose}((${mask})(a == b), a, b);`),
    `  return ${choose}((${mask})(${operation === "min" ? "b < a" : "a < b"}), b, a);`,
    "}",
  ].join("\n");
}

const X86_FUSED: Readonly<Record<string, string>> = {
  f32x4: "__builtin_ia32_vfmaddps(a, b, c)",
  f32x8: "__builtin_ia32_vfmaddps256(a, b, c)",
  f64x2: "__builtin_ia32_vfmaddpd(a, b, c)",
  f64x4: "__builtin_ia32_vfmaddpd256(a, b, c)",
};
const X86_FUSED_512: Readonly<Record<string, string>> = {
  f32x16: "__builtin_ia32_vfmaddps512_mask(a, b, c, (unsigned short)-1, 4)",
  f64x8: "__builtin_ia32_vfmaddpd512_mask(a, b, c, (unsigned char)-1, 4)",
};
const WASM_FUSED: Readonly<Record<string, string>> = {
  f32x4: "__builtin_wasm_relaxed_madd_f32x4(a, b, c)",
  f64x2: "__builtin_wasm_relaxed_madd_f64x2(a, b, c)",
};

/** `a * b + c` in one instruction where the target has it; clang needs only the licence, gcc the builtin. */
function multiplyAdd({ name, vector }: Shape): string {
  const lines = [signature(vector, name, `${vector} a, ${vector} b, ${vector} c`)];
  const wasm = WASM_FUSED[vector];
  const x86 = X86_FUSED[vector] ?? X86_FUSED_512[vector];
  const macro = vector in X86_FUSED ? "__FMA__" : "__AVX512F__";
  if (wasm !== undefined)
    lines.push("#if defined(__wasm_relaxed_simd__)", `  return ${wasm};`, "#elif defined(__clang__)");
  else lines.push("#if defined(__clang__)");
  lines.push("#pragma clang fp contract(fast)", "  return a * b + c;");
  if (x86 !== undefined) lines.push(`#elif defined(${macro})`, `  return ${x86};`);
  return [...lines, "#else", "  return a * b + c;", "#endif", "}"].join("\n");
}

/** Float to integer that truncates and saturates; NaN gives 0. */
function cast({ helpers, name, vector, short, lanes }: Shape, target: string): string {
  const to = split(target);
  const result = helpers.vector(to.short.endsWith("f16") ? "f32" : to.short, lanes);
  const head = signature(result, name, `${vector} x`);
  const direct = to.short.startsWith("i") && bitsOfShort(to.short) === bitsOfShort(short);
  if (!direct) {
    const scalar = helpers.use("cast", short, to.short);
    return `${head}\n  ${result} y;\n  for (int lane = 0; lane < ${lanes}; lane++) y[lane] = ${scalar}(x[lane]);\n  return y;\n}`;
  }
  const { low, high, max, min } = saturationBounds(short, to.short);
  const inside = helpers.use("select", `${short}x${lanes}`);
  const choose = helpers.use("select", `${to.short}x${lanes}`);
  const splat = helpers.use("splat", `${to.short}x${lanes}`);
  return [
    head,
    `  const ${result} above = (${result})(x >= ${high}), below = (${result})(x < ${low});`,
    `  const ${result} valid = ~above & ~below & (${result})(x == x);`,
    `  const ${result} y = __builtin_convertvector(${inside}(valid, x, (${vector}){0}), ${result});`,
    `  return ${choose}(above, ${splat}(${max}), ${choose}(below, ${splat}(${min}), y));`,
    "}",
  ].join("\n");
}

const BUILTINS: Readonly<Record<string, string>> = {
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "rint",
};

/** A function of scalars on each lane: compilers turn the loop into vector instructions where there are some. */
function lanewise({ helpers, name, vector, short, lanes }: Shape, operation: string): string {
  const builtin = BUILTINS[operation];
  const unary = builtin !== undefined || operation === "abs";
  const scalar =
    builtin !== undefined ? `__builtin_${builtin}${short === "f64" ? "" : "f"}` : helpers.use(operation, short);
  if (!unary && !/^(floor|trunc)(div|mod)$/.test(operation)) throw new InternalError(`there is no helper ${name}`);
  const parameters = unary ? `${vector} a` : `${vector} a, ${vector} b`;
  const args = unary ? "a[lane]" : "a[lane], b[lane]";
  return [
    signature(vector, name, parameters),
    `  ${vector} x;`,
    `  for (int lane = 0; lane < ${lanes}; lane++) x[lane] = ${scalar}(${args});`,
    "  return x;",
    "}",
  ].join("\n");
}

/** float16 and bfloat16: float in registers, 16 bits in memory. */
function halfHelper({ helpers, name, short, lanes, vector }: Shape, operation: string): string {
  const loop = (statement: string): string => `  for (int lane = 0; lane < ${lanes}; lane++) ${statement}`;
  const bits = helpers.vector("u16", lanes);
  switch (operation) {
    case "load":
      return `${signature(vector, name, "const uint16_t *p")}\n  ${vector} x;\n${loop(`x[lane] = ${helpers.use("unpack", short)}(p[lane]);`)}\n  return x;\n}`;
    case "store":
      return `${signature("void", name, `uint16_t *p, ${vector} x`)}\n${loop(`p[lane] = ${helpers.use("pack", short)}(x[lane]);`)}\n}`;
    case "pack":
      return `${signature(bits, name, `${vector} x`)}\n  ${bits} y;\n${loop(`y[lane] = ${helpers.use("pack", short)}(x[lane]);`)}\n  return y;\n}`;
    case "unpack":
      return `${signature(vector, name, `${bits} y`)}\n  ${vector} x;\n${loop(`x[lane] = ${helpers.use("unpack", short)}(y[lane]);`)}\n  return x;\n}`;
    case "round":
      return `${signature(vector, name, `${vector} x`)}\n${loop(`x[lane] = ${helpers.use("round", short)}(x[lane]);`)}\n  return x;\n}`;
    default:
      throw new InternalError(`there is no helper ${name}`);
  }
}
