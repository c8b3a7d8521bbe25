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

/** The hook that runs parallel loops, by default one iteration after another (or `initial`, a pool). */
export function hookText(initial: string): string {
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
static void tilewright_serial(tilewright_body body, int32_t extent, const void *closure, void *workspace) {
  if (extent > 0) body(0, extent, closure, workspace);
}
${initial === "tilewright_serial" ? "" : `${POOL_PLACE}\n`}TILEWRIGHT_WEAK tilewright_hook tilewright_parallel = ${initial};
TILEWRIGHT_WEAK void tilewright_set_parallel(tilewright_hook hook);
void tilewright_set_parallel(tilewright_hook hook) {
  tilewright_parallel = hook != 0 ? hook : ${initial};
}
#endif`;
}

const POOL_PLACE = "/*pool*/";

/**
 * The hook with a pool of POSIX threads behind it. Threads claim chunks of iterations from a ticket that holds the number of the
 * job and of the next chunk, so that one that wakes late finds nothing and touches nothing. Idle threads spin for some microseconds,
 * then park. Nested and concurrent calls run on the calling thread. What an iteration computes does not depend on who runs it.
 */
export function pooledHookText(threads: number, workspaceBytes: number): string {
  return hookText("tilewright_pool").replace(POOL_PLACE, poolText(threads, workspaceBytes));
}

function poolText(threads: number, workspaceBytes: number): string {
  return `#if defined(_WIN32)
#define tilewright_pool tilewright_serial
#else
enum { TILEWRIGHT_MAX_THREADS = 256, TILEWRIGHT_SPINS = 4000 };
static struct {
  pthread_mutex_t busy; /* held by the call whose job the pool runs */
  pthread_mutex_t lock; /* guards parking */
  pthread_cond_t work, done;
  int32_t wanted, started, stop;
  uint64_t ticket; /* number of the job in the upper half, of the next chunk in the lower */
  int32_t chunks, chunk, extent, remaining;
  tilewright_body body;
  const void *closure;
  pthread_t threads[TILEWRIGHT_MAX_THREADS];
} pool = {.busy = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER, .wanted = ${threads}};
static __thread int tilewright_inside;

#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELEASE)

static void tilewright_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Runs chunks of the job until none is left; returns the number of the job. */
static uint32_t tilewright_work(void *workspace) {
  uint64_t ticket = LOAD(pool.ticket);
  const uint32_t job = (uint32_t)(ticket >> 32);
  for (;;) {
    const tilewright_body body = LOAD(pool.body);
    const void *const closure = LOAD(pool.closure);
    const int32_t chunk = LOAD(pool.chunk), extent = LOAD(pool.extent);
    const int32_t claimed = (int32_t)(uint32_t)ticket;
    if ((uint32_t)(ticket >> 32) != job || claimed >= LOAD(pool.chunks)) return job;
    if (!__atomic_compare_exchange_n(&pool.ticket, &ticket, ticket + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
    const int32_t begin = claimed * chunk;
    body(begin, extent - begin < chunk ? extent : begin + chunk, closure, workspace);
    if (__atomic_sub_fetch(&pool.remaining, 1, __ATOMIC_ACQ_REL) == 0) {
      pthread_mutex_lock(&pool.lock);
      pthread_cond_broadcast(&pool.done);
      pthread_mutex_unlock(&pool.lock);
    }
    ticket = LOAD(pool.ticket);
  }
}

static void *tilewright_thread(void *workspace) {
  uint32_t seen = 0;
  tilewright_inside = 1;
  while (!LOAD(pool.stop)) {
    for (int spin = 0; spin < TILEWRIGHT_SPINS && (uint32_t)(LOAD(pool.ticket) >> 32) == seen; spin++) tilewright_pause();
    pthread_mutex_lock(&pool.lock);
    while (!LOAD(pool.stop) && (uint32_t)(LOAD(pool.ticket) >> 32) == seen) pthread_cond_wait(&pool.work, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
    if (!LOAD(pool.stop)) seen = tilewright_work(workspace);
  }
  free(workspace);
  return 0;
}

static void tilewright_start(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals stay with the program's own threads */
  while (pool.started < pool.wanted - 1) {
    void *workspace = 0;
    if (posix_memalign(&workspace, 64, ${Math.max(64, workspaceBytes)}) != 0) break;
    if (pthread_create(&pool.threads[pool.started], 0, tilewright_thread, workspace) != 0) {
      free(workspace);
      break;
    }
    pool.started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
}

static void tilewright_pool(tilewright_body body, int32_t extent, const void *closure, void *workspace) {
  if (extent <= 0) return;
  if (extent == 1 || tilewright_inside || pool.wanted < 2 || pthread_mutex_trylock(&pool.busy) != 0) {
    body(0, extent, closure, workspace);
    return;
  }
  if (pool.started < pool.wanted - 1) tilewright_start();
  const int32_t parts = 4 * (pool.started + 1);
  const int32_t chunk = extent / parts + (extent % parts != 0);
  const int32_t chunks = extent / chunk + (extent % chunk != 0);
  const uint32_t job = (uint32_t)(pool.ticket >> 32) + 1;
  STORE(pool.body, body);
  STORE(pool.closure, closure);
  STORE(pool.chunk, chunk);
  STORE(pool.extent, extent);
  STORE(pool.remaining, chunks);
  STORE(pool.chunks, chunks);
  pthread_mutex_lock(&pool.lock);
  STORE(pool.ticket, (uint64_t)(job == 0 ? 1 : job) << 32);
  pthread_cond_broadcast(&pool.work);
  pthread_mutex_unlock(&pool.lock);
  tilewright_inside = 1;
  tilewright_work(workspace);
  tilewright_inside = 0;
  for (int spin = 0; spin < TILEWRIGHT_SPINS && LOAD(pool.remaining) > 0; spin++) tilewright_pause();
  if (LOAD(pool.remaining) > 0) {
    pthread_mutex_lock(&pool.lock);
    while (LOAD(pool.remaining) > 0) pthread_cond_wait(&pool.done, &pool.lock);
    pthread_mutex_unlock(&pool.lock);
  }
  pthread_mutex_unlock(&pool.busy);
}

/* Ends the threads of the pool; the next parallel loop starts new ones. */
static void tilewright_stop(void) {
  pthread_mutex_lock(&pool.lock);
  STORE(pool.stop, 1);
  pthread_cond_broadcast(&pool.work);
  pthread_mutex_unlock(&pool.lock);
  for (int32_t thread = 0; thread < pool.started; thread++) pthread_join(pool.threads[thread], 0);
  pool.started = 0;
  STORE(pool.stop, 0);
}

__attribute__((destructor)) static void tilewright_unload(void) {
  tilewright_stop();
}

#if defined(TILEWRIGHT_SHARED)
TILEWRIGHT_EXPORT("tilewright_set_threads") void tilewright_set_threads(int32_t threads);
void tilewright_set_threads(int32_t threads) {
  pthread_mutex_lock(&pool.busy);
  tilewright_stop();
  pool.wanted = threads < 1 ? 1 : threads > TILEWRIGHT_MAX_THREADS ? TILEWRIGHT_MAX_THREADS : threads;
  pthread_mutex_unlock(&pool.busy);
}
#endif
#undef LOAD
#undef STORE
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
