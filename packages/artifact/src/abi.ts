/**
 * Calling convention of compiled functions, version 1. The same for WebAssembly and C.
 *
 * - A function takes its parameters in order: a buffer as the address of its first element (`i32` in WebAssembly, a typed pointer in C),
 *   a scalar by value (`index` and integers up to 32 bits as `i32`, 64-bit ones as `i64`, `float32` as `f32`, `float64` as `f64`, bool as
 *   `i32` 0 or 1; float16 and bfloat16 scalars as `f32`), and last the address of its workspace: at least `workspaceBytes` of scratch
 *   memory, aligned to 64, private to the calling thread. It returns nothing.
 * - A function of role `parallel` takes `(begin: i32, end: i32, closure: address, workspace: address)`. The closure holds the other
 *   parameters, 8 bytes each, in order.
 * - To run one, a function calls the hook `parallel(body, extent, closure, workspace)`, where `body` is the index in the exported table
 *   `TABLE_EXPORT` (WebAssembly) or a function pointer (C). The hook returns when every iteration of `0 .. extent` has run once. The
 *   calling thread may run a part with the workspace it passes; other threads bring their own, of the largest `workspaceBytes` of the module.
 * - A WebAssembly module imports its memory as `MEMORY_IMPORT` (shared exactly when the feature `threads` stands in its entry) and, when it
 *   has parallel loops, the hook as `PARALLEL_IMPORT`. It has no start function and no data segments: instantiating it changes nothing.
 * - Every address is at least `LOW_MEMORY_BYTES`: code may fold constants below it into the offsets of its instructions, and what else
 *   lives in the memory (data and stack of a module built from C) has room below.
 * - In a C file the hook is the function pointer `tilewright_parallel`, which the file sets to a serial loop; whoever links it may replace
 *   it through `tilewright_set_parallel`.
 * - An assertion that fails: WebAssembly calls `ASSERT_IMPORT(message index)` and traps; C calls `tilewright_assert_failed(const char *)`.
 */
export const ABI_VERSION = 1;

export const IMPORT_MODULE = "tilewright";
export const MEMORY_IMPORT = "memory";
export const PARALLEL_IMPORT = "parallel";
export const ASSERT_IMPORT = "assert_failed";
export const TABLE_EXPORT = "functions";
/** Custom section of a module that holds the messages of its assertions, as a JSON array of strings. */
export const ASSERT_SECTION = "tilewright.asserts";
/** Alignment of workspaces, regions and tensors, in bytes. */
export const ALIGNMENT = 64;
/** Bytes at the bottom of a WebAssembly memory in which no buffer, workspace or closure lies. */
export const LOW_MEMORY_BYTES = 65_536;
/** Bytes of one parameter in a closure. */
export const CLOSURE_SLOT_BYTES = 8;
