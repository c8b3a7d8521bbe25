// What a process does first, measured in processes of their own: at least seven of each, by turns.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeArtifact } from "@tilewright/artifact";
import { compile } from "@tilewright/compiler";
import { type FreshTimes, runFresh } from "../fresh-process.js";
import { type Measurement, median } from "../measurement.js";
import { onnxModel } from "../peers/onnx-model.js";
import { modelOf } from "../peers/tilewright.js";
import { inference, inferenceFacts } from "../problems/inference.js";
import { checkResult } from "../problems/problem.js";
import type { SuiteOptions } from "../suite.js";

/** The runtimes that load a model from a file and run it. */
const ONNX_PEERS = ["onnxruntime-web", "onnxruntime-node"];

/** The training graph compiled cold, and the first result of a small network from a file on the disk. */
export async function freshMeasurements(options: SuiteOptions): Promise<readonly Measurement[]> {
  const { targets, peers, fresh, repetitions } = options;
  const [{ found }] = targets;
  const problem = inference(1);
  const facts = inferenceFacts(problem);
  const folder = await mkdtemp(join(tmpdir(), "tilewright-bench-"));
  try {
    const { artifact } = await compile(modelOf(problem, facts.inputs), { target: found.target });
    const [ours, theirs] = [join(folder, "model.tw"), join(folder, "model.onnx")];
    await writeFile(ours, encodeArtifact(artifact));
    await writeFile(theirs, onnxModel(problem, facts) ?? "");
    const jobs = [
      ["compile", "", found.name],
      ["tilewright", ours, found.name],
      ...peers.filter(({ name }) => ONNX_PEERS.includes(name)).map(({ name }) => [name, theirs]),
    ];
    const times = jobs.map((): FreshTimes[] => []);
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (const [k, job] of jobs.entries()) {
        const found = await runFresh(fresh, job);
        if (found.result !== undefined) checkResult(facts, job[0] ?? "", Float32Array.from(found.result));
        times[k]?.push(found);
      }
    }
    const [compiled = [], ...results] = times;
    return [
      line("training graph, cold: compile", "tilewright", compiled, ({ compile: took = Number.NaN }) => took),
      line("training graph, cold: from the start of Node", "tilewright", compiled, ({ fromStart }) => fromStart),
      ...firstResults(jobs.slice(1).map(([name = ""], k) => [name, results[k] ?? []])),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

function firstResults(times: readonly (readonly [string, readonly FreshTimes[]])[]): readonly Measurement[] {
  return (["fromFirstLine", "fromStart"] as const).flatMap((from) => {
    const since = from === "fromStart" ? "the start of Node" : "the first line";
    const lines = times.map(([name, each]) => line(`first result, from ${since}`, name, each, (one) => one[from]));
    const ours = lines[0]?.medianMs ?? Number.NaN;
    return lines.map((each, k) => (k === 0 ? each : { ...each, timesOurs: each.medianMs / ours }));
  });
}

function line(
  workload: string,
  contender: string,
  times: readonly FreshTimes[],
  of: (times: FreshTimes) => number,
): Measurement {
  return { suite: "compile", workload, contender, threads: 1, medianMs: median(times.map(of)) };
}
