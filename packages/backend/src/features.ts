// What a module of device-level loop IR asks of its target, feature by feature, and what capabilities say to each.
import type { Span } from "@tilewright/diagnostics";
import {
  type Buffer, bitsOf, type DType, type Expr, type IRModule, type Load, type PopToken, type PushToken, type Store, type Visitors, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { type Capabilities, MATH_FUNCTIONS, type SupportLevel } from "./capabilities.js";

/** `dtype` float32 … · `loop` thread, parallel … · `memory` shared … · `vector` lanes, predicates; atomics and parameters, which no target has · `math` exp … · `atomic` int32 … · `barrier` shared … · `intrinsic` and `queue` by name · `assert` */
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
  return surveyOf(module).features;
}

/** What one visit of a module tells. */
export interface Survey {
  readonly features: readonly FeatureUse[];
  /** The value that takes the widest register, of each function that holds vectors. */
  readonly widest: readonly Expr[];
}

/** Each feature once, in order of appearance, and the widest vectors. One visit, whose steps are few: every compile takes it. */
export function surveyOf(module: IRModule): Survey {
  const uses = new Map<string, FeatureUse>();
  const note: Note = (kind, name, { span }) => {
    const key = `${kind} ${name}`;
    if (!uses.has(key)) uses.set(key, { kind, name, span });
  };
  const functions = new Set(module.functions.map(({ name }) => name));
  const place = (buffer: Buffer): void => {
    note("dtype", buffer.dtype, buffer);
    note("memory", buffer.scope, buffer);
  };
  const dtypes = new Set<DType>(["bool", "index"]);
  let most: Expr | null = null;
  const measure = (value: Expr): void => {
    if (most === null || registerBytes(value) > registerBytes(most)) most = value;
  };
  const visitors: Visitors = {
    enter: (node) => {
      const value = node as Expr;
      if (value.lanes === undefined) return; // a statement
      if (!dtypes.has(value.dtype)) {
        dtypes.add(value.dtype);
        note("dtype", value.dtype, value);
      }
      if (value.lanes === 1) return;
      note("vector", "lanes", value);
      if (value.dtype !== "index") measure(value);
    },
    ...vectorVisitors(note, measure),
    ...statementVisitors(note, place, functions),
  };
  const widest: Expr[] = [];
  for (const func of module.functions) {
    for (const parameter of func.parameters) {
      if (parameter.kind === "Buffer") place(parameter);
      else note("dtype", parameter.dtype, parameter);
      if (parameter.kind === "Var" && parameter.lanes > 1) note("vector", "parameters", parameter);
    }
    most = null;
    visit(func.body, visitors);
    if (most !== null) widest.push(most);
  }
  return { features: [...uses.values()].filter(({ kind, name }) => !(kind === "dtype" && name === "index")), widest };
}

/** Bytes of a register that holds a value: a bool takes a byte a lane at least, an `index` four, as `lower` has it. */
export function registerBytes({ dtype, lanes }: Expr): number {
  return lanes * (dtype === "index" ? 4 : bitsOf(dtype) / 8);
}

type Note = (kind: FeatureKind, name: string, node: { readonly span: Span }) => void;

const MATH: ReadonlySet<string> = new Set(MATH_FUNCTIONS);

/** Operators and lanes. A vector of `index` counts where something computes with it: as the index of an access it is one address. */
function vectorVisitors(note: Note, measure: (value: Expr) => void): Visitors {
  const computed = (value: Expr): void => {
    if (value.lanes > 1 && value.dtype === "index") measure(value);
  };
  const masked = (node: Load | Store): void => {
    if (node.predicate !== null && node.predicate.lanes > 1) note("vector", "predicates", node);
  };
  return {
    Unary: (node) => {
      if (MATH.has(node.op)) note("math", node.op, node);
      computed(node.operand);
    },
    Binary: (node) => {
      if (node.op === "pow") note("math", node.op, node);
      computed(node.left);
    },
    Cast: ({ operand }) => computed(operand),
    Select: ({ whenTrue }) => computed(whenTrue),
    IfThenElse: (node) => {
      if (node.condition.lanes > 1) note("vector", "predicates", node);
      computed(node.whenTrue);
    },
    Shuffle: ({ vectors }) => vectors.forEach(computed),
    Call: (node) => {
      note("intrinsic", node.intrinsic, node);
      node.args.forEach(computed);
    },
    Let: ({ value }) => computed(value),
    Register: ({ initial }) => computed(initial),
    Assign: ({ value }) => computed(value),
    Load: masked,
    Store: masked,
  };
}

function statementVisitors(note: Note, place: (buffer: Buffer) => void, functions: ReadonlySet<string>): Visitors {
  const queues = (node: PushToken | PopToken): void => {
    note("queue", node.from, node);
    note("queue", node.to, node);
  };
  return {
    Allocate: ({ buffer }) => place(buffer),
    For: (loop) => {
      if (loop.loopKind !== "serial") note("loop", loop.loopKind, loop);
    },
    KernelCall: (call) => {
      if (!functions.has(call.callee)) note("intrinsic", call.callee, call);
      if (call.launch !== null) note("loop", "thread", call);
    },
    ParallelCall: (call) => note("loop", "parallel", call),
    Atomic: (atomic) => {
      note("atomic", atomic.buffer.dtype, atomic);
      if (atomic.value.lanes > 1) note("vector", "atomics", atomic);
    },
    Barrier: (barrier) => note("barrier", barrier.scope, barrier),
    Async: (node) => note("queue", node.queue, node),
    PushToken: queues,
    PopToken: queues,
    Synchronize: (node) => {
      for (const queue of node.queues) note("queue", queue, node);
    },
    Assert: (node) => note("assert", "assertion", node),
  };
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
      return listed(
        name === "predicates"
          ? (capabilities.vector?.predicated ?? false)
          : name === "lanes" && capabilities.vector !== null,
      );
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
