import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { type Contender, type Peer, PeerMissing, type Prepared } from "../contender.js";
import { factsOf, type Problem } from "../problems/problem.js";
import { isSingleStep } from "../problems/training-step.js";
import { NUMPY_PROGRAM } from "./numpy-program.js";

/** Where Debian's NumPy, with OpenBLAS, is. */
const PYTHON = "/usr/bin/python3";

/** NumPy in a process of its own, which times itself. OpenBLAS finds the kernels and the cache sizes of the machine by itself. */
export const numpy: Peer = {
  name: "numpy",
  async open(threads) {
    const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
    const child = spawn(PYTHON, ["-c", NUMPY_PROGRAM], {
      env: { ...env, OPENBLAS_NUM_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}` },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const talk = conversation(child);
    const { version } = await talk<{ version: string }>({ ask: "version" });
    process.stderr.write(`numpy ${version}\n`);
    return contender(threads, child, talk);
  },
};

type Child = ChildProcessByStdio<Writable, Readable, null>;
type Talk = <Answer>(request: object) => Promise<Answer>;

/** One line of JSON there, one back. */
function conversation(child: Child): Talk {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(new PeerMissing(`numpy: ${error.message}`)));
    child.on("exit", (code) => reject(new PeerMissing(`numpy: ${PYTHON} ended with code ${code}`)));
  });
  ended.catch(() => undefined);
  return async <Answer>(request: object) => {
    child.stdin.write(`${JSON.stringify(request)}\n`, () => undefined);
    const { value, done } = await Promise.race([lines.next(), ended]);
    if (done === true) return await ended;
    return JSON.parse(value as string) as Answer;
  };
}

function contender(threads: number, child: Child, talk: Talk): Contender {
  return {
    name: "numpy",
    threads,
    prepare: (problem) => (solves(problem) ? prepare(problem, talk) : Promise.resolve(null)),
    async close() {
      child.stdin.end();
    },
  };
}

function solves(problem: Problem): boolean {
  if (problem.kind === "training-step") return isSingleStep(problem);
  return problem.kind === "gemm" || problem.kind === "row-operation";
}

async function prepare(problem: Problem, talk: Talk): Promise<Prepared> {
  const { inputs } = factsOf(problem);
  const tensors = inputs.map(({ name, shape, values }) => [name, shape, base64(values)]);
  await talk({ ask: "prepare", problem, tensors });
  return {
    run: async (times) => (await talk<{ ms: number }>({ ask: "run", times })).ms,
    async result() {
      const { bytes } = await talk<{ bytes: string }>({ ask: "result" });
      return new Float32Array(Uint8Array.from(Buffer.from(bytes, "base64")).buffer);
    },
    async close() {},
  };
}

function base64(values: Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}
