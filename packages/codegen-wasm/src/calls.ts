/** Calls between functions of a module: kernels directly, parallel bodies through the hook (or directly, on one thread). */
import { CLOSURE_SLOT_BYTES } from "@tilewright/artifact";
import { invariant } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  type Expr,
  isConst,
  type KernelCall,
  type ParallelCall,
  type Var,
} from "@tilewright/ir";
import { type FunctionContext, placeOf } from "./context.js";
import type { Local } from "./function-body.js";
import { multiplyBy } from "./memory.js";
import { elementBytes, scalarType } from "./representation.js";
import type { Workspace } from "./workspace.js";

type Argument = Expr | BufferRegion;

export function emitKernelCall(context: FunctionContext, call: KernelCall, workspace: Workspace, own: Local): void {
  const callee = resolve(context, call.callee);
  for (const argument of call.args) pushArgument(context, argument);
  pushAddress(context, own, workspace.call(call.callee));
  context.body.call(callee.index);
}

/** The arguments go into a closure in the workspace. */
export function emitParallelCall(context: FunctionContext, call: ParallelCall, workspace: Workspace, own: Local): void {
  const { body, module } = context;
  const callee = resolve(context, call.callee);
  const closure = workspace.reserve(call.args.length * CLOSURE_SLOT_BYTES, CLOSURE_SLOT_BYTES);
  call.args.forEach((argument, position) => {
    body.get(own);
    pushArgument(context, argument);
    const type = argument.kind === "BufferRegion" ? "i32" : scalarType(argument.dtype);
    body.memory(CLOSURE_STORE[type], type === "i64" || type === "f64" ? 3 : 2, closure + position * CLOSURE_SLOT_BYTES);
  });
  const scratch = workspace.call(call.callee);
  if (module.hooks.parallel === null) body.i32(0);
  else body.i32(module.tableSlot(call.callee));
  context.expression(call.extent);
  pushAddress(context, own, closure);
  pushAddress(context, own, scratch);
  body.call(module.hooks.parallel ?? callee.index);
  workspace.release(closure);
}

const CLOSURE_STORE = { i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39 } as const;
const CLOSURE_LOAD = { i32: 0x28, i64: 0x29, f32: 0x2a, f64: 0x2b } as const;

/** Loads the parameters of a parallel body from its closure into locals. */
export function loadClosure(context: FunctionContext, parameters: readonly (Buffer | Var)[], closure: Local): void {
  const { body } = context;
  parameters.forEach((parameter, position) => {
    const type = parameter.kind === "Buffer" ? "i32" : scalarType(parameter.dtype);
    const local = body.local(type, parameter.name);
    body.get(closure);
    body.memory(CLOSURE_LOAD[type], type === "i64" || type === "f64" ? 3 : 2, position * CLOSURE_SLOT_BYTES);
    body.set(local);
    if (parameter.kind === "Buffer") context.places.set(parameter, { base: local, offset: 0 });
    else context.variables.set(parameter, local);
  });
}

function resolve({ module }: FunctionContext, name: string): { readonly index: number } {
  const callee = module.functions.get(name);
  invariant(callee !== undefined, `the module has no \`${name}\``);
  return callee;
}

function pushArgument(context: FunctionContext, argument: Argument): void {
  if (argument.kind === "BufferRegion") pushRegion(context, argument);
  else context.expression(argument);
}

/** The address of a region's first element. */
function pushRegion(context: FunctionContext, { buffer, mins }: BufferRegion): void {
  const { body } = context;
  const { base, offset } = placeOf(context, buffer);
  pushAddress(context, base, offset);
  const [min] = mins as readonly [Expr];
  if (isConst(min, 0)) return;
  context.expression(min);
  multiplyBy(context, elementBytes(buffer.dtype));
  body.scalar("i32", "add");
}

/** Pushes `local + bytes`. */
export function pushAddress({ body }: FunctionContext, local: Local, bytes: number): void {
  body.get(local);
  if (bytes === 0) return;
  body.i32(bytes);
  body.scalar("i32", "add");
}
