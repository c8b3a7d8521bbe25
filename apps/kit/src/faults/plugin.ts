// Faults around the code: what a backend says of it, what it remembers, what its device does with memory and errors.
import type { Device, DeviceBuffer } from "@tilewright/artifact";
import type { Backend, CompiledModule, Intrinsic } from "@tilewright/backend";
import { NO_SPAN } from "@tilewright/diagnostics";
import { buffer, build, constant, type IRModule, int, type PrimFunc, rewrite, variable } from "@tilewright/ir";
import { type Fault, misbehaving, type Plugin, relabelling, relaunching, withBackend } from "./fault.js";

/** A compile that looks a module up by the names of its functions. */
function stale(backend: Backend): Backend {
  const known = new Map<string, CompiledModule>();
  return {
    ...backend,
    compile(module) {
      const key = module.functions.map(({ name }) => name).join(" ");
      const compiled = known.get(key) ?? backend.compile(module);
      known.set(key, compiled);
      return compiled;
    },
  };
}

/** A custom section with a number that grows, behind a WebAssembly module. */
function numbered(): (compiled: CompiledModule) => CompiledModule {
  let number = 0;
  return (compiled) => {
    const section = [0, 3, 1, 0x6e, number++ & 127];
    return { ...compiled, bytes: Uint8Array.from([...compiled.bytes, ...section]) };
  };
}

/** The backend without what `defineBackend` puts in front of it, for types that it does not declare. */
function lax(plugin: Plugin): Plugin {
  const { float32, int32, bool } = plugin.backend.capabilities.dtypes;
  const dtypes = { ...(float32 && { float32 }), ...(int32 && { int32 }), ...(bool && { bool }) };
  return { ...plugin, backend: { ...plugin.backend, capabilities: { ...plugin.backend.capabilities, dtypes } } };
}

/** Memory that a second device of the same driver shares with the first. */
function shared({ backend, device: driver }: Plugin): Plugin {
  let first: Promise<Device> | undefined;
  const device = {
    ...driver,
    open: () => {
      first ??= driver.open();
      return first;
    },
  };
  return { backend, device };
}

/** `out[i] = x[i] + 1` of four float32: an instruction whose template adds 2. */
function wrongTemplate(): Intrinsic<PrimFunc> {
  const adding = (amount: number): PrimFunc => {
    const [x, out] = [buffer("x", { dtype: "float32", shape: [4] }), buffer("out", { dtype: "float32", shape: [4] })];
    const i = variable("i");
    const value = build.add(build.load(x, [i]), constant(amount, "float32"));
    const body = build.loop(i, int(0), int(4), build.store(out, [i], value));
    const [kind, role] = ["PrimFunc", "kernel"] as const;
    return {
      kind,
      span: NO_SPAN,
      name: "fault.increment",
      role,
      parameters: [x, out],
      mayAlias: [],
      body,
      attributes: {},
    };
  };
  return { name: "fault.increment", semantics: adding(1), emit: adding(2) };
}

