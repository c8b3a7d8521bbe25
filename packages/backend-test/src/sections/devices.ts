import type { Device } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import type { Candidate } from "../conformance-test.js";
import { compileFunctions, withDevice, withModule } from "../execute.js";
import { addFunction } from "../plain-functions.js";
import { check, runAll, sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";

/** Loads and runs of one device in turn. */
const CYCLES = 200;

type Claim = (name: string, run: (device: Device, compiled: CompiledModule) => Promise<void>) => Candidate;

/** Devices: their memory, and what they do when they are used wrongly. */
export function deviceTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "devices");
  const dtype = plainType(subject);
  const func = addFunction("on_device", 17, dtype);
  const claim: Claim = (name, run) =>
    proves(name, [feature("dtype", dtype)], async () => {
      const compiled = await compileFunctions(subject, [func], "device");
      await withDevice(subject.device, (device) => run(device, compiled));
    });
  const trials = [trialOf(func)];
  return [...memoryTests(claim, trials), ...misuses(claim), ...lifeTests(subject, claim, trials)];
}

function memoryTests(claim: Claim, trials: readonly Trial[]): readonly Candidate[] {
  return [
    claim("reads what was written to memory, in whole and in parts", (device) => partsOfMemory(device)),
    claim("counts the memory that is allocated, and frees it all: no leak", (device, compiled) =>
      balance(device, compiled, trials),
    ),
    claim("leaves nothing after many loads and runs", async (device, compiled) => {
      const before = device.allocatedBytes;
      await runAll(device, compiled, trials);
      const kept = device.allocatedBytes;
      for (let k = 0; k < CYCLES; k++) await withModule(device, compiled, async () => {});
      await runAll(device, compiled, trials);
      check(kept === before && device.allocatedBytes === before, `${device.allocatedBytes - before} bytes are left`);
    }),
  ];
}

function lifeTests({ device: driver }: Subject, claim: Claim, trials: readonly Trial[]): readonly Candidate[] {
  return [
    claim("refuses everything after it was closed", async (_, compiled) => closed(await driver.open(), compiled)),
    claim("keeps two devices apart", async (one, compiled) =>
      withDevice(driver, async (two) => {
        await apart(one, two);
        await runAll(one, compiled, trials);
        await runAll(two, compiled, trials);
      }),
    ),
    claim("goes on when another device is closed", async (one, compiled) => {
      const two = await driver.open();
      await runAll(two, compiled, trials);
      await two.close();
      await runAll(one, compiled, trials);
    }),
  ];
}

/** What is not there any more, or never was. */
function misuses(claim: Claim): readonly Candidate[] {
  return [
    claim("refuses a buffer that was freed", async (device) => {
      const freed = device.allocate(16);
      device.free(freed);
      await mustFail("reading a freed buffer", () => device.read(freed));
      await mustFail("writing a freed buffer", () => device.write(freed, new Uint8Array(4)));
    }),
    claim("refuses a launch on a buffer that was freed", async (device, compiled) => {
      await withModule(device, compiled, async (loaded) => {
        const buffers = [17, 17, 17].map((count) => device.allocate(count * 8));
        const [x, y, out] = buffers;
        if (x === undefined || y === undefined || out === undefined) throw new Error("three buffers");
        device.free(y);
        await mustFail("a launch on a freed buffer", () => loaded.launch("on_device", [x, y, out]));
        device.free(x);
        device.free(out);
      });
    }),
    claim("refuses to free a buffer twice", async (device) => {
      const [freed, other] = [device.allocate(16), device.allocate(16)];
      device.free(freed);
      const before = device.allocatedBytes;
      await mustFail("freeing a buffer twice", async () => device.free(freed));
      check(device.allocatedBytes === before, "memory is counted as freed twice");
      device.free(other);
    }),
    claim("refuses reads and writes outside of a buffer", async (device) => {
      const buffer = device.allocate(16);
      await mustFail("a write over the end", () => device.write(buffer, new Uint8Array(8), 12));
      await mustFail("a read over the end", () => device.read(buffer, 12, 8));
      device.free(buffer);
    }),
    claim("refuses a module that was closed, and functions that are not there", async (device, compiled) => {
      const loaded = await withModule(device, compiled, async (open) => {
        await mustFail("a function that is not there", () => open.launch("no_such_function", []));
        await mustFail("a launch without arguments", () => open.launch("on_device", []));
        return open;
      });
      const buffers = [0, 1, 2].map(() => device.allocate(17 * 8));
      await mustFail("a launch of a closed module", () => loaded.launch("on_device", buffers));
      for (const buffer of buffers) device.free(buffer);
    }),
  ];
}

