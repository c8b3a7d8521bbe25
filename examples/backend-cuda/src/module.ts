import type { CompiledModule } from "@tilewright/backend";
import { type Buffer, type IRModule, type NodeKind, type PrimFunc, type Stmt, visit } from "@tilewright/ir";
import { deviceFunctionText, kernelText } from "./device.js";
import { Accesses, checkShared, entryOf } from "./functions.js";
import { hostText } from "./host.js";
import { createNames } from "./names.js";
import { preludeText } from "./prelude.js";
import { type Program, programOf } from "./program.js";
import { failureText, finderText, headText } from "./runtime-text.js";
import { type Workspace, workspaceOf } from "./workspace.js";

export const CUDA_SOURCE = "cuda-source";

/** What the functions of a module share while they are written. */
export interface Context {
  readonly program: Program;
  readonly functions: ReadonlyMap<string, PrimFunc>;
  /** What each is called in the text. A function of the module may have two texts: a kernel that another kernel calls too. */
  readonly symbols: { readonly [kind in keyof Program]: ReadonlyMap<string, string> };
  readonly accesses: Accesses;
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** Bytes that arguments of inner functions are aligned to, by parameter: the least of all calls that were written. */
  readonly alignments: Map<Buffer, number>;
  /** Messages of assertions in kernels; their numbers count from 1. */
  readonly messages: string[];
  readonly asserts: boolean;
}

/** A module as CUDA C++: kernels, and host functions that launch them. @throws CompileError `BE201` to `BE205` */
export function compileModule(module: IRModule, sharedBytes: number): CompiledModule {
  const program = programOf(module);
  const context = contextOf(program);
  for (const kernel of program.kernels) checkShared(kernel, sharedBytes);
  const host = program.host.map((func) => hostText(func, context)); // callers first: they tell what arguments are aligned to
  const kernels = program.kernels.map((func) => kernelText(func, context));
  const device = program.device.map((func) => deviceFunctionText(func, context));
  const code = [...device.reverse(), ...kernels, ...host.reverse()].join("\n\n");
  const { symbols, messages, asserts } = context;
  const parts = [
    headText(asserts),
    preludeText(code),
    failureText(messages, asserts),
    code,
    finderText(program.host.map(({ name }) => ({ name, symbol: symbols.host.get(name) ?? name }))),
  ];
  const { accesses, workspaces } = context;
  return {
    format: CUDA_SOURCE,
    bytes: new TextEncoder().encode(`${parts.filter((part) => part !== "").join("\n\n")}\n`),
    features: [],
    functions: module.functions.flatMap(({ name }) => {
      const func = program.host.find((each) => each.name === name);
      return func === undefined ? [] : [entryOf(func, accesses.of(func), workspaces.get(name)?.bytes ?? 0)];
    }),
    files: new Map(),
    warnings: [],
  };
}

function contextOf(program: Program): Context {
  const all = [...program.device, ...program.kernels, ...program.host];
  const functions = new Map(all.map((func) => [func.name, func]));
  const names = createNames();
  const named = (funcs: readonly PrimFunc[], ending: string): ReadonlyMap<string, string> =>
    new Map(funcs.map(({ name }) => [name, names.take(`${name}${ending}`)]));
  const workspaces = new Map<string, Workspace>();
  for (const func of [...program.host].reverse())
    workspaces.set(
      func.name,
      workspaceOf(func, (callee) => workspaces.get(callee)?.bytes ?? 0),
    );
  const asserts = [...program.device, ...program.kernels].some(({ body }) => contains(body, "Assert"));
  return {
    program,
    functions,
    symbols: {
      kernels: named(program.kernels, ""),
      device: named(program.device, "_device"),
      host: named(program.host, "_host"),
    },
    accesses: new Accesses({ functions: all }),
    workspaces,
    alignments: new Map(),
    messages: [],
    asserts,
  };
}

function contains(body: Stmt, kind: NodeKind): boolean {
  let found = false;
  visit(body, {
    enter: (node) => {
      found ||= node.kind === kind;
    },
  });
  return found;
}
