// Small functions that emitted text calls, where C++ has no operator that means what the IR's does (`SEMANTICS.md` of @tilewright/ir). A
// file holds those that it uses.

interface Helper {
  /** Helpers that it calls; they stand before it. */
  readonly needs?: readonly string[];
  readonly text: string;
}

const FUNCTION = "static __host__ __device__ __forceinline__";
const arithmetic = (name: string, operator: string): Helper => ({
  needs: ["wide_unsigned"],
  text: `template <typename T>
${FUNCTION} T ${name}(T a, T b) { return (T)((wide_unsigned<T>)a ${operator} (wide_unsigned<T>)b); }`,
});
const shift = (name: string, value: string, operator: string): Helper => ({
  needs: ["wide_unsigned"],
  text: `template <typename T>
${FUNCTION} T ${name}(T a, T b) { return (T)(${value} ${operator} ((wide_unsigned<T>)b & (8 * sizeof(T) - 1))); }`,
});
const atomicBits = (name: string, operator: string): Helper => ({
  needs: ["atomic_update"],
  text: `template <typename T>
static __device__ void ${name}(T *p, T x) { atomic_update(p, [=](T old) { return (T)(old ${operator} x); }); }`,
});

const HELPERS: { readonly [name: string]: Helper } = {
  lanes: {
    text: `/* Vectors that CUDA has no type for. */
template <typename T, int N>
struct alignas(sizeof(T) * N <= 16 ? sizeof(T) * N : alignof(T)) lanes { T at[N]; };`,
  },
  wide_unsigned: {
    text: `/* Integers wrap: computed as unsigned, at least 32 bits wide. */
template <int bytes> struct wide_unsigned_of { using type = unsigned; };
template <> struct wide_unsigned_of<8> { using type = unsigned long long; };
template <typename T> using wide_unsigned = typename wide_unsigned_of<sizeof(T)>::type;`,
  },
  wrapping_add: arithmetic("wrapping_add", "+"),
  wrapping_sub: arithmetic("wrapping_sub", "-"),
  wrapping_mul: arithmetic("wrapping_mul", "*"),
  wrapping_abs: {
    needs: ["wrapping_sub"],
    text: `template <typename T>
${FUNCTION} T wrapping_abs(T a) { return a < 0 ? wrapping_sub((T)0, a) : a; }`,
  },
  shift_left: shift("shift_left", "(wide_unsigned<T>)a", "<<"),
  shift_right: shift("shift_right", "a", ">>"),
  trunc_div: {
    needs: ["wrapping_sub"],
    text: `/* Division by zero gives 0; the least integer by -1 gives itself. */
template <typename T>
${FUNCTION} T trunc_div(T a, T b) {
  if (b == 0) return 0;
  return (T)-1 < (T)0 && b == (T)-1 ? wrapping_sub((T)0, a) : (T)(a / b);
}`,
  },
  trunc_mod: {
    text: `template <typename T>
${FUNCTION} T trunc_mod(T a, T b) { return b == 0 || ((T)-1 < (T)0 && b == (T)-1) ? (T)0 : (T)(a % b); }`,
  },
  floor_div: {
    needs: ["trunc_div", "trunc_mod"],
    text: `template <typename T>
${FUNCTION} T floor_div(T a, T b) {
  const T rest = trunc_mod(a, b);
  return (T)(trunc_div(a, b) - (rest != 0 && (rest < 0) != (b < 0)));
}`,
  },
  floor_mod: {
    needs: ["trunc_mod"],
    text: `template <typename T>
${FUNCTION} T floor_mod(T a, T b) {
  const T rest = trunc_mod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? (T)(rest + b) : rest;
}`,
  },
  min_of: {
    text: `/* The first operand stays unless the second is truly less (greater): so for NaN and zeros too. */
template <typename T>
${FUNCTION} T min_of(T a, T b) { return b < a ? b : a; }`,
  },
  max_of: {
    text: `template <typename T>
${FUNCTION} T max_of(T a, T b) { return a < b ? b : a; }`,
  },
  saturate: {
    text: `/* Float to integer: truncated, saturated, 0 for NaN. */
template <typename To, typename From>
${FUNCTION} To saturate(From x) {
  const bool is_signed = (To)-1 < (To)0;
  const unsigned long long top = 1ull << (8 * sizeof(To) - 1);
  const From low = is_signed ? -(From)top : (From)0;
  const From high = is_signed ? (From)top : (From)top * 2;
  if (x != x) return 0;
  if (x < low) return is_signed ? (To)top : (To)0;
  if (x >= high) return is_signed ? (To)(top - 1) : (To)-1;
  return (To)x;
}`,
  },
  same_bits: {
    text: `template <typename To, typename From>
${FUNCTION} To same_bits(From x) {
  To y;
  memcpy(&y, &x, sizeof(To));
  return y;
}`,
  },
  atomic_update: {
    text: `/* *p = f(*p) in one step: compare and swap of the word that holds it. */
template <typename T, typename F>
static __device__ void atomic_update(T *p, F f) {
  using Word = typename wide_unsigned_of<sizeof(T)>::type;
  const unsigned first = (unsigned)((size_t)p % sizeof(Word));
  Word *const word = (Word *)((char *)p - first);
  Word seen = *(volatile Word *)word;
  for (;;) {
    T value;
    memcpy(&value, (char *)&seen + first, sizeof(T));
    value = f(value);
    Word next = seen;
    memcpy((char *)&next + first, &value, sizeof(T));
    const Word before = atomicCAS(word, seen, next);
    if (before == seen) return;
    seen = before;
  }
}`,
    needs: ["wide_unsigned"],
  },
  update_add: {
    needs: ["atomic_update", "wrapping_add"],
    text: `template <typename T>
static __device__ void update_add(T *p, T x) { atomic_update(p, [=](T old) { return wrapping_add(old, x); }); }`,
  },
  update_min: {
    needs: ["atomic_update"],
    text: `template <typename T>
static __device__ void update_min(T *p, T x) { atomic_update(p, [=](T old) { return x < old ? x : old; }); }`,
  },
  update_max: {
    needs: ["atomic_update"],
    text: `template <typename T>
static __device__ void update_max(T *p, T x) { atomic_update(p, [=](T old) { return old < x ? x : old; }); }`,
  },
  update_and: atomicBits("update_and", "&"),
  update_or: atomicBits("update_or", "|"),
  update_xor: atomicBits("update_xor", "^"),
  update_exchange: {
    needs: ["atomic_update"],
    text: `template <typename T>
static __device__ void update_exchange(T *p, T x) { atomic_update(p, [=](T) { return x; }); }`,
  },
};

/** The names that the prelude may declare. */
export const PRELUDE_NAMES: ReadonlySet<string> = new Set([...Object.keys(HELPERS), "wide_unsigned_of"]);

/** The text of the helpers that `body` mentions, and of what these need, in a fixed order. */
export function preludeText(body: string): string {
  const wanted = new Set<string>();
  const want = (name: string): void => {
    for (const needed of HELPERS[name]?.needs ?? []) want(needed);
    wanted.add(name);
  };
  for (const name of body.match(/\b[a-z]+_?[a-z]+\b/g) ?? []) if (Object.hasOwn(HELPERS, name)) want(name);
  return Object.entries(HELPERS)
    .filter(([name]) => wanted.has(name))
    .map(([, { text }]) => text)
    .join("\n\n");
}
