import { serialText } from "./runtime-text.js";

/**
 * A pool of POSIX threads that runs parallel loops. Threads claim chunks of iterations, long ones first (factoring: Hummel, Schonberg and Flynn,
 * 1992), from a ticket that holds the number of the job and how many of its chunks are unclaimed. The fields of a job change only while that is none, and a claim succeeds only on the
 * ticket that was read before them, so one that wakes late touches nothing. Idle threads spin for some hundred microseconds, then park.
 * Nested and concurrent calls run on the calling thread. What an iteration computes does not depend on who runs it.
 */

/** The text of the pool. `threads`: until it is told otherwise; `workspaceBytes`: scratch memory of each thread. */
export function poolText(threads: number, workspaceBytes: number): string {
  const start = POOL_START.replace("WORKSPACE_BYTES", String(Math.max(64, workspaceBytes)));
  return [poolState(threads), POOL_CHUNKS, POOL_WORK, POOL_THREAD, start, POOL_RUN, POOL_END].join("\n\n");
}

function poolState(threads: number): string {
  return `#if defined(_WIN32)
${serialText("tilewright_pool")}
#else
enum { TILEWRIGHT_MAX_THREADS = 256, TILEWRIGHT_SPINS = 20000 };
static struct {
  pthread_mutex_t busy; /* held by the call whose job the pool runs */
  pthread_mutex_t lock; /* guards parking */
  pthread_cond_t work, done;
  int32_t wanted, started, stop;
  uint64_t ticket; /* number of the job in the upper half, of its unclaimed chunks in the lower */
  int32_t chunks, sharing, extent, remaining;
  tilewright_body body;
  const void *closure;
  pthread_t threads[TILEWRIGHT_MAX_THREADS];
} tilewright_state = {.busy = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER, .wanted = ${threads}};
static __thread int tilewright_inside;

#define TILEWRIGHT_LOAD(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define TILEWRIGHT_STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_RELEASE)

static void tilewright_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}`;
}

const POOL_CHUNKS = `/* The first iteration of a chunk, and how many there are: a round of chunks, one for each thread, takes half of what is left. */
static int32_t tilewright_chunk(int32_t extent, int32_t sharing, int32_t chunk, int32_t *size) {
  for (int32_t begin = 0;; begin += sharing * *size, chunk -= sharing) {
    *size = (extent - begin - 1) / (2 * sharing) + 1;
    if (chunk < sharing) return begin + chunk * *size;
  }
}

static int32_t tilewright_count(int32_t extent, int32_t sharing) {
  int32_t chunks = 0;
  for (int32_t left = extent; left > 0;) {
    const int32_t size = (left - 1) / (2 * sharing) + 1;
    if (left <= sharing) return chunks + left;
    left -= sharing * size;
    chunks += sharing;
  }
  return chunks;
}`;

const POOL_WORK = `/* Runs chunks of the job until none is left; returns the number of the job. */
static uint32_t tilewright_work(void *workspace) {
  uint64_t ticket = TILEWRIGHT_LOAD(tilewright_state.ticket);
  const uint32_t job = (uint32_t)(ticket >> 32);
  for (;;) {
    const int32_t unclaimed = (int32_t)(uint32_t)ticket;
    if ((uint32_t)(ticket >> 32) != job || unclaimed == 0) return job;
    const tilewright_body body = TILEWRIGHT_LOAD(tilewright_state.body);
    const void *const closure = TILEWRIGHT_LOAD(tilewright_state.closure);
    const int32_t sharing = TILEWRIGHT_LOAD(tilewright_state.sharing), extent = TILEWRIGHT_LOAD(tilewright_state.extent);
    const int32_t chunks = TILEWRIGHT_LOAD(tilewright_state.chunks);
    if (!__atomic_compare_exchange_n(&tilewright_state.ticket, &ticket, ticket - 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) continue;
    int32_t size;
    const int32_t begin = tilewright_chunk(extent, sharing, chunks - unclaimed, &size);
    body(begin, extent - begin < size ? extent : begin + size, closure, workspace);
    if (__atomic_sub_fetch(&tilewright_state.remaining, 1, __ATOMIC_ACQ_REL) == 0) {
      pthread_mutex_lock(&tilewright_state.lock);
      pthread_cond_broadcast(&tilewright_state.done);
      pthread_mutex_unlock(&tilewright_state.lock);
    }
    ticket = TILEWRIGHT_LOAD(tilewright_state.ticket);
  }
}`;

