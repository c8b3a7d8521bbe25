import { expect, it } from "vitest";
import { bytes } from "../test/byte-arrays.js";
import { CountingDevice } from "../test/counting-device.js";
import { Footprint } from "./footprint.js";
import { wasmDevice } from "./index.js";
import { ModelMemory } from "./model-memory.js";
import { whole } from "./transfer.js";

it("copies what lies in memory that grows meanwhile", async () => {
  const near = await wasmDevice.open();
  const far = new CountingDevice({ name: "far", code: new Map() });
  const [from, to] = [near.allocate(64), far.allocate(64)];
  const values = bytes(64, 7);
  await near.write(from, values);
  const footprint = new Footprint([{ begin: 0, end: 64 }]);
  const memory = new ModelMemory([near, far], [[footprint, footprint]], [[whole(from), whole(to)]]);
  const copying = memory.copy({ region: 0, begin: 0, end: 64, from: 0, to: 1 });
  for (let turn = 0; turn < 20; turn++) {
    near.allocate(1 << 20);
    await Promise.resolve();
  }
  await copying;
  expect([...(await far.read(to))]).toEqual([...values]);
  await near.close();
});
