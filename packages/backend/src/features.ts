// What a module of device-level loop IR asks of its target, feature by feature, and what capabilities say to each.
import type { Span } from "@tilewright/diagnostics";
import { type Buffer, type Expr, type IRModule, type Node, visit } from "@tilewright/ir";
import { type Capabilities, MATH_FUNCTIONS, type SupportLevel } from "./capabilities.js";

/** `dtype` float32 … · `loop` thread, parallel … · `memory` shared … · `vector` lanes · `math` exp … · `atomic` int32 … · `barrier` shared … · `intrinsic` and `queue` by name · `assert` */
export type FeatureKind =
  | "dtype"
  | "loop"
  | "memory"
  | "vector"
  | "math"
  | "intrinsic"
  | "atomic"
  | "barrier"
  | "queue"
  | "assert";

export interface Feature {
  readonly kind: FeatureKind;
  readonly name: string;
}

/** A feature with the first place that uses it. */
export interface FeatureUse extends Feature {
  readonly span: Span;
}

/** Each feature that a module uses, once, in order of appearance. */
export function featuresOf(module: IRModule): readonly FeatureUse[] {
  const uses = new Map<string, FeatureUse>();
  const note = (kind: FeatureKind, name: string, { span }: { readonly span: Span }): void => {
    const key = `${kind} ${name}`;
    if (!uses.has(key)) uses.set(key, { kind, name, span });
  };
  const functions = new Set(module.functions.map(({ name }) => name));
  const place = (buffer: Buffer): void => {
    note("dtype", buffer.dtype, buffer);
    note("memory", buffer.scope, buffer);
  };
  for (const func of module.functions) {
    for (const parameter of func.parameters)
      parameter.kind === "Buffer" ? place(parameter) : note("dtype", parameter.dtype, parameter);
    visit(func.body, {
      enter: (node) => {
        if ("lanes" in node) noteValue(node as Expr, note);
      },
      Allocate: ({ buffer }) => place(buffer),
      For: (loop) => {
        if (loop.loopKind !== "serial") note("loop", loop.loopKind, loop);
      },
      Call: (call) => note("intrinsic", call.intrinsic, call),
      KernelCall: (call) => {
        if (!functions.has(call.callee)) note("intrinsic", call.callee, call);
        if (call.launch !== null) note("loop", "thread", call);
      },
      ParallelCall: (call) => note("loop", "parallel", call),
      Atomic: (atomic) => note("atomic", atomic.buffer.dtype, atomic),
      Barrier: (barrier) => note("barrier", barrier.scope, barrier),
      Async: (node) => note("queue", node.queue, node),
      PushToken: (node) => noteQueues(node, note),
      PopToken: (node) => noteQueues(node, note),
      Synchronize: (node) => {
        for (const queue of node.queues) note("queue", queue, node);
      },
      Assert: (node) => note("assert", "assertion", node),
    });
  }
  return [...uses.values()].filter(({ kind, name }) => !(kind === "dtype" && name === "index"));
}

type Note = (kind: FeatureKind, name: string, node: { readonly span: Span }) => void;

const MATH: ReadonlySet<string> = new Set(MATH_FUNCTIONS);

function noteValue(value: Expr, note: Note): void {
  if (value.dtype !== "bool") note("dtype", value.dtype, value);
  if (value.lanes > 1) note("vector", "lanes", value);
  if ((value.kind === "Unary" || value.kind === "Binary") && MATH.has(value.op)) note("math", value.op, value);
}

function noteQueues(node: Node & { readonly from: string; readonly to: string }, note: Note): void {
  note("queue", node.from, node);
  note("queue", node.to, node);
}

/** How well a target supports a feature; null: not at all. */
export function supportOf(capabilities: Capabilities, { kind, name }: Feature): SupportLevel | null {
  const listed = (there: boolean): SupportLevel | null => (there ? "stable" : null);
  switch (kind) {
    case "dtype":
      return capabilities.dtypes[name as "float32"] ?? null;
    case "loop":
      return capabilities.loopKinds[name as "serial"] ?? null;
    case "memory":
      return listed(capabilities.memory[name as "global"] !== undefined);
    case "vector":
      return listed(capabilities.vector !== null);
    case "math":
      return listed(capabilities.math.includes(name as "exp"));
    case "intrinsic":
      return listed(capabilities.intrinsics.includes(name));
    case "atomic":
      return capabilities.atomics[name as "int32"] ?? null;
    case "barrier":
      return capabilities.barriers[name as "shared"] ?? null;
    case "queue":
      return listed(capabilities.queues.includes(name));
    case "assert":
      return listed(capabilities.asserts);
  }
}

/** What a target supports of one kind of feature, by name. */
export function supportedNames(capabilities: Capabilities, kind: FeatureKind): readonly string[] {
  switch (kind) {
    case "dtype":
      return Object.keys(capabilities.dtypes);
    case "loop":
      return Object.keys(capabilities.loopKinds);
    case "memory":
      return Object.keys(capabilities.memory);
    case "vector":
      return capabilities.vector === null ? [] : [`lanes of ${capabilities.vector.bytes} bytes in all`];
    case "math":
      return capabilities.math;
    case "intrinsic":
      return capabilities.intrinsics;
    case "atomic":
      return Object.keys(capabilities.atomics);
    case "barrier":
      return Object.keys(capabilities.barriers);
    case "queue":
      return capabilities.queues;
    case "assert":
      return capabilities.asserts ? ["assertion"] : [];
  }
}
