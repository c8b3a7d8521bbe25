// Faults of code generators in loops, branches, memory and threads.
import {
  type Allocate,
  type Expr,
  type For,
  int,
  isConst,
  isFloat,
  rewrite,
  type Stmt,
  sequence,
} from "@tilewright/ir";
import { type Fault, miscompiling, misreading } from "./fault.js";

export const controlFaults: readonly Fault[] = [
  {
    name: "the tail of a loop is dropped",
    copyOf: "wasm",
    claim: /awkward lengths|loops/,
    plant: misreading({
      For: (loop) =>
        loop.loopKind === "serial" && isConst(loop.extent) && Number(loop.extent.value) % 4 !== 0
          ? { ...loop, extent: int(Math.floor(Number(loop.extent.value) / 4) * 4) }
          : undefined,
    }),
  },
  {
    name: "guards let one iteration too many through",
    copyOf: "wasm",
    claim: /guard|outside|bounds/i,
    plant: misreading({
      If: (branch, at) => {
        const { condition } = branch;
        return condition.kind === "Binary" && condition.op === "lt"
          ? { ...branch, condition: at.binary("le", condition.left, condition.right) }
          : undefined;
      },
    }),
  },
  {
    name: "the predicate of a store is lost",
    copyOf: "interpreter",
    claim: /predicate|mask/i,
    plant: misreading({ Store: (store) => (store.predicate === null ? undefined : { ...store, predicate: null }) }),
  },
  {
    name: "what a register was assigned is forgotten",
    copyOf: "wasm",
    claim: /register/i,
    plant: misreading({ Assign: ({ variable }) => (isFloat(variable.dtype) ? sequence([]) : undefined) }),
  },
  {
    name: "assertions are left out",
    copyOf: "wasm",
    claim: /assert/i,
    plant: misreading({ Assert: () => sequence([]) }),
  },
  {
    name: "a barrier is left out",
    copyOf: "interpreter",
    claim: /barrier/i,
    plant: misreading({ Barrier: () => sequence([]) }),
  },
  {
    name: "a barrier stands where not all threads come",
    copyOf: "interpreter",
    claim: /barrier/i,
    plant: miscompiling((module) => ({
      ...module,
      functions: module.functions.map((func) => ({ ...func, body: divergent(func.body, null) })),
    })),
  },
  {
    name: "shared memory is private to each thread",
    copyOf: "interpreter",
    claim: /shared|block/i,
    plant: misreading({ Allocate: (node) => rescoped(node) }),
  },
  {
    name: "an atomic update is a load and a store",
    copyOf: "interpreter",
    claim: /atomic/i,
    plant: misreading({
      Atomic: (node, at) =>
        node.op === "add"
          ? at.store(node.buffer, node.indices, at.binary("add", at.load(node.buffer, node.indices), node.value))
          : undefined,
    }),
  },
  {
    name: "blocks along x and y change places",
    copyOf: "interpreter",
    claim: /launch|axes|thread|block/i,
    plant: misreading({
      KernelCall: (call) =>
        call.launch !== null && call.launch.grid.length > 1
          ? { ...call, launch: { ...call.launch, grid: [...call.launch.grid].reverse() } }
          : undefined,
    }),
  },
];

/** Each barrier inside of a thread loop waits for the first thread alone. */
function divergent(stmt: Stmt, thread: Expr | null): Stmt {
  return rewrite(stmt, {
    For: {
      enter: (loop: For, at) => {
        if (loop.thread?.startsWith("threadIdx") !== true || thread !== null) return undefined;
        const first = at.binary("eq", loop.loopVar, int(0));
        return { ...loop, body: divergent(loop.body, first) };
      },
    },
    Barrier: (barrier, at) => (thread === null ? undefined : at.when(thread, barrier)),
  });
}

function rescoped({ buffer, ...rest }: Allocate): Stmt | undefined {
  if (buffer.scope !== "shared") return undefined;
  const own = { ...buffer, scope: "local" as const };
  const access = <N extends { readonly buffer: typeof buffer }>(node: N): N | undefined =>
    node.buffer === buffer ? { ...node, buffer: own } : undefined;
  return rewrite({ ...rest, buffer: own }, { Load: access, Store: access, Atomic: access }) as Stmt;
}
