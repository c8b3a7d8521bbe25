import type { Device } from "@tilewright/artifact";
import type { Backend, Toolchain } from "@tilewright/backend";
import { compareMemory, copyMemory, inputsFor, type Memory } from "@tilewright/backend-test";
import { NO_SPAN } from "@tilewright/diagnostics";
import { bfloat16OfBits, float16OfBits, interpret, type TypedArray } from "@tilewright/interp";
import type { Buffer, IRModule, PrimFunc, Stmt, Var } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { nativeDevice } from "@tilewright/runtime-native";

export const tools: readonly string[] = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");

export function moduleOf(...functions: readonly PrimFunc[]): IRModule {
  return { kind: "IRModule", span: NO_SPAN, functions, attributes: {} };
}

export function kernel(
  name: string,
  parameters: readonly (Buffer | Var)[],
  body: Stmt,
  more: Partial<PrimFunc> = {},
): PrimFunc {
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name,
    role: "kernel",
    parameters,
    mayAlias: [],
    body,
    attributes: {},
    ...more,
  };
}

/** Calls functions of a module by name, on memory and scalars by parameter name; memory is changed in place. */
export interface Runner {
  readonly device: Device;
  call(name: string, args: Readonly<Record<string, TypedArray | number | bigint>>): Promise<void>;
  close(): Promise<void>;
}

/** Compiles, builds and loads. */
export async function load(
  backend: Backend,
  toolchain: Toolchain,
  functions: readonly PrimFunc[],
  threads = 1,
): Promise<Runner> {
  const built = await toolchain.build(backend.compile(moduleOf(...functions)));
  const device = await nativeDevice.open({ threads });
  const loaded = await device.load(
    { format: built.format, blob: "", features: built.features, functions: built.functions },
    built.bytes,
  );
  return {
    device,
    async call(name, args) {
      const entry = built.functions.find((each) => each.name === name);
      const held = (entry?.parameters ?? []).map((parameter) => {
        const value = args[parameter.name];
        if (typeof value !== "object") return { value: value ?? 0 };
        const buffer = device.allocate(value.byteLength);
        const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
        device.view(buffer)?.set(bytes);
        return { value: buffer, bytes };
      });
      try {
        await loaded.launch(
          name,
          held.map(({ value }) => value),
        );
        for (const { value, bytes } of held)
          if (typeof value === "object" && bytes !== undefined) bytes.set(device.view(value) ?? []);
      } finally {
        for (const { value } of held) if (typeof value === "object") device.free(value);
      }
    },
    close: () => device.close(),
  };
}

export interface Trial {
  readonly func: PrimFunc;
  readonly memory: Memory;
}

/** All functions in one module, each against the interpreter. Names are replaced, so that any will do. Returns what differs. */
export async function differences(
  backend: Backend,
  toolchain: Toolchain,
  trials: readonly Trial[],
): Promise<readonly string[]> {
  const named = trials.map(({ func }, position) => ({ ...func, name: `f${position}` }));
  const runner = await load(backend, toolchain, named);
  const found: string[] = [];
  try {
    for (const [position, { func, memory }] of trials.entries()) {
      const expected = copyMemory(memory);
      const actual = copyMemory(memory);
      interpret(func, expected, { detectRaces: false });
      await runner.call(`f${position}`, actual);
      const difference = compareMemory(asNumbers(func, expected), asNumbers(func, actual));
      if (difference !== null) found.push(`${func.name}: ${difference}\n${print(func)}`);
    }
    return found;
  } finally {
    await runner.close();
  }
}

/** Sixteen-bit floats as numbers: any NaN is as good as another. */
function asNumbers(func: PrimFunc, memory: Memory): Memory {
  const dtypes = new Map(func.parameters.map(({ name, dtype }) => [name, dtype]));
  const converted = Object.entries(memory).map(([name, array]) => {
    const decode = { float16: float16OfBits, bfloat16: bfloat16OfBits }[dtypes.get(name) as "float16"];
    return [
      name,
      decode === undefined ? array : Float32Array.from(array as Uint16Array, (bits) => decode(bits)),
    ] as const;
  });
  return Object.fromEntries(converted);
}

/** Small integers as arguments. */
export function trialOf(func: PrimFunc): Trial {
  return { func, memory: inputsFor(func) };
}
