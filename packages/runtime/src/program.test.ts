import type { Artifact, DeviceBuffer, LaunchProgram, Place } from "@tilewright/artifact";
import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arena, bytes, inputsOf, listed, named, outputsOf, state, x0, y0 } from "../test/byte-arrays.js";
import { type ByteModel, ByteReference, byteArtifact, byteCode } from "../test/byte-programs.js";
import { type Code, CountingDevice } from "../test/counting-device.js";
import { byteModels } from "../test/random-byte-models.js";
import {
  deviceArray,
  loadFunctions,
  loadModel,
  type NDArray,
  ndarray,
  type Session,
  wasmDevice,
  zeros,
} from "./index.js";

const code = (expected: string) => expect.objectContaining({ code: expected });
/** Where an array lies in its device. */
function bufferOf({ storage }: NDArray): DeviceBuffer {
  if (storage.kind !== "device") throw new Error("not in a device");
  return storage.buffer;
}

/** Three devices: one that shares its memory, one that queues its launches, one that does both. */
function three(
  model: ByteModel,
  change: (code: ReadonlyMap<string, Code>) => ReadonlyMap<string, Code> = (same) => same,
) {
  const functions = change(byteCode(model));
  return [
    new CountingDevice({ name: "alpha", code: functions, shares: true }),
    new CountingDevice({ name: "beta", code: functions, queues: true }),
    new CountingDevice({ name: "gamma", code: functions, shares: true, queues: true }),
  ] as const;
}

async function statesOf(session: Session): Promise<readonly (readonly unknown[])[]> {
  const states: (readonly unknown[])[] = [];
  for (const { name } of session.states) states.push((await session.getState(name)).toArray() as readonly unknown[]);
  return states;
}

const stated = (reference: ByteReference, model: ByteModel) =>
  (model.states ?? []).map((_, k) => [...reference.state(k)]);
/** Outputs that some call writes; of others nothing is known. */
const written = ({ calls }: ByteModel, position: number): boolean =>
  calls.some((call) =>
    call.arguments.some(
      ([access, place]) => place.region === "output" && place.position === position && access !== "read",
    ),
  );

