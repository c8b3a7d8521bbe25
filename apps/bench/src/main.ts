#!/usr/bin/env node
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { findTarget } from "tilewright";
import { barsHtml } from "./bars-html.js";
import { type Contender, PeerMissing } from "./contender.js";
import { exitCode } from "./exit-code.js";
import { type Measurement, table } from "./measurement.js";
import { type Options, parseOptions, USAGE } from "./options.js";
import { inProcess, PEER_ARGUMENT, servePeer } from "./peers/peer-process.js";
import { PEERS } from "./peers/peers.js";

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
  const { suites, sizes, target, threads, repetitions, json, html } = options;
  const found = await findTarget(target, { threads });
  process.stderr.write(`target ${found.name} (${found.detail}), threads ${threads}\n`);
  const peers = await openPeers(options);
  const measurements: Measurement[] = [];
  try {
    for (const suite of suites) {
      process.stderr.write(`${suite.name} …\n`);
      measurements.push(...(await suite.run({ found, threads, sizes, repetitions, peers })));
    }
  } finally {
    for (const peer of peers) await peer.close();
  }
  process.stdout.write(json ? `${JSON.stringify(measurements, null, 2)}\n` : `${table(measurements)}\n`);
  if (html !== null) await writeFile(html, barsHtml(measurements, `${found.name}, ${found.detail}`));
}

/** Those that run here; what is left out is said. */
async function openPeers({ suites, peers, threads }: Options): Promise<readonly Contender[]> {
  if (!suites.some(({ hasPeers }) => hasPeers)) return [];
  const opened: Contender[] = [];
  for (const peer of peers) {
    try {
      opened.push(await inProcess(peer, fileURLToPath(import.meta.url)).open(threads));
    } catch (error) {
      if (!(error instanceof PeerMissing)) throw error;
      process.stderr.write(`left out: ${error.message}\n`);
    }
  }
  return opened;
}
