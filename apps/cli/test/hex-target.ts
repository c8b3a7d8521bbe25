import type { Device, ModuleEntry } from "@tilewright/artifact";
import { type Backend, defineBackend, defineTarget, type TargetOptions } from "@tilewright/backend";
import { wasm } from "@tilewright/codegen-wasm";
import { nodeWasmDevice } from "@tilewright/runtime/node";

/** WebAssembly as text: a target of somebody else, whose format no built-in one knows. */
function hex({ threads }: TargetOptions): Backend {
  const { compile, ...rest } = wasm({ threads });
  return defineBackend({
    ...rest,
    name: "hex",
    compile(module) {
      const compiled = compile(module);
      const text = (value: string): Uint8Array => new TextEncoder().encode(value);
      const files = new Map([["listing.txt", text(`${compiled.bytes.length} bytes`)]]);
      return { ...compiled, format: "hex", bytes: text(Buffer.from(compiled.bytes).toString("hex")), files };
    },
  });
}

async function openDevice({ threads }: TargetOptions): Promise<Device> {
  const device = await nodeWasmDevice.open({ threads });
  const close = (): Promise<void> => device.close();
  return {
    name: "hex",
    features: device.features,
    accepts: ["hex"],
    allocate: (byteLength) => device.allocate(byteLength),
    free: (buffer) => device.free(buffer),
    write: (buffer, data, offset) => device.write(buffer, data, offset),
    read: (buffer, offset, length) => device.read(buffer, offset, length),
    view: (buffer) => device.view(buffer),
    load: (entry: ModuleEntry, blob) =>
      device.load({ ...entry, format: "wasm" }, Buffer.from(new TextDecoder().decode(blob), "hex")),
    synchronize: () => device.synchronize(),
    get allocatedBytes() {
      return device.allocatedBytes;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

export const target = defineTarget({
  specVersion: "target/1",
  name: "hex",
  summary: "WebAssembly in hexadecimal digits",
  backend: hex,
  device: async (options) => ({
    specVersion: "device/1",
    name: "hex",
    accepts: ["hex"],
    open: () => openDevice(options),
  }),
  status: async () => ({ usable: true, detail: "digits 0 to f" }),
});
