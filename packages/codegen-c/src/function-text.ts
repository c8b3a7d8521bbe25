import { intrinsicOf } from "@tilewright/backend";
import { type Buffer, type PrimFunc, typeName, type Var } from "@tilewright/ir";
import type { FunctionFacts } from "./function-facts.js";
import { type CTemplate, templateBody } from "./intrinsic-template.js";
import { pointee } from "./memory.js";
import { names } from "./names.js";
import type { Helpers } from "./short-types.js";
import { type FunctionScope, StatementWriter, slotField, stringLiteral } from "./statement.js";
import { typeOf } from "./types.js";
import { atom } from "./value.js";
import type { WorkspacePlan } from "./workspace.js";
import { createWriter } from "./writer.js";

/** A function with all that was decided about it. */
export interface PlannedFunction {
  readonly func: PrimFunc;
  readonly symbol: string;
  readonly facts: FunctionFacts;
  readonly plan: WorkspacePlan;
}

/** What the functions of a module share. */
export interface ModuleContext {
  readonly helpers: Helpers;
  readonly functions: ReadonlyMap<string, PlannedFunction>;
  readonly symbols: ReadonlySet<string>;
  /** Messages of assertions, with their numbers. */
  readonly messages: Map<string, number>;
  /** What is written for intrinsics, by name. */
  readonly templates: ReadonlyMap<string, CTemplate>;
}

/** The functions that callers of the module see. */
export const isExported = ({ func }: PlannedFunction): boolean =>
  func.role !== "parallel" && intrinsicOf(func) === null;

/** A context without messages yet. */
export function moduleContext(
  planned: readonly PlannedFunction[],
  helpers: Helpers,
  templates: ReadonlyMap<string, CTemplate>,
): ModuleContext {
  const functions = new Map(planned.map((one) => [one.func.name, one]));
  return { helpers, functions, symbols: new Set(planned.map(({ symbol }) => symbol)), messages: new Map(), templates };
}

/** `restrict` on a buffer that overlaps no other; `const` on one that is only read. */
function pointerText(func: PrimFunc, facts: FunctionFacts, buffer: Buffer): string {
  const aliased = func.mayAlias.some((pair) => pair.includes(buffer));
  const access = facts.access.get(buffer) ?? "read";
  return `${access === "read" ? "const " : ""}${pointee(buffer)} *${aliased ? "" : "restrict "}`;
}

function parameterType(func: PrimFunc, facts: FunctionFacts, parameter: Buffer | Var): string {
  if (parameter.kind === "Var") return `${typeOf(parameter.dtype).value} `;
  return pointerText(func, facts, parameter);
}

const BODY_PARAMETERS = "int32_t begin, int32_t end, const void *closure, void *workspace";

/** `void name(parameters)`. `withExport`: with the marks that compilers want, for the file itself. */
export function prototype(
  { func, symbol, facts }: PlannedFunction,
  symbols: ReadonlySet<string>,
  withExport: boolean,
): string {
  if (func.role === "parallel") return `static void ${symbol}(${BODY_PARAMETERS})`;
  const taken = names(symbols);
  const parameters = func.parameters.map(
    (parameter) => parameterType(func, facts, parameter) + taken.take(parameter.name),
  );
  const exported = withExport ? `TILEWRIGHT_EXPORT(${stringLiteral(func.name)}) ` : "";
  const mark = intrinsicOf(func) === null ? exported : "static inline ";
  return `${mark}void ${symbol}(${[...parameters, "void *workspace"].join(", ")})`;
}

/** A function's comment: what tools noted of it, its parameters, its scratch memory. */
export function commentLines({ func, facts, plan }: PlannedFunction): readonly string[] {
  const safe = (text: string): string => text.replace(/\*\//g, "* /").replace(/[^\x20-\x7e]/g, "?");
  const notes = Object.entries(func.attributes).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const parameters = func.parameters.map((parameter) => {
    if (parameter.kind === "Var") return `${parameter.name}: ${typeName(parameter)}`;
    const shape = parameter.shape.map((extent) => (extent.kind === "Const" ? String(extent.value) : "?")).join(", ");
    return `${parameter.name}: ${parameter.dtype}[${shape}], ${facts.access.get(parameter) ?? "unused"}`;
  });
  const lines = [...notes.map(([key, text]) => `${key}: ${text}`), ...parameters, `workspace: ${plan.bytes} bytes`];
  const title = func.role === "parallel" ? `${func.name}: iterations begin .. end of a parallel loop` : func.name;
  return ["/*", ...[title, ...lines].map((line) => ` * ${safe(line)}`), " */"];
}

/** The definition of a function. */
export function functionText(one: PlannedFunction, context: ModuleContext): string {
  const { func, facts, plan } = one;
  const { helpers, messages } = context;
  const writer = createWriter();
  const scope: FunctionScope = {
    helpers,
    writer,
    names: names(context.symbols),
    facts,
    plan,
    variables: new Map(),
    buffers: new Map(),
    callee(name) {
      const callee = context.functions.get(name) as PlannedFunction; // `verify` found it
      return { func: callee.func, symbol: callee.symbol, mayFail: callee.facts.mayFail };
    },
    messageIndex(message) {
      const index = messages.get(message) ?? messages.size;
      messages.set(message, index);
      return index;
    },
  };
  writer.line(`${prototype(one, context.symbols, false)} {`);
  writer.indented(() => {
    bindParameters(one, scope);
    writer.declare("workspace", "");
    const template = context.templates.get(intrinsicOf(func) ?? "");
    if (template === undefined) new StatementWriter(scope).write(func.body);
    else for (const line of templateBody(template, func, parameterNames(func, scope))) writer.line(line);
  });
  writer.line("}");
  return `${commentLines(one).join("\n")}\n${writer.text()}`;
}

function parameterNames({ parameters }: PrimFunc, { buffers }: FunctionScope): readonly string[] {
  return parameters.map((parameter) => (parameter.kind === "Buffer" ? buffers.get(parameter) : null) ?? parameter.name);
}

/** Gives the parameters their names, and in a parallel body their values from the closure. */
function bindParameters({ func, facts }: PlannedFunction, scope: FunctionScope): void {
  func.parameters.forEach((parameter, position) => {
    const name = scope.names.take(
      func.role === "parallel" && position < 2 ? (["begin", "end"][position] ?? "") : parameter.name,
    );
    if (parameter.kind === "Buffer") scope.buffers.set(parameter, name);
    else scope.variables.set(parameter, atom(name));
    if (func.role === "parallel" && position >= 2) {
      const slot = `((const tilewright_slot *)closure)[${position - 2}]`;
      const type = parameterType(func, facts, parameter);
      const value =
        parameter.kind === "Buffer" ? `(${pointee(parameter)} *)${slot}.pointer` : `${slot}.${slotField(parameter)}`;
      scope.writer.declare(
        name,
        parameter.kind === "Buffer" ? `${type}const ${name} = ${value};` : `const ${type}${name} = ${value};`,
      );
    }
    if (func.role !== "parallel" || position < 2) scope.writer.declare(name, "");
  });
  if (func.role === "parallel") scope.writer.declare("closure", "");
}
