import { type Expr, isConst, type KernelCall, type PrimFunc } from "@tilewright/ir";
import { argumentsText, bindParameters, originOf, parameterText } from "./arguments.js";
import { hostTouchesMemory } from "./errors.js";
import { Expressions, type Scope } from "./expressions.js";
import { Facts } from "./facts.js";
import { Lines } from "./lines.js";
import type { Context } from "./module.js";
import { createNames } from "./names.js";
import { stringText } from "./runtime-text.js";
import { type Site, Statements } from "./statements.js";
import { memoryType } from "./types.js";

/** A function of the host: it follows the calling convention of @tilewright/artifact, with addresses of the device. */
export function hostText(func: PrimFunc, context: Context): string {
  const symbols = new Set(Object.values(context.symbols).flatMap((names) => [...names.values()]));
  const scope: Scope = {
    lines: new Lines(),
    names: createNames(symbols),
    facts: new Facts(),
    variables: new Map(),
    buffers: new Map(),
  };
  const names = bindParameters(func, scope, ({ alignment }) => alignment);
  const parameters = func.parameters.map((parameter, position) => {
    const name = names[position] ?? "";
    if (parameter.kind === "Buffer" || parameter.dtype !== "bool")
      return parameterText(func, parameter, name, context, false);
    scope.variables.set(parameter, `(${name} != 0)`);
    return `int ${name}`;
  });
  new Statements(scope, siteOf(func, context)).write(func.body);
  return [
    `/* ${originOf(func, context)}. */`,
    `extern "C" void ${context.symbols.host.get(func.name)}(${[...parameters, "void *workspace"].join(", ")}) {`,
    ...scope.lines.all(),
    "}",
  ].join("\n");
}

function siteOf(func: PrimFunc, context: Context): Site {
  const plan = context.workspaces.get(func.name);
  const at = (offset: number): string => (offset === 0 ? "workspace" : `(char *)workspace + ${offset}`);
  return {
    allocate({ buffer }, { lines, names, buffers }) {
      const name = names.take(buffer.name);
      const type = memoryType(buffer.dtype);
      buffers.set(buffer, { name, alignment: 64 });
      lines.add(`${type} *const ${name} = (${type} *)(${at(plan?.offsets.get(buffer) ?? 0)});`);
    },
    call(stmt, scope) {
      if (stmt.launch !== null) return void launch(stmt, stmt.launch, scope, context);
      const args = [...argumentsText(stmt, scope, context), at(plan?.calls.get(stmt) ?? 0)];
      scope.lines.add(`${context.symbols.host.get(stmt.callee)}(${args.join(", ")});`);
    },
    assertion: (condition, message) => [
      `if (!(${condition})) {`,
      `  if (tilewright_failure == 0) tilewright_failure = ${stringText(message)};`,
      "  return;",
      "}",
    ],
    touch(stmt) {
      if (stmt.kind === "Store" || stmt.kind === "Atomic" || stmt.kind === "Barrier")
        throw hostTouchesMemory(`\`${stmt.kind}\``, stmt.span);
    },
  };
}

function launch(
  stmt: KernelCall,
  { grid, block }: NonNullable<KernelCall["launch"]>,
  scope: Scope,
  context: Context,
): void {
  const { lines } = scope;
  const extents = [...grid, ...block];
  if (extents.some((extent) => isConst(extent, 0))) return void lines.add(`/* ${stmt.callee}: no threads. */`);
  const expressions = new Expressions(scope, ...extents);
  const size = (of: readonly Expr[]): string =>
    `dim3(${[...of]
      .reverse()
      .map((extent) => expressions.scalar(extent))
      .join(", ")})`;
  const symbol = context.symbols.kernels.get(stmt.callee) ?? stmt.callee;
  const line = `TILEWRIGHT_LAUNCH(${[symbol, size(grid), size(block), ...argumentsText(stmt, scope, context)].join(", ")});`;
  const open = extents.filter((extent) => !isConst(extent)).map((extent) => `${expressions.scalar(extent)} > 0`);
  lines.add(open.length === 0 ? line : `if (${open.join(" && ")}) ${line}`);
  if (context.asserts) lines.add("if (tilewright_stopped()) return;");
}