export const pluginFaults: readonly Fault[] = [
  {
    name: "a type that is not declared is compiled",
    copyOf: "wasm",
    claim: /refuses float64|float64.* not declare/,
    plant: lax,
  },
  {
    name: "what is not declared ends in a TypeError",
    copyOf: "wasm",
    claim: /refuse|not declare/,
    plant: (plugin) =>
      withBackend((backend) => ({
        ...backend,
        compile(module) {
          try {
            return backend.compile(module);
          } catch {
            throw new TypeError("cannot read properties of undefined");
          }
        },
      }))(plugin),
  },
  {
    name: "the output depends on what was compiled before",
    copyOf: "wasm",
    claim: /equal bytes|determin|twice/i,
    plant: (plugin) => relabelling(numbered())(plugin),
  },
  {
    name: "modules are cached by the names of their functions",
    copyOf: "wasm",
    claim: /stale|cache|same names?|new body/i,
    plant: withBackend(stale),
  },
  {
    name: "outputs are said to be read alone",
    copyOf: "wasm",
    claim: /access|describes/i,
    plant: relabelling((compiled) => ({
      ...compiled,
      functions: compiled.functions.map((entry) => ({
        ...entry,
        parameters: entry.parameters.map((each) =>
          each.kind === "buffer" ? { ...each, access: "read" as const } : each,
        ),
      })),
    })),
  },
  {
    name: "parameters are described in another order",
    copyOf: "wasm",
    claim: /describes/i,
    plant: relabelling((compiled) => ({
      ...compiled,
      functions: compiled.functions.map((entry) => ({ ...entry, parameters: [...entry.parameters].reverse() })),
    })),
  },
  {
    name: "scratch memory is said not to be needed",
    copyOf: "wasm",
    claim: /allocat|workspace|scratch|local/i,
    plant: relabelling((compiled) => ({
      ...compiled,
      functions: compiled.functions.map((entry) => ({ ...entry, workspaceBytes: 0 })),
    })),
  },
  {
    name: "an instruction's template computes something else",
    copyOf: "instruction",
    claim: /fault\.increment/,
    plant: (plugin) => plugin, // the template is the fault
  },
  {
    name: "a pass of the backend changes what is computed",
    copyOf: "wasm",
    claim: /pass.*double/i,
    plant: withBackend((backend) => ({
      ...backend,
      passes: [
        ...(backend.passes ?? []),
        {
          at: "flat",
          pass: {
            name: "double",
            requires: "flat",
            establishes: "flat",
            run: (module: IRModule) =>
              rewrite(module, {
                Store: (store, at) =>
                  store.value.kind === "Const" && store.value.dtype !== "bool"
                    ? { ...store, value: at.add(store.value, store.value) }
                    : undefined,
              }),
          },
        },
      ],
    })),
  },
  {
    name: "a schedule rule gives a trace that does not apply",
    copyOf: "wasm",
    claim: /rule.*astray/i,
    plant: withBackend((backend) => ({
      ...backend,
      rules: [
        {
          name: "astray",
          match: () => ({
            knobs: [],
            apply: () => ({ records: [{ primitive: "split", args: { stage: "nobody" } }] }) as never,
          }),
        },
      ],
    })),
  },
  {
    name: "memory is never freed",
    copyOf: "wasm",
    claim: /frees|balance|leak/i,
    plant: misbehaving(() => ({ free: () => {} })),
  },
  {
    name: "freed memory can be read",
    copyOf: "wasm",
    claim: /freed/i,
    plant: misbehaving((device) => {
      const freed = new Set<DeviceBuffer>();
      return {
        free: (gone: DeviceBuffer) => {
          freed.add(gone);
          device.free(gone);
        },
        read: async (from: DeviceBuffer, offset?: number, length?: number) =>
          freed.has(from) ? new Uint8Array(from.byteLength) : device.read(from, offset, length),
      };
    }),
  },
  {
    name: "the offset of a slice is forgotten",
    copyOf: "wasm",
    claim: /slice|offset/i,
    plant: relaunching(
      (loaded) => (name, args, options) =>
        loaded.launch(
          name,
          args.map((arg) => (typeof arg === "object" && "buffer" in arg ? { ...arg, byteOffset: 0 } : arg)),
          options,
        ),
    ),
  },
  {
    name: "a run that fails looks like one that ended",
    copyOf: "wasm",
    claim: /assert/i,
    plant: relaunching((loaded) => (name, args, options) => loaded.launch(name, args, options).catch(() => {})),
  },
  {
    name: "two devices are one",
    copyOf: "wasm",
    claim: /two devices|apart/i,
    plant: shared,
  },
  {
    name: "a closed device goes on working",
    copyOf: "wasm",
    claim: /closed/i,
    plant: misbehaving(() => ({ close: async () => {} })),
  },
];

export { wrongTemplate };
