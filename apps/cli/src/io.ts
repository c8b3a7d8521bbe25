import type { Modules } from "./import-module.js";
import type { InstalledPackage } from "./manifests.js";

/** The world as commands see it, so that tests run them without a process. Paths are as the user wrote them. */
export interface Io extends Modules {
  /** What was asked for. */
  write(text: string): void;
  /** What a person should know. */
  note(text: string): void;
  /** Whether standard output, and standard error, take colours. */
  readonly colors: { readonly write: boolean; readonly note: boolean };
  /** @throws Error with `code` "ENOENT" where nothing is */
  readFile(path: string): Promise<Uint8Array>;
  /**
   * Puts files, by names without folders, into a folder: a new one appears whole or not at all, in another each file is replaced whole.
   * @throws CompileError CLI108
   */
  writeFolder(path: string, files: ReadonlyMap<string, Uint8Array>): Promise<void>;
  /** Runs what must clean up behind itself when the user ends the process. @throws Interrupted */
  interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Packages of targets on which the project of the working directory depends. */
  installed(): Promise<readonly InstalledPackage[]>;
}

/** Ends of the process. */
export const EXIT = { ok: 0, diagnostics: 1, usage: 2, fault: 70 } as const;

/** The command line cannot be understood; the process ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
