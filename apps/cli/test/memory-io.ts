import type { Exports } from "../src/import-module.js";
import type { Io } from "../src/io.js";
import type { InstalledPackage } from "../src/manifests.js";

/** An `Io` over maps, for tests: what was written can be looked at. */
export interface MemoryIo extends Io {
  readonly output: { written: string; noted: string };
  readonly files: Map<string, Uint8Array>;
}

/**
 * `modules` are what files and packages export, by path and name, or functions that throw; `files` are what can be read; `installed` are
 * packages with the keyword.
 */
export function memoryIo(
  modules: Readonly<Record<string, object>> = {},
  files: Readonly<Record<string, Uint8Array>> = {},
  installed: readonly InstalledPackage[] = [],
): MemoryIo {
  const output = { written: "", noted: "" };
  const stored = new Map(Object.entries(files));
  return {
    output,
    files: stored,
    colors: { write: false, note: false },
    write(text) {
      output.written += text;
    },
    note(text) {
      output.noted += text;
    },
    async readFile(path) {
      const bytes = stored.get(path);
      if (bytes === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return bytes;
    },
    async writeFolder(path, entries) {
      for (const [name, bytes] of entries) stored.set(`${path}/${name}`, bytes);
    },
    interruptible: (work) => work(new AbortController().signal),
    async importModule(path) {
      const exports = modules[path];
      if (exports === undefined) throw new Error(`Cannot find module '${path}'`);
      return evaluated(exports);
    },
    importPackage: async (name) => (modules[name] === undefined ? null : evaluated(modules[name])),
    installed: async () => installed,
  };
}

const evaluated = (exports: object): Exports => (typeof exports === "function" ? exports() : { ...exports });
