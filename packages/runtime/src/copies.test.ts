import { describe, expect, it } from "vitest";
import { arena, bytes, inputsOf, listed, named, outputsOf, state, x0, y0 } from "../test/byte-arrays.js";
import { type ByteModel, ByteReference, byteArtifact, byteCode } from "../test/byte-programs.js";
import { CountingDevice } from "../test/counting-device.js";
import { loadModel } from "./index.js";

describe("copies between devices", () => {
  /** Bytes that a second run moves, by device: read and written. */
  async function moved(model: ByteModel): Promise<Readonly<Record<string, readonly number[]>>> {
    const functions = byteCode(model);
    const [alpha, beta] = ["alpha", "beta"].map((name) => new CountingDevice({ name, code: functions })) as [
      CountingDevice,
      CountingDevice,
    ];
    const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta] });
    await session.run(named(inputsOf(model, 1)));
    const before = [alpha, beta].map((device) => [device.bytesRead, device.bytesWritten]);
    await session.run(named(inputsOf(model, 2)));
    const after = [alpha, beta].map((device, k) => [
      device.bytesRead - (before[k]?.[0] ?? 0),
      device.bytesWritten - (before[k]?.[1] ?? 0),
    ]);
    await session.dispose();
    return { alpha: after[0] ?? [], beta: after[1] ?? [] };
  }

  it("are none where one device does all", async () => {
    const model: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["read", x0], ["readwrite", state], ["write", arena(0)]] },
        { device: "alpha", arguments: [["read", arena(0)], ["write", y0]] },
      ],
      arenaBytes: 64, inputs: [64], outputs: [64], states: [{ offset: 0, bytes: 64 }], stateBytes: 64,
    }; // biome-ignore format: a table
    expect(await moved(model)).toEqual({ alpha: [64, 64], beta: [0, 0] }); // the output, the input
  });

  it("are one for what goes over, and none for what is already there", async () => {
    const model: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["read", x0], ["write", arena(0)]] },
        { device: "beta", arguments: [["read", arena(0)], ["read", x0], ["write", arena(64)]] },
        { device: "beta", arguments: [["read", arena(0)], ["read", arena(64)], ["write", y0]] },
        { device: "alpha", arguments: [["read", arena(0)], ["readwrite", state]] },
      ],
      arenaBytes: 128, inputs: [64], outputs: [64], states: [{ offset: 0, bytes: 64 }], stateBytes: 64,
    }; // biome-ignore format: a table
    // alpha: its input, and the arena read for beta; beta: its input and the arena, and the output read
    expect(await moved(model)).toEqual({ alpha: [64, 64], beta: [64, 128] });
  });

  it("bring a state over once a run when two devices change it in turn", async () => {
    const model: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["readwrite", state]] },
        { device: "beta", arguments: [["readwrite", state]] },
      ],
      states: [{ offset: 0, bytes: 64 }], stateBytes: 64,
    }; // biome-ignore format: a table
    expect(await moved(model)).toEqual({ alpha: [64, 64], beta: [64, 64] });
  });

  it("leave out what a call overwrites, and what nobody wrote", async () => {
    const model: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["write", arena(0)]] },
        { device: "beta", arguments: [["write", arena(0)]] },
        { device: "beta", arguments: [["readwrite", arena(64)], ["read", arena(0)], ["write", y0]] },
      ],
      arenaBytes: 128, outputs: [64],
    }; // biome-ignore format: a table
    expect(await moved(model)).toEqual({ alpha: [0, 0], beta: [64, 0] });
  });

  it("of neighbours are one, and regions are only as large as a device needs", async () => {
    const model: ByteModel = {
      calls: [
        { device: "alpha", arguments: [["write", arena(0)], ["write", arena(64)], ["write", arena(1024)]] },
        { device: "beta", arguments: [["read", { region: "weights", offset: 640, bytes: 64 }], ["read", arena(0, 128)], ["write", y0]] },
      ],
      arenaBytes: 1 << 16, outputs: [64], weights: bytes(704, 5),
    }; // biome-ignore format: a table
    const functions = byteCode(model);
    const [alpha, beta] = ["alpha", "beta"].map((name) => new CountingDevice({ name, code: functions })) as [
      CountingDevice,
      CountingDevice,
    ];
    const session = await loadModel(byteArtifact(model), { device: alpha, others: [beta] });
    expect(alpha.allocatedBytes).toBe(192);
    expect(beta.allocatedBytes).toBe(64 + 128 + 64);
    expect([alpha.bytesWritten, beta.bytesWritten]).toEqual([0, 64]);
    const second = await session.fork();
    expect(beta.allocatedBytes).toBe(64 + 2 * (128 + 64)); // weights are shared
    const expected = listed(new ByteReference(model).run([]));
    for (const each of [session, second]) expect(outputsOf(model, await each.run({}))).toEqual(expected);
    expect(alpha.bytesRead).toBe(2 * 128);
    await session.dispose();
    expect(outputsOf(model, await second.run({}))).toEqual(expected);
    await second.dispose();
    expect([alpha.buffers, beta.buffers]).toEqual([0, 0]);
  });
});
