// CUDA C++ on a CPU, to see that a kernel is right where no GPU is: each thread of a block runs on a stack of its own until it comes to a
// barrier, then the next one does. Threads and blocks run in a scrambled order, shared memory is poisoned before each block: what a missing
// barrier would let through shows up as a wrong result, the same each time. A barrier that not all threads reach ends the run.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

#define __host__
#define __device__
#define __global__
#define __forceinline__ inline
#define __launch_bounds__(threads)
#define __align__(bytes) __attribute__((aligned(bytes)))
// All shared arrays lie in one section, whose bounds the linker knows.
#define __shared__ static __attribute__((section("emulated_shared")))
#define __syncthreads() emulated::barrier(__LINE__)
#define TILEWRIGHT_LAUNCH(kernel, blocks, threads, ...) \
  if (tilewright_failure == 0) tilewright_failure = emulated::launch(#kernel, blocks, threads, [&] { kernel(__VA_ARGS__); });
#define TILEWRIGHT_FAIL(number) { atomicCAS(&tilewright_failed, 0, number); emulated::abandon(); }

#define EMULATED_VECTORS(name, element) \
  struct alignas(2 * sizeof(element)) name##2 { element x, y; }; \
  struct alignas(4 * sizeof(element) <= 16 ? 4 * sizeof(element) : 16) name##4 { element x, y, z, w; };
EMULATED_VECTORS(char, int8_t)
EMULATED_VECTORS(uchar, uint8_t)
EMULATED_VECTORS(short, int16_t)
EMULATED_VECTORS(ushort, uint16_t)
EMULATED_VECTORS(int, int)
EMULATED_VECTORS(uint, unsigned)
EMULATED_VECTORS(longlong, long long)
EMULATED_VECTORS(ulonglong, unsigned long long)
EMULATED_VECTORS(float, float)
EMULATED_VECTORS(double, double)

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
  long count() const { return (long)x * y * z; }
  dim3 at(long number) const { return dim3(number % x, number / x % y, number / x / y); }
};
static dim3 gridDim, blockDim, blockIdx, threadIdx;

