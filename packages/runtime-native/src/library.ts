import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FunctionEntry } from "@tilewright/artifact";
import koffi, { type KoffiFunc, type LibraryHandle } from "koffi";
import { badModule } from "./errors.js";

/** A function of a library, called with addresses and numbers, and last the address of its workspace. */
export type NativeFunction = (...values: readonly (number | bigint)[]) => void;

/** A loaded library that `codegen-c` wrote. */
export interface Library {
  /** The function of that name in the manifest. @throws CompileError `RT111` */
  find(entry: FunctionEntry): NativeFunction;
  /** The message of an assertion that failed since the last call; null when none did. */
  takeFailure(): string | null;
  /** Ends its threads and unloads it. */
  close(): void;
}

const NATIVE_TYPES: Readonly<Record<string, string>> = {
  bool: "int32",
  float16: "float",
  bfloat16: "float",
  float32: "float",
  float64: "double",
};

/**
 * Loads a library from its bytes. They go to a file for as long as loading takes (on Windows, as long as it is loaded).
 * @throws CompileError `RT111`
 */
export async function loadLibrary(bytes: Uint8Array, threads: number): Promise<Library> {
  const file = join(tmpdir(), `tilewright-${randomUUID()}${process.platform === "win32" ? ".dll" : ".so"}`);
  const keepsFile = process.platform === "win32";
  let handle: LibraryHandle;
  try {
    await writeFile(file, bytes, { flag: "wx", mode: 0o700 });
    handle = koffi.load(file);
  } catch (error) {
    await rm(file, { force: true });
    throw badModule(error instanceof Error ? error.message : String(error));
  }
  if (!keepsFile) await rm(file, { force: true });
  return openLibrary(handle, threads, () => (keepsFile ? void rm(file, { force: true }) : undefined));
}

function openLibrary(handle: LibraryHandle, threads: number, afterClose: () => void): Library {
  const optional = (
    name: string,
    result: string,
    args: string[],
  ): KoffiFunc<(...values: unknown[]) => unknown> | undefined => {
    try {
      return handle.func(name, result, args);
    } catch {
      return undefined; // modules without parallel loops or assertions lack these
    }
  };
  const find = optional("tilewright_find", "void *", ["str"]);
  const setThreads = optional("tilewright_set_threads", "void", ["int32"]);
  const takeFailure = optional("tilewright_take_failure", "str", []);
  setThreads?.(threads);
  return {
    find({ name, parameters }) {
      const address: unknown = find?.(name);
      if (address === undefined || address === null) throw badModule(`it holds no function \`${name}\``);
      const types = parameters.map(({ kind, dtype }) =>
        kind === "buffer" ? "void *" : (NATIVE_TYPES[dtype] ?? dtype),
      );
      return koffi.decode(address, koffi.proto("void", [...types, "void *"])) as NativeFunction;
    },
    takeFailure: () => (takeFailure?.() as string | null | undefined) ?? null,
    close() {
      setThreads?.(1);
      handle.unload();
      afterClose();
    },
  };
}
