import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InternalError } from "@tilewright/diagnostics";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeFolder } from "./write-folder.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-write-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILES = new Map([
  ["a.bin", Uint8Array.of(1, 2)],
  ["b.bin", Uint8Array.of(3)],
]);
const posix = it.runIf(process.platform !== "win32");

describe("a folder of results", () => {
  it("is made with those above it, or filled when it is there, and nothing else is left", async () => {
    for (const turn of [1, 2]) {
      await writeFolder(join(folder, "x", "y"), FILES);
      expect(await readdir(join(folder, "x")), `${turn}`).toEqual(["y"]);
      expect((await readdir(join(folder, "x", "y"))).sort()).toEqual(["a.bin", "b.bin"]);
    }
    expect(new Uint8Array(await readFile(join(folder, "x", "y", "a.bin")))).toEqual(Uint8Array.of(1, 2));
  });

  posix("has the permissions that any new folder has", async () => {
    await writeFolder(join(folder, "ours"), FILES);
    await mkdir(join(folder, "plain"));
    const modeOf = async (name: string) => (await stat(join(folder, name))).mode;
    expect(await modeOf("ours")).toBe(await modeOf("plain"));
  });

  it.each(["../escaped", "/tmp/x", "a/b", "a\\b", ".", "..", ""])("takes no name like %j", async (name) => {
    const write = writeFolder(join(folder, "out"), new Map([...FILES, [name, Uint8Array.of()]]));
    await expect(write).rejects.toThrow(InternalError);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("CLI108 says what the system refuses, and nothing is changed", () => {
  async function refusal(path: string): Promise<string> {
    const error: unknown = await writeFolder(path, FILES).catch((problem: unknown) => problem);
    expect(error).toMatchObject({ code: "CLI108" });
    return error instanceof Error ? error.message : "";
  }

  it("a file is there", async () => {
    await writeFile(join(folder, "file"), "kept");
    expect(await refusal(join(folder, "file"))).toContain(join(folder, "file"));
    await refusal(join(folder, "file", "below"));
    expect(await readFile(join(folder, "file"), "utf8")).toBe("kept");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("a folder has the name of a file", async () => {
    await mkdir(join(folder, "out", "b.bin"), { recursive: true });
    expect(await refusal(join(folder, "out"))).toContain("EISDIR");
    expect(await readdir(join(folder, "out"))).toEqual(["b.bin"]);
  });

  // Root may write anywhere but where the kernel says no.
  it.runIf(process.platform === "linux")("nobody may write there", async () => {
    expect(await refusal("/sys/tilewright-out")).toMatch(/E(PERM|ACCES|ROFS): /);
  });

  it.runIf(process.platform === "linux")("no folder is made there, and it ends", async () => {
    expect(await refusal("/proc/tilewright-out/below")).toContain("ENOENT");
  });

  it.runIf(process.platform === "linux")("a device is above it", async () => {
    expect(await refusal("/dev/null/x")).toContain("ENOTDIR");
  });
});

/** Where a folder on another file system than its parent is found on every Linux. */
it.runIf(process.platform === "linux")("a mount point can be written into", async () => {
  const name = `tilewright-${process.pid}.bin`;
  await writeFolder("/dev/shm", new Map([[name, Uint8Array.of(7)]]));
  const path = join("/dev/shm", name);
  expect(new Uint8Array(await readFile(path))).toEqual(Uint8Array.of(7));
  await rm(path);
});
