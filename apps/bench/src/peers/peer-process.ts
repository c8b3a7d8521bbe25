import { type ChildProcess, fork } from "node:child_process";
import { type Contender, type Peer, PeerMissing, type Prepared } from "../contender.js";
import type { Problem } from "../problems/problem.js";

/** First argument of a process that holds one peer. */
export const PEER_ARGUMENT = "--peer";

type Request =
  | { readonly ask: "prepare"; readonly problem: Problem }
  | { readonly ask: "run"; readonly times: number }
  | { readonly ask: "result" | "release" };

type Answer = { readonly value: unknown } | { readonly failure: string; readonly missing: boolean };

/**
 * The peer in a Node process of its own: libraries change the globals and the error handling of theirs, and the memory and compiled code of
 * one would weigh on the next. It times itself.
 * @param main  the program that calls `servePeer` when its first argument is `PEER_ARGUMENT`
 * @param execArgv  of Node, where the program needs more than this process has
 */
export function inProcess({ name }: Peer, main: string, execArgv = process.execArgv): Peer {
  return {
    name,
    async open(threads) {
      const child = fork(main, [PEER_ARGUMENT, name, `${threads}`], {
        execArgv,
        serialization: "advanced",
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      });
      const ask = conversation(name, child);
      await ask(undefined);
      return contender(name, threads, child, ask);
    },
  };
}

type Ask = (request: Request | undefined) => Promise<unknown>;

/** One message there, one back; the first comes unasked. */
function conversation(name: string, child: ChildProcess): Ask {
  const said: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  return (request) =>
    new Promise((resolve, reject) => {
      const ended = (code: number | null): void =>
        reject(new PeerMissing(`${name}: ended with code ${code}: ${said.join("").slice(-300)}`));
      child.once("exit", ended);
      child.once("message", (answer: Answer) => {
        child.off("exit", ended);
        if ("value" in answer) resolve(answer.value);
        else reject(answer.missing ? new PeerMissing(answer.failure) : new Error(answer.failure));
      });
      if (request !== undefined) child.send(request);
    });
}

function contender(name: string, threads: number, child: ChildProcess, ask: Ask): Contender {
  return {
    name,
    threads,
    async prepare(problem) {
      if ((await ask({ ask: "prepare", problem })) === false) return null;
      return {
        run: async (times) => (await ask({ ask: "run", times })) as number,
        result: async () => (await ask({ ask: "result" })) as Float32Array,
        close: async () => void (await ask({ ask: "release" })),
      };
    },
    async close() {
      child.removeAllListeners("exit");
      child.kill();
    },
  };
}

/** Answers the process that started this one, until it ends. */
export async function servePeer(peer: Peer | undefined, threads: number): Promise<void> {
  const answer = (reply: Answer): void => void process.send?.(reply);
  let prepared: Prepared | null = null;
  let opened: Contender;
  const solve = async (request: Request): Promise<unknown> => {
    if (request.ask === "prepare") prepared = await opened.prepare(request.problem);
    if (request.ask === "prepare") return prepared !== null;
    if (request.ask === "run") return prepared?.run(request.times);
    return request.ask === "result" ? prepared?.result() : prepared?.close();
  };
  try {
    if (peer === undefined) throw new PeerMissing("there is no such peer");
    opened = await peer.open(threads);
    answer({ value: true });
  } catch (error) {
    answer({ failure: String(error), missing: error instanceof PeerMissing });
    return;
  }
  process.on("disconnect", () => process.exit());
  process.on("message", (request: Request) => {
    solve(request).then(
      (value) => answer({ value }),
      (error) =>
        answer({ failure: `${peer?.name}: ${error instanceof Error ? error.message : error}`, missing: false }),
    );
  });
}
