// Which functions of a module run on the host, which are launched, and which are called by kernels.
import { intrinsicOf } from "@tilewright/backend";
import { type IRModule, int, type KernelCall, type PrimFunc, type Stmt, visit } from "@tilewright/ir";
import { badCall } from "./errors.js";
import { launchOf } from "./launch.js";

export interface Program {
  /** What callers see; callers of each other before those that they call. */
  readonly host: readonly PrimFunc[];
  /** Started with a launch. */
  readonly kernels: readonly PrimFunc[];
  /** Called by kernels, callers first. */
  readonly device: readonly PrimFunc[];
}

/** @throws CompileError BE203, BE205 */
export function programOf(module: IRModule): Program {
  const launched = new Set(
    module.functions.flatMap(({ body }) =>
      callsIn(body).flatMap(({ callee, launch }) => (launch === null ? [] : [callee])),
    ),
  );
  const isEntry = (func: PrimFunc): boolean =>
    !launched.has(func.name) && intrinsicOf(func) === null && func.role !== "parallel";
  const entries = module.functions.filter(isEntry);
  const alone = entries.filter(({ role }) => role === "kernel").map(launching);
  const kernels = [...module.functions.filter(({ name }) => launched.has(name)), ...alone.map(({ kernel }) => kernel)];
  const hosts = new Map(alone.map(({ host }) => [host.name, host]));
  const names = new Set([...module.functions, ...kernels].map(({ name }) => name));
  return {
    host: callersFirst(
      entries.map((func) => hosts.get(func.name) ?? func),
      names,
    ),
    kernels,
    device: callersFirst(calledBy(kernels, module.functions), names),
  };
}

/** Functions that some others call, or that those call. */
function calledBy(callers: readonly PrimFunc[], functions: readonly PrimFunc[]): readonly PrimFunc[] {
  const found = new Set<PrimFunc>();
  const open = [...callers];
  for (let caller = open.pop(); caller !== undefined; caller = open.pop())
    for (const { callee } of callsIn(caller.body)) {
      const target = functions.find(({ name }) => name === callee);
      if (target === undefined || found.has(target)) continue;
      found.add(target);
      open.push(target);
    }
  return functions.filter((func) => found.has(func));
}

/** A kernel that nothing launches, as such and as a host function of its name that launches it. */
function launching(func: PrimFunc): { readonly host: PrimFunc; readonly kernel: PrimFunc } {
  const { span, parameters } = func;
  const { blocks, threads } = launchOf(func);
  const kernel: PrimFunc = { ...func, name: `${func.name}_kernel` };
  const call: KernelCall = {
    kind: "KernelCall",
    span,
    callee: kernel.name,
    args: parameters.map((parameter) => {
      if (parameter.kind === "Var") return parameter;
      const elements = parameter.shape.reduce(
        (count, extent) => count * (extent.kind === "Const" ? Number(extent.value) : 1),
        1,
      );
      return { kind: "BufferRegion", span, buffer: parameter, mins: [int(0)], extents: [int(elements)] };
    }),
    launch: {
      grid: [...blocks].reverse().map((extent) => int(extent)),
      block: [...threads].reverse().map((extent) => int(extent)),
    },
  };
  return { kernel, host: { ...func, role: "host", body: call } };
}

export function callsIn(body: Stmt): readonly KernelCall[] {
  const calls: KernelCall[] = [];
  visit(body, { KernelCall: (call) => void calls.push(call) });
  return calls;
}

/** @throws CompileError BE205 for functions that call each other in a circle, or that do not exist */
function callersFirst(functions: readonly PrimFunc[], names: ReadonlySet<string>): readonly PrimFunc[] {
  const order: PrimFunc[] = [];
  const open = new Set<string>();
  const done = new Set<string>();
  const enter = (func: PrimFunc): void => {
    if (done.has(func.name)) return;
    open.add(func.name);
    for (const { callee, span } of callsIn(func.body)) {
      const target = functions.find(({ name }) => name === callee);
      if (open.has(callee)) throw badCall(callee, "a call that comes back to its caller", span);
      if (!names.has(callee)) throw badCall(callee, "no such function", span);
      if (target !== undefined) enter(target);
    }
    open.delete(func.name);
    done.add(func.name);
    order.unshift(func);
  };
  for (const func of functions) enter(func);
  return order;
}
