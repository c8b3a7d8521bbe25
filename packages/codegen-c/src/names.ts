/** C keywords, macros and library names that a compiler or a header may already give a meaning. */
const RESERVED: ReadonlySet<string> = new Set(
  `auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return
  short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof alignas alignof bool true false
  constexpr nullptr static_assert thread_local typeof_unqual catch class delete explicit export friend mutable namespace new operator private
  protected public template this throw try typename using virtual and or not xor bitand bitor compl and_eq or_eq not_eq xor_eq
  NULL INFINITY NAN HUGE_VAL HUGE_VALF EOF BUFSIZ RAND_MAX CHAR_BIT SIZE_MAX WCHAR_MAX PTRDIFF_MAX INTPTR_MAX
  linux unix i386 near far main errno stdin stdout stderr assert offsetof signbit isnan isinf isfinite isnormal fpclassify
  abs labs llabs div ldiv lldiv exit abort atexit getenv system malloc calloc realloc free qsort bsearch rand srand atoi atol atof strtol
  strtoul strtod memcpy memmove memset memcmp memchr strlen strcmp strcpy strcat strchr index rindex bcopy bzero bcmp printf puts putchar
  read write open close select accept connect listen send recv pipe link unlink sleep time clock signal raise kill fork wait access dup
  pause alarm sync stat remove rename log exp pow sqrt cbrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp2 expm1 log10
  log1p log2 logb ilogb erf erfc tgamma lgamma gamma ceil floor nearbyint rint lrint llrint round lround llround trunc fmod remainder
  remquo copysign nan nextafter nexttoward fdim fmax fmin fma frexp ldexp modf scalbn scalbln hypot fabs j0 j1 jn y0 y1 yn drem
  significand finite exp10 pow10 sincos cabs creal cimag conj carg csqrt cexp clog cpow ffs strdup alloca bcmp isalpha isdigit isspace
  isupper islower toupper tolower environ timezone daylight basename dirname workspace closure slots`.split(/\s+/),
);

/** Names of our own text: `f32x8`, `min_i32`, `load_f32x8`, `tilewright_…`; and the float and long forms of math functions. */
const OURS =
  /^(tilewright|TILEWRIGHT|pthread|_)|^(i|u|f|bf)(8|16|32|64)x\d+(_u)?$|_(i|u|f|bf)(8|16|32|64)(x\d+)?$|^u?int\d+_t$|^U?INT\d+_/;
const MATH =
  /^(exp|pow|sqrt|sin|cos|tan|log|floor|ceil|rint|round|trunc|fmod|fabs|fma|fmin|fmax|erf|tanh|hypot|copysign)\w{0,2}$/;

function isTaken(name: string): boolean {
  return RESERVED.has(name) || OURS.test(name) || MATH.test(name);
}

/** `name` with what C does not allow in identifiers replaced; never empty. Not yet unique. */
export function identifier(name: string): string {
  const legal = name.replace(/[^A-Za-z0-9_]/g, "_").slice(0, 48);
  const started = /^[A-Za-z]/.test(legal) ? legal : `v${legal}`;
  return isTaken(started) ? `${started}_` : started;
}

/** Hands out identifiers, each once: `x`, `x_1`, `x_2`, … */
export interface Names {
  take(name: string): string;
}

/** Names that differ from each other and from those in `outer`. */
export function names(outer: ReadonlySet<string> = new Set()): Names {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return {
    take(name) {
      const base = identifier(name);
      let candidate = base;
      for (
        let count = next.get(base) ?? 1;
        taken.has(candidate) || outer.has(candidate) || (candidate !== base && isTaken(candidate));
        count++
      ) {
        candidate = `${base}_${count}`;
        next.set(base, count + 1);
      }
      taken.add(candidate);
      return candidate;
    },
  };
}
