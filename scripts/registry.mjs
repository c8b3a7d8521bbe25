/**
 * A registry of npm on this machine that has the packed packages, and sends a client on to the usual registry for all others. So npm is
 * used in tests as users use it: `npm install @tilewright/te`, `npm create tilewright-backend`.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { capture } from "./run.mjs";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Serves tarballs, by the names of their packages, while `use` runs; it is given the environment in which npm finds them. */
export async function withRegistry(tarballs, use) {
  const { stdout } = capture(npm, ["config", "get", "registry"]);
  const worker = new Worker(new URL(import.meta.url), { workerData: { tarballs, elsewhere: stdout.trim() } });
  const url = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  const { no_proxy: others = process.env.NO_PROXY ?? "" } = process.env;
  const env = { npm_config_registry: url, npm_config_noproxy: `127.0.0.1,${others}` };
  const quiet = { npm_config_audit: "false", npm_config_fund: "false", npm_config_update_notifier: "false" };
  try {
    return await use({ ...process.env, ...env, ...quiet, npm_config_loglevel: "error" });
  } finally {
    await worker.terminate();
  }
}

/** In a thread of its own: the scripts wait for npm, and npm waits for this. */
function serve({ tarballs, elsewhere }) {
  const files = new Map(Object.values(tarballs).map((file) => [basename(file), file]));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url.slice(1));
    const send = (type, body) =>
      response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
    if (tarballs[path] !== undefined)
      send("application/json", JSON.stringify(describe(tarballs[path], request.headers.host)));
    else if (files.has(path)) send("application/octet-stream", readFileSync(files.get(path)));
    else response.writeHead(307, { location: new URL(request.url.slice(1), elsewhere).href }).end();
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(`http://127.0.0.1:${server.address().port}/`));
}

/** What a registry says of a package: its one version, with the manifest that was packed. */
function describe(file, host) {
  const { stdout } = capture("tar", ["-xzOf", file, "package/package.json"]);
  const manifest = JSON.parse(stdout);
  const integrity = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
  const version = { ...manifest, dist: { integrity, tarball: `http://${host}/${basename(file)}` } };
  return { name: manifest.name, "dist-tags": { latest: manifest.version }, versions: { [manifest.version]: version } };
}

if (!isMainThread && workerData?.tarballs !== undefined) serve(workerData);
