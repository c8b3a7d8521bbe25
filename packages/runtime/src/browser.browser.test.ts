import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeArtifact } from "@tilewright/artifact";
import { build as b, int } from "@tilewright/ir";
import { type Browser, chromium } from "playwright-core";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactOf, compile, parallelRows } from "../test/programs.js";

const FLAGS = [
  ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];
const ROWS = 64;
const COLUMNS = 16;

/** What a page reports of one run. */
interface Outcome {
  readonly isolated: boolean;
  readonly threads: number;
  readonly last: number;
}

let folder: string;
let browser: Browser;
const servers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tilewright-browser-"));
  await build({
    ...{
      config: false,
      silent: true,
      clean: false,
      outDir: folder,
      format: "esm",
      platform: "browser",
      splitting: false,
    },
    entry: { runtime: "packages/runtime/src/index.ts", worker: "packages/runtime/src/worker.ts" },
    noExternal: [/.*/],
    minify: true,
    esbuildOptions: (options) => {
      options.conditions = ["@tilewright/source"];
    },
    outExtension: () => ({ js: ".js" }),
  });
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** A site with the bundle and an artifact in two variants: for threads, and for one. */
async function serve(headers: Readonly<Record<string, string>>): Promise<string> {
  const rows = parallelRows("twice", ROWS, COLUMNS, (x, i, j) =>
    b.mul(b.load(x, [b.add(b.mul(i, int(COLUMNS)), j)]), b.const(2, "float32")),
  );
  const artifact = encodeArtifact(artifactOf([compile(rows, { threads: 2 }), compile(rows)]));
  const server = createServer(async (request, response) => {
    const type = request.url?.endsWith(".js")
      ? "text/javascript"
      : request.url === "/"
        ? "text/html"
        : "application/octet-stream";
    const body =
      request.url === "/"
        ? "<!doctype html>"
        : request.url === "/artifact"
          ? artifact
          : await readFile(join(folder, request.url ?? "")).catch(() => "");
    response.writeHead(200, { "content-type": type, ...headers }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Runs in the page or in a worker of it, so it refers to nothing outside. */
async function useRuntime(origin: string, ownWorker: boolean): Promise<Outcome> {
  const runtime = (await import(`${origin}/runtime.js`)) as typeof import("./index.js");
  const artifact = await (await fetch(`${origin}/artifact`)).arrayBuffer();
  const workers = runtime.webWorkers(() => new Worker(`${origin}/worker.js`, { type: "module" }));
  const device = await runtime.wasmDevice.open({ threads: 2, ...(ownWorker ? { workers } : {}) });
  const functions = await runtime.loadFunctions(artifact, device);
  const out = runtime.zeros([1024]);
  for (let turn = 0; turn < 50; turn++) {
    await functions.call("twice", runtime.ndarray(Float32Array.from({ length: 1024 }, (_, k) => k + turn)), out);
  }
  await device.close();
  return {
    isolated: globalThis.crossOriginIsolated,
    threads: (device as { threads?: number }).threads ?? 0,
    last: Number(out.item(1023)),
  };
}

const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const source = `const __name = (f) => f; const __vite_ssr_dynamic_import__ = (u) => import(u); ${useRuntime.toString()}`;

async function inPage(headers: Readonly<Record<string, string>>, ownWorker: boolean): Promise<Outcome> {
  const origin = await serve(headers);
  const page = await browser.newPage();
  await page.goto(origin);
  const outcome = await page.evaluate(
    `(async () => { ${source}; return await useRuntime(${JSON.stringify(origin)}, ${ownWorker}); })()`,
  );
  await page.close();
  return outcome as Outcome;
}

describe("a page", () => {
  it("runs parallel loops on workers when it is cross-origin isolated", async () => {
    expect(await inPage(ISOLATED, false)).toEqual({ isolated: true, threads: 2, last: 2 * (1023 + 49) });
  });

  it("may bring workers of its own", async () => {
    expect(await inPage(ISOLATED, true)).toEqual({ isolated: true, threads: 2, last: 2 * (1023 + 49) });
  });

  it("runs on one thread when it is not", async () => {
    expect(await inPage({}, false)).toEqual({ isolated: false, threads: 1, last: 2 * (1023 + 49) });
  });

  it("may drive the runtime from a worker", async () => {
    const origin = await serve(ISOLATED);
    const page = await browser.newPage();
    await page.goto(origin);
    const script = `${source}; useRuntime(${JSON.stringify(origin)}, true).then(postMessage, (error) => postMessage(String(error)));`;
    const outcome = await page.evaluate((code) => {
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
      return new Promise((resolve) => {
        worker.onmessage = (event) => resolve(event.data);
      });
    }, script);
    expect(outcome).toEqual({ isolated: true, threads: 2, last: 2 * (1023 + 49) });
  });
});
