#!/usr/bin/env node
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { findTarget } from "tilewright";
import { barsHtml } from "./bars-html.js";
import { type Contender, PeerMissing } from "./contender.js";
import { exitCode } from "./exit-code.js";
import { withTables } from "./markdown.js";
import { type Measurement, table } from "./measurement.js";
import { type Options, parseOptions, USAGE } from "./options.js";
import { inProcess, PEER_ARGUMENT, servePeer } from "./peers/peer-process.js";
import { PEERS } from "./peers/peers.js";
import { ratiosOf, ratioText } from "./ratios.js";
import type { ThreadedTarget } from "./suite.js";

const [first, name, count] = process.argv.slice(2);
if (first === PEER_ARGUMENT) {
  await servePeer(
    PEERS.find((peer) => peer.name === name),
    Number(count),
  );
} else {
  process.exitCode = await exitCode(async () => {
    const options = parseOptions(process.argv.slice(2));
    if (options.help) process.stdout.write(USAGE);
    else await bench(options);
  }, USAGE);
}

async function bench(options: Options): Promise<void> {
  const { suites, sizes, target, threads, repetitions, json, html, markdown } = options;
  const [first, ...more] = threads;
  const open = async (count: number): Promise<ThreadedTarget> => ({
    found: await findTarget(target, { threads: count }),
    threads: count,
  });
  const targets: [ThreadedTarget, ...ThreadedTarget[]] = [await open(first)];
  for (const count of more) targets.push(await open(count));
  const [{ found }] = targets;
  process.stderr.write(`target ${found.name} (${found.detail}), threads ${threads.join(", ")}\n`);
  const peers = await openPeers(options);
  const fresh = { file: fileURLToPath(new URL("./fresh.js", import.meta.url)), execArgv: process.execArgv };
  const measurements: Measurement[] = [];
  try {
    for (const suite of suites) {
      process.stderr.write(`${suite.name} …\n`);
      measurements.push(...(await suite.run({ targets, sizes, repetitions, peers, fresh })));
    }
  } finally {
    for (const peer of peers) await peer.close();
  }
  const ratios = ratiosOf(measurements).map((ratio) => `${ratioText(ratio)}\n`);
  const text = `${table(measurements)}\n${ratios.length === 0 ? "" : `\n${ratios.join("")}`}`;
  process.stdout.write(json ? `${JSON.stringify(measurements, null, 2)}\n` : text);
  if (html !== null) await writeFile(html, barsHtml(measurements, `${found.name}, ${found.detail}`));
  if (markdown !== null)
    await writeFile(markdown, withTables(await readFile(markdown, "utf8"), measurements, found.name));
}

/** Those that run here, with each number of threads; what is left out is said. */
async function openPeers({ suites, peers, threads }: Options): Promise<readonly Contender[]> {
  if (!suites.some(({ hasPeers }) => hasPeers)) return [];
  const opened: Contender[] = [];
  for (const count of threads) {
    for (const peer of peers) {
      try {
        opened.push(await inProcess(peer, fileURLToPath(import.meta.url)).open(count));
      } catch (error) {
        if (!(error instanceof PeerMissing)) throw error;
        process.stderr.write(`left out: ${error.message}\n`);
      }
    }
  }
  return opened;
}
