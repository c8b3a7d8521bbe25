import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Families of processors: the levels of the x86-64 psABI that widen vectors, and 64-bit ARM. */
export type HostCpu = "x86-64" | "x86-64-v3" | "x86-64-v4" | "aarch64";

const V3 = ["avx2", "fma", "bmi2", "f16c"];
const V4 = [...V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"];

/**
 * The family of this machine's processor, as `cpu` of `@tilewright/codegen-c` takes it, for code that `sharedLibrary()` builds for this
 * machine. Where the system does not tell, x86-64-v3, which every server since 2015 is.
 */
export function hostCpu(): HostCpu {
  if (process.arch === "arm64") return "aarch64";
  const flags = hostFlags();
  return flags === undefined ? "x86-64-v3" : levelOf(flags);
}

/** The level of an x86-64 processor with these features, named as Linux names them. */
export function levelOf(flags: ReadonlySet<string>): HostCpu {
  const hasAll = (names: readonly string[]): boolean => names.every((name) => flags.has(name));
  if (hasAll(V4)) return "x86-64-v4";
  return hasAll(V3) ? "x86-64-v3" : "x86-64";
}

function hostFlags(): ReadonlySet<string> | undefined {
  try {
    if (process.platform === "linux")
      return wordsOf(/^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]);
    if (process.platform === "darwin") {
      const names = ["machdep.cpu.features", "machdep.cpu.leaf7_features"];
      return wordsOf(execFileSync("sysctl", ["-n", ...names], { encoding: "utf8" }));
    }
  } catch {}
  return undefined;
}

const wordsOf = (text: string | undefined): ReadonlySet<string> | undefined =>
  text === undefined ? undefined : new Set(text.trim().toLowerCase().split(/\s+/));
