import { type Buffer, bytesOf, isConst, type PrimFunc } from "@tilewright/ir";
import { argumentsText, bindParameters, originOf, parameterText } from "./arguments.js";
import { notLaunchForm, tooMuchMemory } from "./errors.js";
import { Expressions, type Scope } from "./expressions.js";
import { Facts } from "./facts.js";
import { bytesOfBuffer } from "./functions.js";
import { launchOf } from "./launch.js";
import { Lines } from "./lines.js";
import type { Context } from "./module.js";
import { createNames } from "./names.js";
import { type Site, Statements } from "./statements.js";
import { atom, infix } from "./text.js";
import { memoryType } from "./types.js";

/** Shared arrays are aligned so that every vector fits. */
const SHARED_ALIGNMENT = 16;
/** Bytes of an array that a thread may have for itself. */
export const MOST_LOCAL_BYTES = 65_536;

/** `__global__` text of a launch. */
export function kernelText(func: PrimFunc, context: Context): string {
  const { loops, blocks, threads, body } = launchOf(func);
  const { scope, parameters } = beginning(func, context);
  for (const loop of loops) {
    const name = scope.names.take(loop.loopVar.name);
    const coordinate = atom(loop.thread ?? "");
    const first = new Expressions(scope, loop.min).text(loop.min);
    const value = isConst(loop.min, 0) ? coordinate : infix("+", first, coordinate);
    scope.lines.add(`const int ${name} = ${value.text};`);
    scope.variables.set(loop.loopVar, name);
    scope.facts.bindLoop(loop.loopVar, loop.min);
  }
  new Statements(scope, siteOf(func, context)).write(body);
  const count = threads.reduce((product, extent) => product * extent, 1);
  const size = (of: readonly number[], what: string): string =>
    `${of.join(" x ").replace(/( x 1)+$/, "")} ${what}${of.every((extent) => extent === 1) ? "" : "s"}`;
  return [
    `/* ${originOf(func, context)}: ${size(blocks, "block")} of ${size(threads, "thread")}. */`,
    `extern "C" __global__ void __launch_bounds__(${Math.max(1, count)})`,
    `${context.symbols.kernels.get(func.name)}(${parameters}) {`,
    ...scope.lines.all(),
    "}",
  ].join("\n");
}

/** `__device__` text of a function that kernels call: one thread runs it. @throws CompileError BE203 when it wants more */
export function deviceFunctionText(func: PrimFunc, context: Context): string {
  const { loops, blocks, threads, body } = launchOf(func);
  if ([...blocks, ...threads].some((extent) => extent !== 1))
    throw notLaunchForm(func.name, "a launch in a kernel", func.span);
  const { scope, parameters } = beginning(func, context);
  for (const loop of loops) {
    scope.variables.set(loop.loopVar, new Expressions(scope, loop.min).scalar(loop.min));
    scope.facts.bind(loop.loopVar, loop.min);
  }
  new Statements(scope, siteOf(func, context)).write(body);
  return [
    `/* ${originOf(func, context)}. */`,
    `static __device__ void ${context.symbols.device.get(func.name)}(${parameters}) {`,
    ...scope.lines.all(),
    "}",
  ].join("\n");
}

function beginning(func: PrimFunc, context: Context): { readonly scope: Scope; readonly parameters: string } {
  const symbols = new Set(context.symbols.device.values());
  const scope: Scope = {
    lines: new Lines(),
    names: createNames(symbols),
    facts: new Facts(),
    variables: new Map(),
    buffers: new Map(),
  };
  const alignmentOf = (parameter: Buffer): number => context.alignments.get(parameter) ?? bytesOf(parameter.dtype);
  const names = bindParameters(func, scope, alignmentOf);
  const parameters = func.parameters.map((parameter, position) =>
    parameterText(func, parameter, names[position] ?? "", context),
  );
  return { scope, parameters: parameters.join(", ") };
}

function siteOf(func: PrimFunc, context: Context): Site {
  return {
    allocate({ buffer, span }, { lines, names, buffers }) {
      const name = names.take(buffer.name);
      const element = bytesOf(buffer.dtype);
      const bytes = bytesOfBuffer(buffer);
      const isShared = buffer.scope === "shared";
      if (!isShared && bytes > MOST_LOCAL_BYTES) throw tooMuchMemory(func.name, "local", bytes, MOST_LOCAL_BYTES, span);
      buffers.set(buffer, { name, alignment: isShared ? SHARED_ALIGNMENT : element });
      const qualifier = isShared ? `__shared__ __align__(${SHARED_ALIGNMENT}) ` : "";
      lines.add(`${qualifier}${memoryType(buffer.dtype)} ${name}[${Math.max(1, bytes / element)}];`);
    },
    call(stmt, scope) {
      const size = stmt.launch === null ? [] : [...stmt.launch.grid, ...stmt.launch.block];
      if (!size.every((extent) => isConst(extent, 1)))
        throw notLaunchForm(func.name, "a launch in a kernel", stmt.span);
      // A launch of one thread is a call.
      const args = argumentsText(stmt, scope, context);
      scope.lines.add(`${context.symbols.device.get(stmt.callee)}(${args.join(", ")});`);
      if (context.asserts) scope.lines.add("if (*(volatile int *)&tilewright_failed != 0) return;");
    },
    assertion(condition, message) {
      if (!context.messages.includes(message)) context.messages.push(message);
      return [`if (!(${condition})) TILEWRIGHT_FAIL(${context.messages.indexOf(message) + 1})`];
    },
    touch: () => undefined,
  };
}
