import { invariant } from "@tilewright/diagnostics";
import type { Buffer, Expr, PrimFunc, Var } from "@tilewright/ir";
import { FunctionBody, type Local } from "./function-body.js";
import type { EncodedFunction } from "./module-encoder.js";
import type { ValueType } from "./opcodes.js";

export interface EmitOptions {
  readonly simd: boolean;
  readonly relaxed: boolean;
  readonly registers: 16 | 32;
  readonly shared: boolean;
}

/** A function of ours that compiled code calls, emitted once a module and only when used. */
export interface Helper {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType;
  readonly build: (body: FunctionBody, module: ModuleContext) => void;
}

/** What the functions of a module share while they are emitted. */
export class ModuleContext {
  readonly options: EmitOptions;
  readonly functions: ReadonlyMap<string, { readonly func: PrimFunc; readonly index: number }>;
  readonly #asserts = new Map<string, number>();
  /** Function indices of the hooks; null where the module imports none. */
  readonly hooks: { readonly parallel: number | null; readonly assertFailed: number | null };
  readonly #helpers = new Map<string, { readonly index: number; encoded: EncodedFunction | null }>();
  readonly #table = new Map<string, number>();
  readonly #firstHelper: number;

  constructor(
    options: EmitOptions,
    functions: readonly PrimFunc[],
    hooks: ModuleContext["hooks"],
    importCount: number,
  ) {
    this.options = options;
    this.hooks = hooks;
    this.functions = new Map(functions.map((func, position) => [func.name, { func, index: importCount + position }]));
    this.#firstHelper = importCount + functions.length;
  }

  helper(helper: Helper): number {
    const known = this.#helpers.get(helper.name);
    if (known !== undefined) return known.index;
    const entry: { readonly index: number; encoded: EncodedFunction | null } = {
      index: this.#firstHelper + this.#helpers.size,
      encoded: null,
    };
    this.#helpers.set(helper.name, entry);
    const body = new FunctionBody(helper.parameters.map((type, position) => ({ name: `x${position}`, type })));
    helper.build(body, this);
    const signature = { parameters: helper.parameters, results: [helper.result] };
    entry.encoded = {
      name: `tilewright.${helper.name}`,
      signature,
      code: body.finish(),
      exported: false,
      localNames: body.localNames,
    };
    return entry.index;
  }

  /** Code of the helpers, in order of their indices. */
  helperFunctions(): readonly EncodedFunction[] {
    return [...this.#helpers.values()].flatMap(({ encoded }) => (encoded === null ? [] : [encoded]));
  }

  /** Place of a function in the exported table. */
  tableSlot(name: string): number {
    return numberOf(this.#table, name);
  }

  get table(): readonly string[] {
    return [...this.#table.keys()];
  }

  /** Number of an assertion's message; equal messages share one. */
  assertion(message: string): number {
    return numberOf(this.#asserts, message);
  }

  /** By number. */
  get assertMessages(): readonly string[] {
    return [...this.#asserts.keys()];
  }
}

/** The number of an entry, the next one for a new entry. */
function numberOf(numbers: Map<string, number>, entry: string): number {
  const known = numbers.get(entry);
  if (known !== undefined) return known;
  numbers.set(entry, numbers.size);
  return numbers.size - 1;
}

/** Where a buffer begins: the address in a local plus constant bytes. */
export interface Place {
  readonly base: Local;
  readonly offset: number;
}

/** What one function's code is written with. `expression` pushes the value of an expression. */
export interface FunctionContext {
  readonly body: FunctionBody;
  readonly module: ModuleContext;
  readonly variables: Map<Var, Local>;
  readonly places: Map<Buffer, Place>;
  /** Index variables that are known never to be negative. */
  readonly nonNegative: Set<Var>;
  readonly expression: (expr: Expr) => void;
}

export function localOf(context: FunctionContext, variable: Var): Local {
  const local = context.variables.get(variable);
  invariant(local !== undefined, `nothing binds \`${variable.name}\``);
  return local;
}

export function placeOf(context: FunctionContext, buffer: Buffer): Place {
  const place = context.places.get(buffer);
  invariant(place !== undefined, `nothing binds \`${buffer.name}\``);
  return place;
}

/** A temporary local while `use` runs. */
export function withLocal<T>({ body }: FunctionContext, type: ValueType, use: (local: Local) => T): T {
  const local = body.local(type, "t");
  const result = use(local);
  body.release(local);
  return result;
}