// Rounded to nearest, and never fused: the compiler is told so (-ffp-contract=off).
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline double __dmul_rn(double a, double b) { return a * b; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

// One thread runs at a time, and none is interrupted.
#define EMULATED_ATOMIC(name, value) \
  template <typename T> static inline T name(T *p, T x) { const T old = *p; *p = value; return old; }
EMULATED_ATOMIC(atomicAdd, (T)(old + x))
EMULATED_ATOMIC(atomicMin, x < old ? x : old)
EMULATED_ATOMIC(atomicMax, old < x ? x : old)
EMULATED_ATOMIC(atomicAnd, (T)(old & x))
EMULATED_ATOMIC(atomicOr, (T)(old | x))
EMULATED_ATOMIC(atomicXor, (T)(old ^ x))
EMULATED_ATOMIC(atomicExch, x)
template <typename T> static inline T atomicCAS(T *p, T seen, T next) {
  const T old = *p;
  if (old == seen) *p = next;
  return old;
}
// Signed sums wrap.
static inline int atomicAdd(int *p, int x) { return (int)atomicAdd((unsigned *)p, (unsigned)x); }

template <typename T> static inline int cudaMemcpyFromSymbol(void *to, const T &symbol, size_t bytes) { memcpy(to, &symbol, bytes); return 0; }
template <typename T> static inline int cudaMemcpyToSymbol(T &symbol, const void *from, size_t bytes) { memcpy(&symbol, from, bytes); return 0; }

extern char shared_begin[] __asm__("__start_emulated_shared") __attribute__((weak, visibility("hidden")));
extern char shared_end[] __asm__("__stop_emulated_shared") __attribute__((weak, visibility("hidden")));

namespace emulated {

const size_t STACK_BYTES = 1024 * 1024; // taken page by page, as it is used
const size_t GUARD_BYTES = 4096; // below it: too deep a stack ends in a fault, not in another's memory
const unsigned char POISON = 0xff; // NaN, −1, true
enum { DONE = 0, ABANDONED = -1 };

struct Fiber {
  ucontext_t context;
  char *stack;
};

/* Stacks are kept for further threads, until the library is unloaded. */
struct Fibers {
  std::vector<Fiber *> idle;
  ~Fibers() {
    for (Fiber *fiber : idle) {
      munmap(fiber->stack, STACK_BYTES);
      delete fiber;
    }
  }
};

static ucontext_t scheduler;
static Fibers fibers;
static Fiber *running;
/* Where the running thread stopped: the line of a barrier, or how it ended. */
static int stopped;
static void (*body)(void *);
static void *captured;
static char message[256];

static inline void stop(int at) {
  stopped = at;
  swapcontext(&running->context, &scheduler);
}
static inline void barrier(int line) { stop(line); }
static inline void abandon() { stop(ABANDONED); }

static void run() {
  body(captured);
  stop(DONE); // never resumed
}

static inline Fiber *take() {
  if (!fibers.idle.empty()) {
    Fiber *const fiber = fibers.idle.back();
    fibers.idle.pop_back();
    return fiber;
  }
  Fiber *const fiber = new Fiber;
  fiber->stack = (char *)mmap(0, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (fiber->stack == MAP_FAILED) {
    delete fiber;
    return 0;
  }
  mprotect(fiber->stack, GUARD_BYTES, PROT_NONE);
  return fiber;
}

static inline void begin(Fiber *fiber) {
  getcontext(&fiber->context);
  fiber->context.uc_stack.ss_sp = fiber->stack;
  fiber->context.uc_stack.ss_size = STACK_BYTES;
  fiber->context.uc_link = 0;
  makecontext(&fiber->context, run, 0);
}

/* A step through 0 .. count that comes by each number once, and by neighbours in both directions. */
static inline long strideOf(long count) {
  long stride = count * 5 / 8;
  for (;; ++stride) {
    long a = count, b = stride;
    while (b != 0) { const long rest = a % b; a = b; b = rest; }
    if (a == 1) return stride;
  }
}

struct Thread {
  Fiber *fiber;
  int at; /* as `stopped` */
};

/* Why the threads of a block cannot go on together; null when they can, or have all ended. */
static inline const char *divergence(const char *kernel, const std::vector<Thread> &threads) {
  long first = -1, ended = -1;
  for (size_t k = 0; k < threads.size(); ++k) {
    if (threads[k].at == DONE) ended = k;
    else if (first < 0) first = k;
    else if (threads[k].at != threads[first].at) {
      snprintf(message, sizeof message, "divergent barrier in %s: thread %ld of a block waits at line %d, thread %zu at line %d", kernel, first, threads[first].at, k, threads[k].at);
      return message;
    }
  }
  if (first < 0 || ended < 0) return 0;
  snprintf(message, sizeof message, "divergent barrier in %s: thread %ld of a block waits at line %d, thread %ld has ended", kernel, first, threads[first].at, ended);
  return message;
}

/* Runs a block to its end. Null when it came there. */
static inline const char *runBlock(const char *kernel, std::vector<Thread> &threads, long stride) {
  const long count = threads.size();
  for (long round = 0;; ++round) {
    bool waits = false;
    for (long k = 0; k < count; ++k) {
      const long number = (round % 2 == 0 ? k : count - 1 - k) * stride % count;
      Thread &thread = threads[number];
      if (round == 0) {
        thread.fiber = take();
        if (thread.fiber == 0) return "no memory for the stack of a thread";
        begin(thread.fiber);
      } else if (thread.at == DONE) continue;
      threadIdx = blockDim.at(number);
      running = thread.fiber;
      swapcontext(&scheduler, &thread.fiber->context);
      thread.at = stopped;
      if (stopped == ABANDONED) return 0;
      if (stopped == DONE) {
        fibers.idle.push_back(thread.fiber);
        thread.fiber = 0;
      } else waits = true;
    }
    if (!waits) return 0;
    if (const char *const why = divergence(kernel, threads)) return why;
  }
}

template <typename F> static const char *launch(const char *kernel, dim3 blocks, dim3 size, const F &f) {
  gridDim = blocks;
  blockDim = size;
  body = [](void *of) { (*(const F *)of)(); };
  captured = (void *)&f;
  const long stride = strideOf(size.count()), blockStride = strideOf(blocks.count());
  for (long k = 0; k < blocks.count(); ++k) {
    blockIdx = blocks.at(k * blockStride % blocks.count());
    if (shared_begin != 0) memset(shared_begin, POISON, shared_end - shared_begin);
    std::vector<Thread> threads(size.count(), Thread{0, DONE});
    const char *const why = runBlock(kernel, threads, stride);
    for (Thread &thread : threads) if (thread.fiber != 0) fibers.idle.push_back(thread.fiber); // what they were doing is lost
    if (why != 0) return why;
  }
  return 0;
}

} // namespace emulated
