import { BACKEND_SPEC_VERSION, type Backend, defineBackend, type Intrinsic } from "@tilewright/backend";
import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import type { PrimFunc } from "@tilewright/ir";
import { loopTemplates } from "@tilewright/lower";
import { type Cpu, capabilitiesOf, processorOf } from "./capabilities.js";
import { badOption } from "./errors.js";
import type { CTemplate } from "./intrinsic-template.js";
import { emitModule } from "./module.js";
import type { Dialect } from "./short-types.js";

export interface COptions {
  /** `gnu`: GNU C11 with vector extensions, for gcc ≥ 12 and clang. `c99`: scalar ISO C. Default `gnu`. */
  readonly dialect?: Dialect;
  /** Bytes of a vector register; 0 makes scalar code. Default: what `cpu` has, 0 for `c99`. */
  readonly vectorBytes?: 0 | 16 | 32 | 64;
  /** Threads that run parallel loops: above 1 the file brings a pool of POSIX threads (not in `c99`). Default 1. */
  readonly threads?: number;
  /** Family of processors that the code is shaped for. Default `x86-64-v3`; for WebAssembly `wasm` or `wasm-relaxed`. */
  readonly cpu?: Cpu;
  /** Of the files: `<name>.c` and `<name>.h`. Default `module`. */
  readonly name?: string;
  /** Instructions of your own, each with a template of C text, or of loop IR over the same parameters. Default none. */
  readonly intrinsics?: readonly Intrinsic<CTemplate | PrimFunc>[];
}

/**
 * A backend that writes device-level loop IR as C: one `.c` file, and in `files` its header.
 * @throws CompileError `BE208` for an option that does not exist
 */
export function c(options: COptions = {}): Backend {
  const { dialect = "gnu", cpu = "x86-64-v3", threads = 1, name = "module", intrinsics = [] } = options;
  const processor = processorOf(cpu);
  const vectorBytes = options.vectorBytes ?? (dialect === "c99" ? 0 : processor.vectorBytes);
  const bad = (option: string, actual: unknown, expected: string): never => {
    throw new CompileError(badOption(option, String(actual), expected, NO_SPAN));
  };
  if (dialect !== "gnu" && dialect !== "c99") bad("dialect", dialect, "`gnu` or `c99`");
  if (![0, 16, 32, 64].includes(vectorBytes) || (dialect === "c99" && vectorBytes !== 0))
    bad("vectorBytes", vectorBytes, dialect === "c99" ? "0" : "0, 16, 32 or 64");
  if (!Number.isInteger(threads) || threads < 1 || threads > 256) bad("threads", threads, "an integer from 1 to 256");
  if (!/^[A-Za-z][\w-]*$/.test(name)) bad("name", name, "a file name: a letter, then letters, digits, `_` and `-`");
  if (!Array.isArray(intrinsics) || !intrinsics.every(hasTemplate))
    bad("intrinsics", intrinsics, "intrinsics with templates of C text or loop IR");
  const templates = new Map(
    intrinsics.flatMap((each) => (typeof each.emit === "function" ? [[each.name, each.emit]] : [])),
  );
  const loops = intrinsics.filter((each): each is Intrinsic<PrimFunc> => typeof each.emit !== "function");
  const fused = dialect === "gnu" && processor.fusedMultiplyAdd;
  return defineBackend({
    specVersion: BACKEND_SPEC_VERSION,
    name: "c",
    capabilities: {
      ...capabilitiesOf(processor, vectorBytes, dialect === "c99" ? 1 : threads, fused),
      intrinsics: intrinsics.map((each) => each.name),
    },
    intrinsics,
    passes: loops.length === 0 ? [] : [loopTemplates(loops)],
    compile: (module) => emitModule(module, { dialect, threads, name, localBytes: processor.localBytes, templates }),
  });
}

const hasTemplate = (given: Partial<Intrinsic<CTemplate | Partial<PrimFunc>>> | undefined): boolean =>
  typeof given?.name === "string" &&
  given.semantics?.kind === "PrimFunc" &&
  (typeof given.emit === "function" || given.emit?.kind === "PrimFunc");
