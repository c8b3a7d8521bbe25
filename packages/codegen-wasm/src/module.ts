/** A whole module: functions to code, imports and tables as `abi.ts` of the artifact prescribes. */
import {
  ASSERT_IMPORT,
  ASSERT_SECTION,
  IMPORT_MODULE,
  MEMORY_IMPORT,
  PARALLEL_IMPORT,
  TABLE_EXPORT,
} from "@tilewright/artifact";
import { type CompiledModule, functionEntries, intrinsicOf } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import { type Buffer, type IRModule, type PrimFunc, type Var, visit } from "@tilewright/ir";
import { loadClosure } from "./calls.js";
import { type EmitOptions, type FunctionContext, ModuleContext } from "./context.js";
import { functionTooLarge, recursiveCall, reservedName } from "./errors.js";
import { emitExpression } from "./expression.js";
import { FunctionBody } from "./function-body.js";
import { type EncodedFunction, encodeModule, type FunctionImport } from "./module-encoder.js";
import { nonNegativeVariables } from "./non-negative.js";
import type { ValueType } from "./opcodes.js";
import { scalarType } from "./representation.js";
import { emitStatement, type StatementContext } from "./statement.js";
import { totalWorkspaceBytes, Workspace, type WorkspaceUse } from "./workspace.js";

/** Limits of the engines: the WebAssembly JavaScript interface, "implementation-defined limits". */
const MAX_LOCALS = 50_000;
const MAX_CODE_BYTES = 7_654_321;

/**
 * Device-level loop IR, within the capabilities of the backend, as WebAssembly.
 * @throws CompileError `BE206`, `BE207` more than engines take · `BE203`, `BE208`, `BE212`
 */
export function compileModule(module: IRModule, options: EmitOptions): CompiledModule {
  checkNames(module);
  checkCalls(module);
  const imports = neededImports(module, options);
  const hook = (name: string): number | null => {
    const index = imports.findIndex((entry) => entry.name === name);
    return index < 0 ? null : index;
  };
  const hooks = { parallel: hook(PARALLEL_IMPORT), assertFailed: hook(ASSERT_IMPORT) };
  const context = new ModuleContext(options, module.functions, hooks, imports.length);
  const used = { simd: false, relaxed: false };
  const uses = new Map<string, WorkspaceUse>();
  const functions = module.functions.map((func) => {
    const { encoded, workspace, body } = emitFunction(func, context);
    uses.set(func.name, workspace.use);
    used.simd ||= body.usesSimd;
    used.relaxed ||= body.usesRelaxedSimd;
    return encoded;
  });
  const workspaceBytes = totalWorkspaceBytes(uses);
  const elements = context.table.map((name) => context.functions.get(name)?.index ?? 0);
  const asserts = new TextEncoder().encode(JSON.stringify(context.assertMessages));
  const bytes = encodeModule({
    name: "tilewright",
    importModule: IMPORT_MODULE,
    memory: { name: MEMORY_IMPORT, shared: options.shared },
    imports,
    functions: [...functions, ...context.helperFunctions()],
    table: elements.length === 0 ? null : { name: TABLE_EXPORT, elements },
    customSections: context.assertMessages.length === 0 ? [] : [{ name: ASSERT_SECTION, bytes: asserts }],
  });
  const features = [
    used.simd ? "simd" : "",
    used.relaxed ? "relaxed-simd" : "",
    used.simd && options.registers === 32 ? "registers-32" : "",
    options.shared ? "threads" : "",
  ].filter((name) => name !== "");
  const entries = functionEntries(module, ({ name }) => workspaceBytes.get(name) ?? 0);
  return { format: "wasm", bytes, features, functions: entries, files: new Map(), warnings: [] };
}

/** Called within the module alone. */
const isInternal = (func: PrimFunc): boolean => func.role === "parallel" || intrinsicOf(func) !== null;

