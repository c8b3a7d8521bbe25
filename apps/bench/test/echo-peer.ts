import { type Contender, PeerMissing } from "../src/contender.js";
import { servePeer } from "../src/peers/peer-process.js";

const contender: Contender = {
  name: "adder",
  threads: 1,
  async prepare({ kind }) {
    if (kind === "training-step") return null;
    return { run: async (times) => times, result: async () => new Float32Array([7]), close: async () => {} };
  },
  async close() {},
};

/** Peers for tests of the process that holds one. */
const PEERS: Readonly<Record<string, () => Contender>> = {
  adder: () => contender,
  missing() {
    throw new PeerMissing("it is not installed");
  },
  ending() {
    process.stderr.write("the end\n");
    process.exit(3);
  },
  failing: () => ({ ...contender, prepare: () => Promise.reject(new Error("it cannot")) }),
};

const [, name = "", threads] = process.argv.slice(2);
await servePeer({ name, open: async () => PEERS[name]?.() ?? contender }, Number(threads));
