import { PRELUDE_NAMES } from "./prelude.js";

/** Words that text of ours may not use for something else: of C++, of CUDA, macros, and functions that the text calls. */
const RESERVED: ReadonlySet<string> = new Set(
  `alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class co_await co_return co_yield compl
  concept const const_cast consteval constexpr constinit continue decltype default delete do double dynamic_cast else enum explicit export
  extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
  protected public register reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template
  this thread_local throw true try typedef typeid typename typeof union unsigned using virtual void volatile wchar_t while xor xor_eq
  linux unix i386 NULL EOF INFINITY NAN HUGE_VAL assert errno stdin stdout stderr main lanes workspace
  threadIdx blockIdx blockDim gridDim warpSize dim3 uint3 std fabs sqrt floor ceil trunc rint exp log sin cos tanh erf
  fabsf sqrtf floorf ceilf truncf rintf expf logf sinf cosf tanhf erff`.split(/\s+/),
);
/** CUDA's vectors and functions, the types of stdint, and what every file of ours declares. */
const TAKEN =
  /^(tilewright|TILEWRIGHT|emulated|cuda|atomic)|^u?(char|short|int|long|longlong|float|double)[1-4]$|^u?int\d+_t$/;

/** Hands out identifiers, each once. */
export interface Names {
  take(name: string): string;
}

/** Names that differ from each other, from those in `outer` and from the functions of the prelude. */
export function createNames(outer: ReadonlySet<string> = new Set()): Names {
  const taken = new Set<string>();
  return {
    take(name) {
      const base = identifier(name);
      let candidate = base;
      for (let count = 1; taken.has(candidate) || outer.has(candidate) || PRELUDE_NAMES.has(candidate); count++)
        candidate = `${base}_${count}`;
      taken.add(candidate);
      return candidate;
    },
  };
}

function identifier(name: string): string {
  const legal = name.replace(/[^A-Za-z0-9]+/g, "_").slice(0, 48);
  const started = /^[A-Za-z]/.test(legal) ? legal : `v${legal}`;
  return RESERVED.has(started) || TAKEN.test(started) ? `${started}_` : started;
}