async function mustFail(what: string, use: () => Promise<unknown>): Promise<void> {
  const failed = await use().then(
    () => false,
    () => true,
  );
  check(failed, `${what} must be refused`);
}

const bytesFrom = (first: number, count: number): Uint8Array => Uint8Array.from({ length: count }, (_, k) => first + k);
const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, k) => byte === b[k]);

async function partsOfMemory(device: Device): Promise<void> {
  const [buffer, other] = [device.allocate(40), device.allocate(40)];
  await device.write(other, bytesFrom(200, 40));
  await device.write(buffer, bytesFrom(0, 40));
  await device.write(buffer, bytesFrom(100, 8), 16);
  const expected = Uint8Array.from([...bytesFrom(0, 16), ...bytesFrom(100, 8), ...bytesFrom(24, 16)]);
  check(same(await device.read(buffer), expected), "what was written is not what is read");
  check(same(await device.read(buffer, 14, 6), expected.slice(14, 20)), "a part that is read is another one");
  check(same(await device.read(buffer, 30), expected.slice(30)), "the end that is read is another part");
  check(same(await device.read(other), bytesFrom(200, 40)), "a write changes another buffer");
  device.free(buffer);
  device.free(other);
}

async function balance(device: Device, compiled: CompiledModule, trials: readonly Trial[]): Promise<void> {
  check(device.allocatedBytes === 0, `a new device has ${device.allocatedBytes} bytes allocated`);
  const buffers = [100, 0, 64].map((bytes) => device.allocate(bytes));
  check(device.allocatedBytes >= 164, `${device.allocatedBytes} bytes are counted of 164`);
  await runAll(device, compiled, trials);
  for (const buffer of buffers) device.free(buffer);
  check(device.allocatedBytes === 0, `${device.allocatedBytes} bytes are left allocated`);
}

async function closed(device: Device, compiled: CompiledModule): Promise<void> {
  const buffers = [0, 1, 2].map(() => device.allocate(17 * 8));
  const loaded = await withModule(device, compiled, async (open) => open);
  await device.close();
  await mustFail("allocating on a closed device", async () => device.allocate(16));
  await mustFail("reading from a closed device", () => device.read(buffers[0] as never));
  await mustFail("a launch on a closed device", () => loaded.launch("on_device", buffers));
  await mustFail("loading into a closed device", () => withModule(device, compiled, async () => {}));
  await device.close();
}

async function apart(one: Device, two: Device): Promise<void> {
  const [mine, other] = [one.allocate(8), two.allocate(8)];
  await one.write(mine, bytesFrom(1, 8));
  await two.write(other, bytesFrom(11, 8));
  check(same(await one.read(mine), bytesFrom(1, 8)), "a write to one device changes memory of the other");
  await mustFail("reading a buffer of another device", () => two.read(mine));
  one.free(mine);
  check(two.allocatedBytes === 8 || two.allocatedBytes > 0, "memory of one device is freed with that of the other");
  check(same(await two.read(other), bytesFrom(11, 8)), "memory of one device is gone with that of the other");
  two.free(other);
  check(one.allocatedBytes === 0 && two.allocatedBytes === 0, "two devices count each other's memory");
}