function neededImports(module: IRModule, options: EmitOptions): readonly FunctionImport[] {
  let parallel = false;
  let assert = false;
  visit(module, {
    ParallelCall: () => {
      parallel = true;
    },
    Assert: () => {
      assert = true;
    },
  });
  const imports: FunctionImport[] = [];
  if (parallel && options.shared)
    imports.push({ name: PARALLEL_IMPORT, signature: { parameters: ["i32", "i32", "i32", "i32"], results: [] } });
  if (assert) imports.push({ name: ASSERT_IMPORT, signature: { parameters: ["i32"], results: [] } });
  return imports;
}

/** No function has the name of the table. */
function checkNames(module: IRModule): void {
  const reserved = module.functions.find(({ name }) => name === TABLE_EXPORT);
  if (reserved !== undefined) throw new CompileError(reservedName(reserved.name, reserved.span));
}

/** No function calls itself, not even through others: workspaces have a bound. */
function checkCalls(module: IRModule): void {
  const callees = new Map<string, { readonly func: PrimFunc; readonly called: ReadonlySet<string> }>();
  for (const func of module.functions) {
    const called = new Set<string>();
    visit(func.body, {
      KernelCall: ({ callee }) => void called.add(callee),
      ParallelCall: ({ callee }) => void called.add(callee),
    });
    callees.set(func.name, { func, called });
  }
  const done = new Set<string>();
  const active = new Set<string>();
  const walk = (name: string): void => {
    const entry = callees.get(name);
    if (entry === undefined || done.has(name)) return;
    if (active.has(name)) throw new CompileError(recursiveCall(name, entry.func.span));
    active.add(name);
    for (const callee of entry.called) walk(callee);
    active.delete(name);
    done.add(name);
  };
  for (const { name } of module.functions) walk(name);
}

interface Emitted {
  readonly encoded: EncodedFunction;
  readonly workspace: Workspace;
  readonly body: FunctionBody;
}

function emitFunction(func: PrimFunc, module: ModuleContext): Emitted {
  const parallel = func.role === "parallel";
  const declared = parallel ? func.parameters.slice(0, 2) : func.parameters;
  const names = declared.map((parameter) => ({ name: parameter.name, type: parameterType(parameter) }));
  const tail = parallel ? ["closure", "workspace"] : ["workspace"];
  const body = new FunctionBody([...names, ...tail.map((name) => ({ name, type: "i32" as const }))]);
  const context = functionContext(func, module, body);
  declared.forEach((parameter, position) => {
    if (parameter.kind === "Buffer") context.places.set(parameter, { base: body.parameter(position), offset: 0 });
    else context.variables.set(parameter, body.parameter(position));
  });
  if (parallel) loadClosure(context, func.parameters.slice(2), body.parameter(2));
  emitStatement(context, func.body);
  const code = body.finish();
  if (body.localCount > MAX_LOCALS)
    throw new CompileError(functionTooLarge(func.name, "locals", MAX_LOCALS, body.localCount, func.span));
  if (code.length > MAX_CODE_BYTES)
    throw new CompileError(functionTooLarge(func.name, "bytes of code", MAX_CODE_BYTES, code.length, func.span));
  const signature = { parameters: body.parameters, results: [] };
  return {
    encoded: { name: func.name, signature, code, exported: !isInternal(func), localNames: body.localNames },
    workspace: context.workspace,
    body,
  };
}

function functionContext(func: PrimFunc, module: ModuleContext, body: FunctionBody): StatementContext {
  const context: StatementContext = {
    body,
    module,
    variables: new Map(),
    places: new Map(),
    nonNegative: nonNegativeVariables(func),
    expression: (expr) => emitExpression(context as FunctionContext, expr),
    workspace: new Workspace(),
    workspaceBase: body.parameter(body.parameters.length - 1),
  };
  return context;
}

function parameterType(parameter: Buffer | Var): ValueType {
  return parameter.kind === "Buffer" ? "i32" : scalarType(parameter.dtype);
}
