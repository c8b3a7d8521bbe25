/** A C++ string; what is not printable ASCII is escaped. */
export function stringText(text: string): string {
  const bytes = new TextEncoder().encode(text.slice(0, 1000));
  const characters = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    if (character === "\\" || character === '"' || character === "?") return `\\${character}`;
    return byte >= 32 && byte < 127 ? character : `\\${byte.toString(8).padStart(3, "0")}`;
  });
  return `"${characters.join("")}"`;
}

/** The beginning of each file. Launches go through a macro, so that the same text runs where no GPU is. */
export function headText(asserts: boolean): string {
  const fail = `
/* Ends the run: the first failure counts. */
#define TILEWRIGHT_FAIL(number) { atomicCAS(&tilewright_failed, 0, number); return; }`;
  return `#include <stdint.h>
#include <string.h>

/* Why a run ended; null when it did not. */
static const char *tilewright_failure = 0;

#ifdef __CUDACC__
#define TILEWRIGHT_LAUNCH(kernel, blocks, threads, ...) \\
  if (tilewright_failure == 0) { \\
    kernel<<<blocks, threads>>>(__VA_ARGS__); \\
    const cudaError_t error = cudaGetLastError(); \\
    if (error != cudaSuccess) tilewright_failure = cudaGetErrorString(error); \\
  }${asserts ? fail : ""}
#else
#include "cuda_emulation.h"
#endif`;
}

/** What modules with assertions in kernels need: the number of the message travels from the device to the host. */
export function failureText(messages: readonly string[], asserts: boolean): string {
  if (!asserts) return "";
  return `static __device__ int tilewright_failed;
static const char *const tilewright_messages[] = {
${messages.map((message) => `  ${stringText(message)},`).join("\n")}
};
static bool tilewright_stopped() {
  int number = 0;
  cudaMemcpyFromSymbol(&number, tilewright_failed, sizeof(number));
  if (number == 0) return tilewright_failure != 0;
  tilewright_failure = tilewright_messages[number - 1];
  number = 0;
  cudaMemcpyToSymbol(tilewright_failed, &number, sizeof(number));
  return true;
}`;
}

/** How a loader finds the functions of the module, and hears why a run ended. */
export function finderText(functions: readonly { readonly name: string; readonly symbol: string }[]): string {
  const lines = functions.map(
    ({ name, symbol }) => `  if (strcmp(name, ${stringText(name)}) == 0) return (void *)${symbol};`,
  );
  return `extern "C" void *tilewright_find(const char *name) {
${lines.join("\n")}
  return 0;
}

extern "C" const char *tilewright_take_failure() {
  const char *const failure = tilewright_failure;
  tilewright_failure = 0;
  return failure;
}`;
}