describe("a program on several devices", () => {
  it("computes what it computes in one memory, whatever reads and writes what, run after run", async () => {
    const actions = fc.array(fc.constantFrom("run", "run", "set", "reset", "fork"), { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(byteModels, actions, async (model, list) => {
        const [alpha, beta, gamma] = three(model);
        const reference = new ByteReference(model);
        let session = await loadModel(byteArtifact(model), { device: alpha, others: [beta, gamma] });
        const sessions = [session];
        for (const [step, action] of list.entries()) {
          if (action === "reset") {
            await session.resetStates();
            reference.reset();
          } else if (action === "set") {
            const number = step % 3;
            const value = bytes(reference.state(number).length, step);
            await session.setState(`s${number}`, ndarray(value));
            reference.state(number).set(value);
          } else if (action === "fork") {
            session = await session.fork();
            sessions.push(session);
            reference.reset();
          } else {
            const inputs = inputsOf(model, step);
            const results = await session.run(named(inputs));
            const expected = listed(reference.run(inputs));
            for (const [k, actual] of outputsOf(model, results).entries())
              if (written(model, k)) expect(actual).toEqual(expected[k]);
          }
          expect(await statesOf(session)).toEqual(stated(reference, model));
        }
        for (const each of sessions) await each.dispose();
        expect([alpha, beta, gamma].map(({ buffers, modules }) => [buffers, modules])).toEqual([
          [0, 0],
          [0, 0],
          [0, 0],
        ]);
      }),
      { numRuns: 1500 },
    );
  }, 60_000);

  it("goes on after a call that fails half way: states are as far as it came", async () => {
    await fc.assert(
      fc.asyncProperty(byteModels, fc.nat(), async (model, where) => {
        const failing = where % model.calls.length;
        let fails = true;
        const [alpha, beta, gamma] = three(model, (functions) => {
          const before = functions.get(`f${failing}`) as Code;
          return new Map(functions).set(`f${failing}`, (args) => {
            before(args);
            if (fails) throw new Error("broken");
          });
        });
        const reference = new ByteReference(model);
        const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta, gamma] });
        const inputs = inputsOf(model, 1);
        await expect(session.run(named(inputs))).rejects.toThrow("broken");
        // A device that queues tells of a failure when it is waited for: calls of others may have begun.
        const queued = model.calls[failing]?.device !== "alpha";
        if (!queued) {
          reference.run(inputs, failing + 1);
          expect(await statesOf(session)).toEqual(stated(reference, model));
        }
        fails = false;
        await session.resetStates();
        reference.reset();
        await session.run(named(inputs));
        reference.run(inputs);
        expect(await statesOf(session)).toEqual(stated(reference, model));
        await session.dispose();
        expect([alpha, beta, gamma].map(({ buffers }) => buffers)).toEqual([0, 0, 0]);
      }),
      { numRuns: 400 },
    );
  }, 60_000);

  it("reaches no memory that is not its own, whatever its places say", async () => {
    const model: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["read", { region: "input", position: 0 }], ["write", { region: "arena", offset: 64, bytes: 40 }]] },
        { device: "beta", arguments: [["read", { region: "arena", offset: 64, bytes: 40 }], ["readwrite", { region: "state", offset: 0, bytes: 40 }]] },
        { device: "gamma", arguments: [["read", { region: "state", offset: 0, bytes: 40 }], ["write", { region: "output", position: 0 }]] },
      ],
      arenaBytes: 128,
      inputs: [40],
      outputs: [40],
      states: [{ offset: 0, bytes: 40 }],
      stateBytes: 64,
    }; // biome-ignore format: a table
    const artifact = byteArtifact(model);
    const number = fc.oneof(fc.integer({ min: -64, max: 200 }), fc.double(), fc.constantFrom(2 ** 53, 64, 0));
    const places = fc.oneof(
      fc.record({ region: fc.constantFrom("arena", "weights", "state"), offset: number, bytes: number }),
      fc.record({ region: fc.constantFrom("input", "output"), position: number }),
    ) as fc.Arbitrary<Place>;
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.nat(1), places), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const program = changes.reduce<LaunchProgram>(
            (calls, [call, argument, place]) =>
              calls.map((each, k) =>
                k === call ? { ...each, arguments: each.arguments.with(argument, place) } : each,
              ),
            artifact.manifest.model?.program ?? [],
          );
          const changed = {
            ...artifact,
            manifest: { ...artifact.manifest, model: { ...artifact.manifest.model, program } },
          } as Artifact;
          const [alpha, beta, gamma] = three(model);
          try {
            const session = await loadModel(changed, { device: alpha, others: [beta, gamma] });
            await session.run(named(inputsOf(model, 1)));
            await session.dispose();
            ran++;
          } catch (error) {
            expect(isCompileError(error) && error.code).toBe("AR105");
          }
          expect([alpha, beta, gamma].map(({ buffers }) => buffers)).toEqual([0, 0, 0]);
        },
      ),
      { numRuns: 1500 },
    );
    expect(ran).toBeGreaterThan(10);
  });
});

