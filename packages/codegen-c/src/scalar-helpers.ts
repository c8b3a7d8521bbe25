import { InternalError } from "@tilewright/diagnostics";
import { bitsOfShort, type Helpers, scalarOf } from "./short-types.js";

/** Opens the definition of a helper: inlined always in GNU C, a hint in C99. */
export function signature(result: string, name: string, parameters: string): string {
  return `TILEWRIGHT_INLINE ${result} ${name}(${parameters}) {`;
}

/** The text of a helper on scalars. `types` are short names. */
export function scalarHelper(helpers: Helpers, operation: string, types: readonly string[], name: string): string {
  const [first = "", second = ""] = types;
  switch (operation) {
    case "min":
    case "max":
      return minMax(first, name, operation);
    case "abs":
      return absolute(first, name);
    case "floordiv":
    case "floormod":
    case "truncdiv":
    case "truncmod":
      return division(operation, first, name);
    case "cast":
      return second.endsWith("f16") ? narrow(helpers, first, second, name) : saturate(first, second, name);
    case "odd":
      return roundToOdd(first, name);
    case "bits":
      return reinterpret(first, second, name);
    case "fma":
      return multiplyAdd(first, name);
    case "unpack":
      return first === "f16" ? unpackFloat16(name) : unpackBfloat16(name);
    case "pack":
      return first === "f16" ? packFloat16(name) : packBfloat16(name);
    case "round":
      return `${signature("float", name, "float x")}\n  return ${helpers.use("unpack", first)}(${helpers.use("pack", first)}(x));\n}`;
    default:
      if (operation.startsWith("atomic_")) return atomic(helpers, operation.slice("atomic_".length), first, name);
      throw new InternalError(`there is no helper ${name}`);
  }
}

/** A loop of compare and exchange; C99 has no threads, so there a plain update will do. */
function atomic(helpers: Helpers, operation: string, short: string, name: string): string {
  const type = scalarOf(short);
  const wide = short.startsWith("f") ? type : `uint${Math.max(32, bitsOfShort(short))}_t`;
  const updates: Readonly<Record<string, string>> = {
    add: `(${type})((${wide})old + (${wide})x)`,
    and: `(${type})(old & x)`,
    or: `(${type})(old | x)`,
    xor: `(${type})(old ^ x)`,
    exchange: "x",
  };
  const isExtreme = operation === "min" || operation === "max";
  const update = isExtreme ? `${helpers.use(operation, short)}(old, x)` : (updates[operation] ?? "x");
  const head = signature("void", name, `${type} *p, ${type} x`);
  if (helpers.dialect === "c99") return `${head}\n  const ${type} old = *p;\n  (void)old;\n  *p = ${update};\n}`;
  return [
    head,
    `  ${type} old, next;`,
    "  __atomic_load(p, &old, __ATOMIC_RELAXED);",
    `  do next = ${update};`,
    "  while (!__atomic_compare_exchange(p, &old, &next, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));",
    "}",
  ].join("\n");
}

function minMax(short: string, name: string, operation: string): string {
  const type = scalarOf(short);
  return [
    signature(type, name, `${type} a, ${type} b`),
    ...keepingZeros(short, "if (a == b) return a;"),
    `  return ${operation === "min" ? "b < a" : "a < b"} ? b : a;`,
    "}",
  ].join("\n");
}

/**
 * Lines for compilers that make one instruction of `a < b ? b : a` where b is a constant zero, as clang 14 does for WebAssembly and AArch64:
 * it would give 0 for a = -0. clang 19 does not.
 */
export function keepingZeros(short: string, line: string): readonly string[] {
  if (!short.startsWith("f")) return [];
  return ["#if defined(__clang__) && __clang_major__ < 19 && !defined(__x86_64__)", `  ${line}`, "#endif"];
}

/** The expression `-value` that wraps. */
export function negated(short: string, value: string): string {
  const bits = bitsOfShort(short);
  return bits === 64 ? `(int64_t)(UINT64_C(0) - (uint64_t)${value})` : `(int${bits}_t)(0u - (uint32_t)${value})`;
}

function absolute(short: string, name: string): string {
  const type = scalarOf(short);
  return `${signature(type, name, `${type} a`)}\n  return a < 0 ? ${negated(short, "a")} : a;\n}`;
}

function division(operation: string, short: string, name: string): string {
  const type = scalarOf(short);
  const head = signature(type, name, `${type} a, ${type} b`);
  const symbol = operation.endsWith("div") ? "/" : "%";
  if (short.startsWith("u")) return `${head}\n  return (${type})(b == 0 ? 0 : a ${symbol} b);\n}`;
  const lines = [head, "  if (b == 0) return 0;"];
  if (symbol === "/") lines.push(`  if (b == -1) return ${negated(short, "a")};`);
  else lines.push("  if (b == -1) return 0;");
  if (operation.startsWith("trunc")) lines.push(`  return (${type})(a ${symbol} b);`);
  else if (symbol === "/") lines.push(`  return (${type})(a / b - (a % b != 0 && (a < 0) != (b < 0)));`);
  else
    lines.push(
      `  const ${type} r = (${type})(a % b);`,
      `  return (${type})(r != 0 && (r < 0) != (b < 0) ? r + b : r);`,
    );
  return [...lines, "}"].join("\n");
}

/** Where conversion from a float saturates: values from `from` to, but not including, `to` are in range. */
export function saturationBounds(
  from: string,
  to: string,
): { readonly low: string; readonly high: string; readonly max: string; readonly min: string } {
  const bits = bitsOfShort(to);
  const suffix = from === "f64" ? "" : "f";
  const signed = to.startsWith("i");
  const high = `${2 ** (signed ? bits - 1 : bits)}.0${suffix}`;
  return signed
    ? { low: `-${high}`, high, max: `INT${bits}_MAX`, min: `INT${bits}_MIN` }
    : { low: `0.0${suffix}`, high, max: `UINT${bits}_MAX`, min: "0" };
}

