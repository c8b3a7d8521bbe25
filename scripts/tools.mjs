/** The tools outside npm that tests need, whether they are here, and how to install those that are not. */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const TOOLS = [
  { name: "gcc", layer: "device", commands: ["gcc"], install: "gcc libc6-dev" },
  { name: "g++", layer: "device", commands: ["g++"], install: "g++" },
  { name: "clang", layer: "device", commands: ["clang-19", "clang"], install: "clang-19" },
  { name: "wasm-ld", layer: "device", commands: ["wasm-ld-19", "wasm-ld"], install: "lld-19" },
  { name: "emcc", layer: "device", commands: ["emcc"], install: "emscripten" },
  {
    name: "torch",
    layer: "device",
    commands: ["python3", "/usr/bin/python3"],
    python: "torch",
    install: "python3-torch",
  },
  { name: "chromium", layer: "browser", commands: ["chromium"], install: "chromium" },
];

/** Every tool, with `path` where it was found. */
export function findTools() {
  return TOOLS.map(({ name, layer, commands, python, install }) => {
    const found = commands.map(onPath).filter((path) => path !== undefined);
    const path = found.find((file) => python === undefined || hasModule(file, python));
    return { name, layer, path, install: `apt-get install --no-install-recommends ${install}` };
  });
}

/** The file that a command runs: found on PATH, unless it is absolute. */
export function onPath(command) {
  if (isAbsolute(command)) return isExecutable(command) ? command : undefined;
  const endings = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const files = folders.flatMap((folder) => endings.map((ending) => join(folder, command + ending)));
  return files.find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasModule(python, name) {
  const probe = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)";
  try {
    execFileSync(python, ["-c", probe, name], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** As a command: says what is missing, and fails if anything is. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const missing = findTools().filter(({ path }) => path === undefined);
  for (const { name, install } of missing) console.error(`missing: ${name}; ${install}`);
  process.exit(missing.length === 0 ? 0 : 1);
}