describe("a run of a program", () => {
  const model: ByteModel = {
    calls: [
      { device: "alpha", arguments: [["read", x0], ["readwrite", state]] },
      { device: "beta", arguments: [["read", state], ["write", y0]] },
    ],
    inputs: [64], outputs: [64], states: [{ offset: 0, bytes: 64 }], stateBytes: 64,
  }; // biome-ignore format: a table

  it("stops between calls when its signal is aborted, and says how far it came", async () => {
    const controller = new AbortController();
    const [alpha, beta, gamma] = three(model, (functions) => {
      const first = functions.get("f0") as Code;
      return new Map(functions).set("f0", (args) => {
        first(args);
        controller.abort(new Error("enough"));
      });
    });
    const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta, gamma] });
    const reference = new ByteReference(model);
    const inputs = inputsOf(model, 3);
    await expect(session.run(named(inputs), { signal: controller.signal })).rejects.toThrow(
      /RT109.*aborted after 1 of 2 calls[\s\S]*enough[\s\S]*hint: states are as those calls left them/,
    );
    reference.run(inputs, 1);
    expect(await statesOf(session)).toEqual(stated(reference, model));
    await expect(session.run(named(inputs), { signal: controller.signal })).rejects.toThrow(/RT109[\s\S]*nothing ran/);
    expect(outputsOf(model, await session.run(named(inputs)))).toEqual(listed(reference.run(inputs)));
    await session.dispose();
  });

  it("that is under way when the session is disposed stops, and then the memory is free", async () => {
    const [alpha, beta] = three(model);
    const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta] });
    const run = session.run(named(inputsOf(model, 1)));
    const refused = expect(run).rejects.toThrow(code("RT104"));
    await Promise.resolve();
    await session.dispose();
    await refused;
    expect([alpha.buffers, alpha.modules, beta.buffers, beta.modules]).toEqual([0, 0, 0, 0]);
    await expect(session.run(named(inputsOf(model, 1)))).rejects.toThrow(code("RT104"));
    await expect(session.setState("s0", zeros([64], "uint8"))).rejects.toThrow(code("RT104"));
    await session.dispose();
  });

  it("uses arrays in one of its devices where they lie, and brings them to others", async () => {
    const both: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["read", x0], ["write", arena(0)]] },
        { device: "beta", arguments: [["read", x0], ["read", arena(0)], ["write", y0]] },
        { device: "alpha", arguments: [["readwrite", y0]] },
      ],
      arenaBytes: 64, inputs: [64], outputs: [64],
    }; // biome-ignore format: a table
    const functions = byteCode(both);
    const alpha = new CountingDevice({ name: "alpha", code: functions, shares: true });
    const beta = new CountingDevice({ name: "beta", code: functions });
    const session = await loadModel(byteArtifact(both), { device: alpha, others: [beta] });
    const [x, y, far] = [
      deviceArray(alpha, [64], "uint8"),
      deviceArray(alpha, [64], "uint8"),
      deviceArray(beta, [64], "uint8"),
    ];
    const values = bytes(64, 9);
    x.data.set(values as never);
    const [expected] = listed(new ByteReference(both).run([values]));
    expect((await session.run({ x0: x }, { outputs: { y0: y } })).y0).toBe(y);
    expect(y.toArray()).toEqual(expected);
    // an output over the input, and arrays in a device whose memory the host does not see
    await session.run({ x0: x }, { outputs: { y0: far } });
    expect([...(await beta.read(bufferOf(far)))]).toEqual(expected);
    await session.run({ x0: x }, { outputs: { y0: x } });
    expect(x.toArray()).toEqual(expected);
    x.data.set(values as never);
    const copy = deviceArray(beta, [64], "uint8");
    await beta.write(bufferOf(copy), values);
    expect((await session.run({ x0: copy })).y0?.toArray()).toEqual(expected);
    for (const array of [x, y, far, copy]) array.dispose();
    await session.dispose();
    expect([alpha.buffers, beta.buffers]).toEqual([0, 0]);
  });

  it("takes the first device in order that can run a function", async () => {
    const functions = byteCode(model);
    const second = new CountingDevice({ name: "alpha", code: functions });
    const [alpha, beta] = three(model);
    const session = await loadModel(byteArtifact(model), { device: beta, others: [alpha, second] });
    await session.run(named(inputsOf(model, 1)));
    expect([alpha.launches, beta.launches, second.launches]).toEqual([["f0"], ["f1"], []]);
    expect([alpha.modules, beta.modules, second.modules]).toEqual([1, 1, 0]);
    await session.dispose();
    const called = await loadFunctions(byteArtifact(model), { device: alpha, others: [beta] });
    const [x, s, y] = [ndarray(bytes(64, 1)), zeros([64], "uint8"), zeros([64], "uint8")];
    await called.call("f0", x, s);
    await called.call("f1", s, y);
    expect([...(y.data as Uint8Array)]).toEqual(listed(new ByteReference(model).run([bytes(64, 1)]))[0]);
    await called.dispose();
    expect([alpha.modules, beta.modules, alpha.buffers, beta.buffers]).toEqual([0, 0, 0, 0]);
  });

  it("names the function that no device can run, and devices that are none", async () => {
    const [alpha] = three(model);
    await expect(loadModel(byteArtifact(model), { device: alpha })).rejects.toThrow(
      /RT107[\s\S]*`f1` for alpha[\s\S]*beta \(no features\)[\s\S]*among `others`/,
    );
    expect([alpha.modules, alpha.buffers]).toEqual([0, 0]);
    const wrong = (others: unknown) => loadModel(byteArtifact(model), { device: alpha, others: others as never });
    await expect(wrong(wasmDevice)).rejects.toThrow(/RT114.*`others`[\s\S]*a list of open devices/);
    await expect(wrong([wasmDevice])).rejects.toThrow(/RT114.*`others`[\s\S]*a driver that is not opened/);
    await expect(wrong(new Array(30).fill(alpha))).rejects.toThrow(/RT114[\s\S]*at most 29 devices/);
  });

  it("gives all memory back when a device has too little", async () => {
    const functions = byteCode(model);
    for (let room = 0; room < 4; room++) {
      const alpha = new CountingDevice({ name: "alpha", code: functions });
      const beta = new CountingDevice({ name: "beta", code: functions });
      let left = room;
      const allocate = beta.allocate.bind(beta);
      beta.allocate = (byteLength) => {
        if (left-- === 0) throw new Error("full");
        return allocate(byteLength);
      };
      const outcome = loadModel(byteArtifact(model), { device: alpha, others: [beta] });
      if (room < 2) await expect(outcome).rejects.toThrow("full");
      else await (await outcome).dispose();
      expect([alpha.buffers, beta.buffers, alpha.modules, beta.modules]).toEqual([0, 0, 0, 0]);
    }
  });
});