function saturate(from: string, to: string, name: string): string {
  const { low, high, max, min } = saturationBounds(from, to);
  return [
    signature(scalarOf(to), name, `${scalarOf(from)} x`),
    "  if (x != x) return 0;",
    `  if (x < ${low}) return ${min};`,
    `  if (x >= ${high}) return ${max};`,
    `  return (${scalarOf(to)})x;`,
    "}",
  ].join("\n");
}

/** To a half type by way of `float`, rounded to odd on that way, so that the second rounding is as good as a single one. */
function narrow(helpers: Helpers, from: string, to: string, name: string): string {
  const odd = helpers.use("odd", from === "f64" ? "f64" : from.endsWith("64") ? from : "f64");
  return `${signature("float", name, `${scalarOf(from)} x`)}\n  return ${helpers.use("round", to)}(${odd}(x));\n}`;
}

/** The nearest `float` towards zero, with its last bit set where that is not exact. */
function roundToOdd(from: string, name: string): string {
  const head = signature("float", name, `${scalarOf(from)} x`);
  if (from === "f64") {
    return [
      head,
      "  union { float value; uint32_t bits; } u;",
      "  u.value = (float)x;",
      "  if (u.value == (double)u.value && (double)u.value != x && x == x) {",
      "    const double rounded = (double)u.value;",
      "    if (rounded < 0 ? rounded < x : rounded > x) u.bits -= 1u;",
      "    u.bits |= 1u;",
      "  }",
      "  return u.value;",
      "}",
    ].join("\n");
  }
  const magnitude = from.startsWith("u") ? "x" : "x < 0 ? UINT64_C(0) - (uint64_t)x : (uint64_t)x";
  return [
    head,
    `  uint64_t rest = ${magnitude};`,
    "  float scale = 1.0f;",
    "  while (rest >= UINT64_C(16777216)) {",
    "    rest = (rest >> 1) | (rest & 1u);",
    "    scale *= 2.0f;",
    "  }",
    `  return ${from.startsWith("u") ? "" : "(x < 0 ? -1.0f : 1.0f) * "}(float)rest * scale;`,
    "}",
  ].join("\n");
}

function reinterpret(from: string, to: string, name: string): string {
  const [a, b] = [scalarOf(from), scalarOf(to)];
  return `${signature(b, name, `${a} x`)}\n  union { ${a} from; ${b} to; } bits;\n  bits.from = x;\n  return bits.to;\n}`;
}

function multiplyAdd(short: string, name: string): string {
  const type = scalarOf(short);
  const [macro, builtin] = short === "f64" ? ["__FP_FAST_FMA", "__builtin_fma"] : ["__FP_FAST_FMAF", "__builtin_fmaf"];
  return [
    signature(type, name, `${type} a, ${type} b, ${type} c`),
    "#if defined(__clang__)",
    "#pragma clang fp contract(fast)",
    "  return a * b + c;",
    `#elif defined(${macro})`,
    `  return ${builtin}(a, b, c);`,
    "#else",
    "  return a * b + c;",
    "#endif",
    "}",
  ].join("\n");
}

const FLOAT_BITS = "  union { float value; uint32_t bits; } u;";

function unpackFloat16(name: string): string {
  return [
    signature("float", name, "uint16_t h"),
    FLOAT_BITS,
    "  const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;",
    "  const uint32_t rest = (uint32_t)(h & 0x7fffu) << 13;",
    "  u.bits = rest;",
    "  u.value *= 5.192296858534828e+33f; /* 2^112: rebias, exact for subnormals too */",
    "  if (rest >= 0x0f800000u) u.bits |= 0x7f800000u; /* infinity and NaN */",
    "  u.bits |= sign;",
    "  return u.value;",
    "}",
  ].join("\n");
}

function packFloat16(name: string): string {
  return [
    signature("uint16_t", name, "float x"),
    FLOAT_BITS,
    "  u.value = x;",
    "  const uint32_t sign = (u.bits >> 16) & 0x8000u;",
    "  u.bits &= 0x7fffffffu;",
    "  if (u.bits >= 0x47800000u) return (uint16_t)(sign | (u.bits > 0x7f800000u ? 0x7e00u : 0x7c00u));",
    "  if (u.bits < 0x38800000u) { /* subnormal: adding 0.5 rounds at the last bit of a float16 */",
    "    u.value += 0.5f;",
    "    return (uint16_t)(sign | (u.bits - 0x3f000000u));",
    "  }",
    "  u.bits += 0xc8000fffu + ((u.bits >> 13) & 1u); /* rebias, round half to even */",
    "  return (uint16_t)(sign | (u.bits >> 13));",
    "}",
  ].join("\n");
}

function unpackBfloat16(name: string): string {
  return [
    signature("float", name, "uint16_t h"),
    FLOAT_BITS,
    "  u.bits = (uint32_t)h << 16;",
    "  return u.value;",
    "}",
  ].join("\n");
}

function packBfloat16(name: string): string {
  return [
    signature("uint16_t", name, "float x"),
    FLOAT_BITS,
    "  u.value = x;",
    "  if ((u.bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((u.bits >> 16) | 0x0040u);",
    "  return (uint16_t)((u.bits + 0x7fffu + ((u.bits >> 16) & 1u)) >> 16);",
    "}",
  ].join("\n");
}
