import { CompileError, NO_SPAN, type Span } from "@tilewright/diagnostics";

const error = (
  code: string,
  message: string,
  expected: string,
  actual: string,
  hint: string,
  span: Span,
): CompileError => new CompileError({ code, severity: "error", message, expected, actual, hint, span });

/** BE201: something that capabilities cannot name, and that CUDA has no place for. */
export const undeclaredHere = (what: string, span: Span): CompileError =>
  error(
    "BE201",
    `CUDA C++ cannot say ${what} here`,
    "loop IR at the device level",
    what,
    "run `lower` before `compile`",
    span,
  );

/** BE202: the host has no access to the memory of the device. */
export const hostTouchesMemory = (what: string, span: Span): CompileError =>
  error(
    "BE202",
    `host code has ${what}`,
    "calls of kernels, with memory passed on",
    what,
    "put it in a kernel: `lower` does so",
    span,
  );

/** BE203: threads that no launch can start. */
export const notLaunchForm = (kernel: string, what: string, span: Span): CompileError =>
  error(
    "BE203",
    `the kernel \`${kernel}\` is no single launch`,
    "loops over blocks, then threads, outermost, with constant extents",
    what,
    "run `lower` with the capabilities of this backend: it splits launches",
    span,
  );

/** BE204: memory that one kernel takes in all, where capabilities speak of what is alive at once. */
export const tooMuchMemory = (kernel: string, scope: string, bytes: number, most: number, span: Span): CompileError =>
  error(
    "BE204",
    `the kernel \`${kernel}\` takes too much ${scope} memory`,
    `at most ${most} bytes`,
    `${bytes} bytes`,
    "choose smaller tiles",
    span,
  );

/** BE205: a call that goes nowhere, or around in a circle. */
export const badCall = (callee: string, actual: string, span: Span): CompileError =>
  error(
    "BE205",
    `the call of \`${callee}\` cannot be written`,
    "a function of the module, not recursive",
    actual,
    "verify the module",
    span,
  );

/** BE210: a tool is missing, fails or does not end. */
export const toolFailed = (tool: string, actual: string, hint: string, span = NO_SPAN): CompileError =>
  error("BE210", `${tool} did not build the module`, "a compiled module", actual, hint, span);
