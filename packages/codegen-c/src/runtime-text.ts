/** Text that every file of a kind carries: macros, the hook of parallel loops, its pool of threads, failures, the loader's entry. */

/** Macros that let one text serve native compilers and WebAssembly. */
export function macroText(gnu: boolean): string {
  const inline = gnu ? "static inline __attribute__((always_inline))" : "static inline";
  return [
    "/* Floating point is strict but where `fma_…` allows contraction: compile with -ffp-contract=off and without -ffast-math. */",
    "#if defined(__clang__)",
    "#pragma STDC FP_CONTRACT OFF",
    "#endif",
    ...(gnu
      ? ["#if defined(__GNUC__) && !defined(__clang__)", '#pragma GCC diagnostic ignored "-Wpsabi"', "#endif"]
      : []),
    `#define TILEWRIGHT_INLINE ${inline}`,
    "#if defined(__wasm__)",
    "#define TILEWRIGHT_EXPORT(name) __attribute__((export_name(name)))",
    "#elif defined(TILEWRIGHT_SHARED) && defined(__GNUC__)",
    '#define TILEWRIGHT_EXPORT(name) __attribute__((visibility("default")))',
    "#elif defined(TILEWRIGHT_SHARED) && defined(_WIN32)",
    "#define TILEWRIGHT_EXPORT(name) __declspec(dllexport)",
    "#else",
    "#define TILEWRIGHT_EXPORT(name)",
    "#endif",
    // Several generated files in one program have one hook, where the compiler can merge definitions.
    "#if defined(__GNUC__) && !defined(_WIN32)",
    "#define TILEWRIGHT_WEAK __attribute__((weak))",
    "#else",
    "#define TILEWRIGHT_WEAK",
    "#endif",
  ].join("\n");
}

/** What failing assertions do: note the message, tell the program, and leave. */
export const FAILURE_TEXT = `#if defined(__wasm__)
__attribute__((import_module("tilewright"), import_name("assert_failed"))) void tilewright_assert_index(int32_t);
#define TILEWRIGHT_FAIL(index, message) (tilewright_assert_index(index), __builtin_trap())
#define TILEWRIGHT_FAILED() 0
#else
static const char *volatile tilewright_failure;
/* Called when an assertion fails; the function then returns at once. Define it to be told. */
void tilewright_assert_failed(const char *message);
#if defined(TILEWRIGHT_SHARED)
void tilewright_assert_failed(const char *message) { (void)message; }
TILEWRIGHT_EXPORT("tilewright_take_failure") const char *tilewright_take_failure(void);
const char *tilewright_take_failure(void) {
  const char *const message = tilewright_failure;
  tilewright_failure = 0;
  return message;
}
#endif
#define TILEWRIGHT_FAIL(index, message) (tilewright_failure = (message), tilewright_assert_failed(message))
#define TILEWRIGHT_FAILED() (tilewright_failure != 0)
#endif`;

/** A hook that runs one iteration after another. */
export function serialText(name: string): string {
  return `static void ${name}(tilewright_body body, int32_t extent, const void *closure, void *workspace) {
  if (extent > 0) body(0, extent, closure, workspace);
}`;
}

/** The hook that runs parallel loops: one iteration after another, or by `pool`, the text that defines `tilewright_pool`. */
export function hookText(pool = ""): string {
  const initial = pool === "" ? "tilewright_serial" : "tilewright_pool";
  return `typedef union {
  void *pointer;
  int32_t i32;
  uint32_t u32;
  int64_t i64;
  uint64_t u64;
  float f32;
  double f64;
} tilewright_slot;
typedef void (*tilewright_body)(int32_t begin, int32_t end, const void *closure, void *workspace);
typedef void (*tilewright_hook)(tilewright_body body, int32_t extent, const void *closure, void *workspace);
#if defined(__wasm__)
__attribute__((import_module("tilewright"), import_name("parallel"))) void tilewright_parallel(
    tilewright_body body, int32_t extent, const void *closure, void *workspace);
#else
${pool === "" ? serialText("tilewright_serial") : pool}
TILEWRIGHT_WEAK tilewright_hook tilewright_parallel = ${initial};
TILEWRIGHT_WEAK void tilewright_set_parallel(tilewright_hook hook);
void tilewright_set_parallel(tilewright_hook hook) {
  tilewright_parallel = hook != 0 ? hook : ${initial};
}
#endif`;
}

/** How a loader finds functions by the names of the manifest, which need not be names in C. */
export function finderText(entries: readonly { readonly name: string; readonly symbol: string }[]): string {
  const rows = entries.map(({ name, symbol }) => `    {${name}, (tilewright_function)${symbol}},`);
  return `#if defined(TILEWRIGHT_SHARED)
typedef void (*tilewright_function)(void);
TILEWRIGHT_EXPORT("tilewright_find") tilewright_function tilewright_find(const char *name);
tilewright_function tilewright_find(const char *name) {
  static const struct {
    const char *name;
    tilewright_function function;
  } functions[] = {
${rows.join("\n")}
  };
  for (unsigned entry = 0; entry < sizeof functions / sizeof functions[0]; entry++) {
    const char *a = name, *b = functions[entry].name;
    while (*a != 0 && *a == *b) a++, b++;
    if (*a == *b) return functions[entry].function;
  }
  return 0;
}
#endif`;
}