const POOL_THREAD = `static void *tilewright_thread(void *workspace) {
  uint32_t seen = 0;
  tilewright_inside = 1;
  while (!TILEWRIGHT_LOAD(tilewright_state.stop)) {
    for (int spin = 0; spin < TILEWRIGHT_SPINS && (uint32_t)(TILEWRIGHT_LOAD(tilewright_state.ticket) >> 32) == seen; spin++) tilewright_pause();
    pthread_mutex_lock(&tilewright_state.lock);
    while (!TILEWRIGHT_LOAD(tilewright_state.stop) && (uint32_t)(TILEWRIGHT_LOAD(tilewright_state.ticket) >> 32) == seen) pthread_cond_wait(&tilewright_state.work, &tilewright_state.lock);
    pthread_mutex_unlock(&tilewright_state.lock);
    if (!TILEWRIGHT_LOAD(tilewright_state.stop)) seen = tilewright_work(workspace);
  }
  free(workspace);
  return 0;
}`;

const POOL_START = `static void tilewright_start(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before); /* signals stay with the program's own threads */
  while (tilewright_state.started < tilewright_state.wanted - 1) {
    void *workspace = 0;
    if (posix_memalign(&workspace, 64, WORKSPACE_BYTES) != 0) break;
    if (pthread_create(&tilewright_state.threads[tilewright_state.started], 0, tilewright_thread, workspace) != 0) {
      free(workspace);
      break;
    }
    tilewright_state.started++;
  }
  pthread_sigmask(SIG_SETMASK, &before, 0);
}`;

const POOL_RUN = `static void tilewright_pool(tilewright_body body, int32_t extent, const void *closure, void *workspace) {
  if (extent <= 0) return;
  if (extent == 1 || tilewright_inside || tilewright_state.wanted < 2 || pthread_mutex_trylock(&tilewright_state.busy) != 0) {
    body(0, extent, closure, workspace);
    return;
  }
  if (tilewright_state.started < tilewright_state.wanted - 1) tilewright_start();
  const int32_t sharing = tilewright_state.started + 1, chunks = tilewright_count(extent, sharing);
  const uint32_t job = (uint32_t)(tilewright_state.ticket >> 32) + 1;
  TILEWRIGHT_STORE(tilewright_state.body, body);
  TILEWRIGHT_STORE(tilewright_state.closure, closure);
  TILEWRIGHT_STORE(tilewright_state.sharing, sharing);
  TILEWRIGHT_STORE(tilewright_state.extent, extent);
  TILEWRIGHT_STORE(tilewright_state.remaining, chunks);
  TILEWRIGHT_STORE(tilewright_state.chunks, chunks);
  pthread_mutex_lock(&tilewright_state.lock);
  TILEWRIGHT_STORE(tilewright_state.ticket, (uint64_t)(job == 0 ? 1 : job) << 32 | (uint32_t)chunks);
  pthread_cond_broadcast(&tilewright_state.work);
  pthread_mutex_unlock(&tilewright_state.lock);
  tilewright_inside = 1;
  tilewright_work(workspace);
  tilewright_inside = 0;
  for (int spin = 0; spin < TILEWRIGHT_SPINS && TILEWRIGHT_LOAD(tilewright_state.remaining) > 0; spin++) tilewright_pause();
  if (TILEWRIGHT_LOAD(tilewright_state.remaining) > 0) {
    pthread_mutex_lock(&tilewright_state.lock);
    while (TILEWRIGHT_LOAD(tilewright_state.remaining) > 0) pthread_cond_wait(&tilewright_state.done, &tilewright_state.lock);
    pthread_mutex_unlock(&tilewright_state.lock);
  }
  pthread_mutex_unlock(&tilewright_state.busy);
}`;

const POOL_END = `/* Ends the threads of the pool; the next parallel loop starts new ones. */
static void tilewright_stop(void) {
  pthread_mutex_lock(&tilewright_state.lock);
  TILEWRIGHT_STORE(tilewright_state.stop, 1);
  pthread_cond_broadcast(&tilewright_state.work);
  pthread_mutex_unlock(&tilewright_state.lock);
  for (int32_t thread = 0; thread < tilewright_state.started; thread++) pthread_join(tilewright_state.threads[thread], 0);
  tilewright_state.started = 0;
  TILEWRIGHT_STORE(tilewright_state.stop, 0);
}

__attribute__((destructor)) static void tilewright_unload(void) {
  tilewright_stop();
}

#if defined(TILEWRIGHT_SHARED)
TILEWRIGHT_EXPORT("tilewright_set_threads") void tilewright_set_threads(int32_t threads);
void tilewright_set_threads(int32_t threads) {
  pthread_mutex_lock(&tilewright_state.busy);
  tilewright_stop();
  tilewright_state.wanted = threads < 1 ? 1 : threads > TILEWRIGHT_MAX_THREADS ? TILEWRIGHT_MAX_THREADS : threads;
  pthread_mutex_unlock(&tilewright_state.busy);
}
#endif
#undef TILEWRIGHT_LOAD
#undef TILEWRIGHT_STORE
#endif`;
