import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Diagnostic } from "@tilewright/diagnostics";
import { cacheUnusable } from "./errors.js";

export interface CacheOptions {
  readonly folder: string;
  readonly maxBytes: number;
}

/** Where this system keeps what can be made again. */
export function defaultCacheFolder(): string {
  const home = homedir();
  const { LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
  if (process.platform === "win32")
    return join(LOCALAPPDATA ?? join(home, "AppData", "Local"), "tilewright", "Cache", "toolchain-c");
  if (process.platform === "darwin") return join(home, "Library", "Caches", "tilewright", "toolchain-c");
  return join(XDG_CACHE_HOME || join(home, ".cache"), "tilewright", "toolchain-c");
}

/** A key that changes whenever one of the parts does. */
export function cacheKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex");
}

const CHECKSUM_BYTES = 32;
const STALE_MS = 60 * 60 * 1000;

const checksum = (content: Uint8Array): Uint8Array => createHash("sha256").update(content).digest();

/** What is kept under `key`; undefined when nothing is, or what is there is damaged (then it is removed). */
export async function readCache({ folder }: CacheOptions, key: string): Promise<Uint8Array | undefined> {
  const path = join(folder, key);
  try {
    const bytes = new Uint8Array(await readFile(path));
    const content = bytes.subarray(CHECKSUM_BYTES);
    const expected = checksum(content);
    if (bytes.length > CHECKSUM_BYTES && expected.every((byte, position) => byte === bytes[position])) {
      const now = new Date();
      await utimes(path, now, now).catch(() => undefined);
      return content;
    }
    await rm(path, { force: true });
  } catch {
    // not there, or not readable: built anew
  }
  return undefined;
}

/**
 * Keeps `content` under `key`: written aside, then renamed, so that no reader sees a part. The entries used longest ago go when the
 * folder outgrows `maxBytes`. Failing to keep is a warning, never an error.
 */
export async function writeCache(
  { folder, maxBytes }: CacheOptions,
  key: string,
  content: Uint8Array,
): Promise<readonly Diagnostic[]> {
  const aside = join(folder, `${key}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(aside, Buffer.concat([checksum(content), content]));
    await rename(aside, join(folder, key));
    await evict(folder, maxBytes, key);
    return [];
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    return [cacheUnusable(folder, error instanceof Error ? error.message : String(error))];
  }
}

async function evict(folder: string, maxBytes: number, keep: string): Promise<void> {
  const entries: { readonly path: string; readonly name: string; readonly size: number; readonly usedMs: number }[] =
    [];
  for (const name of await readdir(folder)) {
    if (!/^[0-9a-f]{64}(\.[0-9a-f-]+\.tmp)?$/.test(name)) continue; // not ours
    const path = join(folder, name);
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined) entries.push({ path, name, size: status.size, usedMs: status.mtimeMs });
  }
  const now = Date.now();
  let total = entries.reduce((sum, { size }) => sum + size, 0);
  for (const { path, name, size, usedMs } of entries.sort((a, b) => a.usedMs - b.usedMs)) {
    const isStale = name.endsWith(".tmp") && now - usedMs > STALE_MS;
    if (!isStale && (total <= maxBytes || name === keep || name.endsWith(".tmp"))) continue;
    await rm(path, { force: true });
    total -= size;
  }
}
