import { ASSERT_IMPORT, IMPORT_MODULE, LOW_MEMORY_BYTES, MEMORY_IMPORT } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import type { TypedArray } from "@tilewright/interp";
import { build, type IRModule, type PrimFunc } from "@tilewright/ir";

export type Memory = Readonly<Record<string, TypedArray>>;

export function moduleOf(...functions: readonly PrimFunc[]): IRModule {
  return { kind: "IRModule", span: build.span, functions, attributes: {} };
}

export function kernel(name: string, parameters: PrimFunc["parameters"], body: PrimFunc["body"]): PrimFunc {
  return { kind: "PrimFunc", span: build.span, name, role: "kernel", parameters, mayAlias: [], body, attributes: {} };
}

const align = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** An instance with a memory of its own. `call` copies arrays in, runs a function and copies them back; scalars go by value. */
export function instantiate(compiled: CompiledModule) {
  const memory = new WebAssembly.Memory({ initial: 4 });
  const failures: number[] = [];
  const imports = { [MEMORY_IMPORT]: memory, [ASSERT_IMPORT]: (message: number) => void failures.push(message) };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(compiled.bytes as Uint8Array<ArrayBuffer>), {
    [IMPORT_MODULE]: imports,
  });
  const call = (name: string, values: Readonly<Record<string, TypedArray | number | bigint>>): void => {
    const entry = compiled.functions.find((func) => func.name === name);
    if (entry === undefined) throw new Error(`no ${name}`);
    const places = new Map<string, number>();
    let top = LOW_MEMORY_BYTES;
    for (const parameter of entry.parameters) {
      const value = values[parameter.name];
      if (typeof value !== "object") continue;
      places.set(parameter.name, top);
      top += align(value.byteLength);
    }
    const missing = top + entry.workspaceBytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65_536));
    const bytesOf = (name: string, array: TypedArray) =>
      new Uint8Array(memory.buffer, places.get(name) ?? 0, array.byteLength);
    const raw = (array: TypedArray) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const args = entry.parameters.map(({ name }) => {
      const value = values[name] as TypedArray | number | bigint;
      if (typeof value !== "object") return value;
      bytesOf(name, value).set(raw(value));
      return places.get(name) ?? 0;
    });
    (instance.exports[name] as (...values: readonly (number | bigint)[]) => void)(...args, top);
    for (const { name } of entry.parameters) {
      const value = values[name];
      if (typeof value === "object") raw(value).set(bytesOf(name, value));
    }
  };
  return { call, failures, instance };
}
