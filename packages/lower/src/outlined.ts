// A statement taken out of a function: what it uses and does not bind becomes parameters of a function of its own.
import {
  type Buffer, type BufferRegion, buffer, build, type Expr, type FunctionRole, freeBuffers, freeVariables, int, type PrimFunc, type Stmt, substitute, type Var,
} from "@tilewright/ir"; // biome-ignore format: a list
import { elementsOf } from "./flatten.js";
import { plus, times } from "./index-arithmetic.js";
import { copyOfVariable, freshCopy, renameIn } from "./refresh-binders.js";

export interface Captured {
  readonly buffers: readonly Buffer[];
  readonly variables: readonly Var[];
}

/** What a statement uses and does not bind, but for `leading`: parameters of the function around it first, in their order. */
export function capturedBy(stmt: Stmt, { parameters }: PrimFunc, leading: readonly Var[] = []): Captured {
  const ordered = <T extends Buffer | Var>(free: readonly T[]): T[] => {
    const given = parameters.filter((parameter) => free.includes(parameter as T)) as T[];
    return [...given, ...free.filter((each) => !given.includes(each))];
  };
  const buffers = ordered(freeBuffers(stmt));
  const sizes = buffers.filter((used) => elementsOf(used) === undefined).flatMap((used) => freeVariables(sizeOf(used)));
  const variables = new Set([...freeVariables(stmt), ...sizes].filter((used) => !leading.includes(used)));
  return { buffers, variables: ordered([...variables]) };
}

export interface OutlinedOptions {
  readonly name: string;
  readonly role: FunctionRole;
  /** Parameters before those captured, which `stmt` uses as they are. */
  readonly leading?: readonly Var[];
  readonly attributes?: PrimFunc["attributes"];
}

/** The function whose body `stmt` is, with flat buffers of its own. */
export function outlined(stmt: Stmt, func: PrimFunc, captured: Captured, options: OutlinedOptions): PrimFunc {
  const variables = new Map(captured.variables.map((used) => [used, copyOfVariable(used)]));
  const buffers = new Map(captured.buffers.map((used) => [used, flatCopy(used, variables)]));
  const mayAlias = func.mayAlias.flatMap(([a, b]): [Buffer, Buffer][] => {
    const [left, right] = [buffers.get(a), buffers.get(b)];
    return left === undefined || right === undefined ? [] : [[left, right]];
  });
  return {
    kind: "PrimFunc",
    span: stmt.span,
    name: options.name,
    role: options.role,
    parameters: [...(options.leading ?? []), ...buffers.values(), ...variables.values()],
    mayAlias,
    body: freshCopy(renameIn(stmt, variables, buffers)),
    attributes: options.attributes ?? {},
  };
}

/** What a call of the function is given: all of each buffer, and the variables. */
export function argumentsFor({ buffers, variables }: Captured): readonly (Expr | BufferRegion)[] {
  return [...buffers.map((used) => build.region(used, [int(0)], [sizeOf(used)])), ...variables];
}

/** A name that no function of the module has; it is taken from now on. */
export function unusedName(base: string, names: Set<string>): string {
  let name = base;
  for (let count = 1; names.has(name); count++) name = `${base}${count}`;
  names.add(name);
  return name;
}

/** A parameter that holds all elements of `of`. */
function flatCopy(of: Buffer, variables: ReadonlyMap<Var, Var>): Buffer {
  const { name, dtype, scope, alignment, span } = of;
  return buffer(name, { dtype, shape: [substitute(sizeOf(of), variables)], scope, alignment }, span);
}

/** Elements from the first to the last. */
function sizeOf(of: Buffer): Expr {
  const known = elementsOf(of);
  if (known !== undefined) return int(known);
  const { shape, strides } = of;
  if (strides === null) return shape.reduce((count, extent) => times(count, extent));
  return shape.reduce<Expr>(
    (last, extent, at) => plus(last, times(plus(extent, int(-1)), strides[at] as Expr)),
    int(1),
  );
}
