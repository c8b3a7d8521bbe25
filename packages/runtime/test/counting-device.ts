import type { Device, DeviceBuffer, DeviceSlice, LaunchArgument } from "@tilewright/artifact";

/** What a function does with the bytes of its arguments. */
export type Code = (args: readonly Uint8Array[]) => void;

export interface CountingOptions {
  readonly name: string;
  readonly code: ReadonlyMap<string, Code>;
  /** The host sees the memory. */
  readonly shares?: boolean;
  /** Launches wait until `synchronize`. */
  readonly queues?: boolean;
}

/**
 * A device of modules of the format of its name, whose functions are given. It counts what is moved, refuses what lies outside of a buffer, and new
 * memory is full of rubbish.
 */
export class CountingDevice implements Device {
  readonly name: string;
  readonly accepts: readonly string[];
  readonly features = new Set<string>();
  readonly launches: string[] = [];
  readonly #code: ReadonlyMap<string, Code>;
  readonly #shares: boolean;
  readonly #queues: boolean;
  readonly #live = new Map<DeviceBuffer, Uint8Array>();
  #queue: (() => void)[] = [];
  modules = 0;
  /** Bytes that `read` and `write` moved. */
  bytesRead = 0;
  bytesWritten = 0;

  constructor({ name, code, shares = false, queues = false }: CountingOptions) {
    this.name = name;
    this.accepts = [name];
    this.#code = code;
    this.#shares = shares;
    this.#queues = queues;
  }

  get allocatedBytes(): number {
    return [...this.#live.keys()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  get buffers(): number {
    return this.#live.size;
  }

  allocate(byteLength: number): DeviceBuffer {
    const buffer = { byteLength };
    this.#live.set(
      buffer,
      Uint8Array.from({ length: byteLength }, (_, k) => (k * 37 + this.#live.size * 11 + 129) % 256),
    );
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#queue.length > 0) throw new Error(`${this.name}: freed while it works`);
    if (!this.#live.delete(buffer)) throw new Error(`${this.name}: freed twice`);
  }

  view(buffer: DeviceBuffer): Uint8Array | undefined {
    return this.#shares ? this.#part(buffer, 0, buffer.byteLength) : undefined;
  }

  async write(buffer: DeviceBuffer, data: Uint8Array, byteOffset = 0): Promise<void> {
    this.bytesWritten += data.length;
    this.#part(buffer, byteOffset, data.length).set(data);
  }

  async read(buffer: DeviceBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Promise<Uint8Array> {
    this.bytesRead += byteLength;
    return this.#part(buffer, byteOffset, byteLength).slice();
  }

  async load() {
    this.modules++;
    return {
      launch: async (name: string, args: readonly LaunchArgument[]): Promise<void> => {
        const code = this.#code.get(name);
        if (code === undefined) throw new Error(`${this.name}: no function ${name}`);
        const arrays = args.map((argument) => {
          if (typeof argument !== "object") throw new Error(`${this.name}: a number`);
          const slice: DeviceSlice =
            "buffer" in argument ? argument : { buffer: argument, byteOffset: 0, byteLength: argument.byteLength };
          return this.#part(slice.buffer, slice.byteOffset, slice.byteLength);
        });
        this.launches.push(name);
        if (this.#queues) this.#queue.push(() => code(arrays));
        else code(arrays);
      },
      close: async (): Promise<void> => {
        this.modules--;
      },
    };
  }

  async synchronize(): Promise<void> {
    const queue = this.#queue;
    this.#queue = [];
    for (const launch of queue) launch();
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #part(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array {
    const bytes = this.#live.get(buffer);
    if (bytes === undefined) throw new Error(`${this.name}: no such memory`);
    if (byteOffset < 0 || byteOffset + byteLength > bytes.length)
      throw new Error(`${this.name}: outside of the memory`);
    return bytes.subarray(byteOffset, byteOffset + byteLength);
  }
}