describe("a session", () => {
  const model: ByteModel = {
    calls: [{ device: "alpha", arguments: [["read", x0], ["readwrite", state], ["write", y0]] }],
    weights: bytes(64, 1), inputs: [64], outputs: [64], states: [{ offset: 0, bytes: 64 }], stateBytes: 64,
  }; // biome-ignore format: a table

  it("that is forked lives on in the fork, though it is disposed before that one is open", async () => {
    const [alpha, beta, gamma] = three(model);
    const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta, gamma] });
    const forking = session.fork();
    await session.dispose();
    const fork = await forking;
    const inputs = inputsOf(model, 1);
    expect(outputsOf(model, await fork.run(named(inputs)))).toEqual(listed(new ByteReference(model).run(inputs)));
    await fork.dispose();
    expect([alpha.buffers, alpha.modules]).toEqual([0, 0]);
  });

  it("whose fork finds no memory is as it was", async () => {
    const [alpha, beta, gamma] = three(model);
    const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta, gamma] });
    const allocate = alpha.allocate.bind(alpha);
    alpha.allocate = () => {
      throw new Error("full");
    };
    await expect(session.fork()).rejects.toThrow("full");
    alpha.allocate = allocate;
    await session.run(named(inputsOf(model, 1)));
    await session.dispose();
    expect([alpha.buffers, alpha.modules]).toEqual([0, 0]);
  });

  it("makes outputs of any name", async () => {
    const artifact = byteArtifact(model);
    const entry = artifact.manifest.model;
    for (const name of ["toString", "__proto__", "constructor"]) {
      const outputs = (entry?.outputs ?? []).map((output) => ({ ...output, name }));
      const renamed = { ...artifact, manifest: { ...artifact.manifest, model: { ...entry, outputs } } } as Artifact;
      const session = await loadModel(renamed, { device: three(model)[0] });
      const results = await session.run(named(inputsOf(model, 1)));
      expect(Object.entries(results).map(([key, array]) => [key, array.shape])).toEqual([[name, [64]]]);
      await session.dispose();
    }
  });
});
