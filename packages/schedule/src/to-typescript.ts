import { CompileError, callSite } from "@tilewright/diagnostics";
import type { Trace, TraceRecord } from "@tilewright/ir";
import { Arguments } from "./arguments.js";
import { badRecord } from "./errors.js";
import { CALLS, type Call, type Names } from "./typescript-calls.js";
import { commas, literal, type Piece, type Variable, variableName } from "./typescript-text.js";

export interface TypeScriptOptions {
  /** Expressions for tensors by the names of their stages; a stage without one is named by a string. */
  readonly tensors?: { readonly [stage: string]: string };
  /** Expressions for intrinsics by their names; the name as an identifier unless told. */
  readonly intrinsics?: { readonly [name: string]: string };
  /** What is given to `createSchedule`; `outputs` unless told. */
  readonly outputs?: string;
}

/** Where the printed program takes the primitives from. */
const PACKAGE = "@tilewright/schedule";

/**
 * A trace as TypeScript that makes the same schedule: imports, then a call for each record. Axes, tensors and sampled values that later
 * calls use are held in variables named after them. The text is JavaScript too.
 *
 * @returns statements that declare the schedule as `s`; the expressions of the options must be in scope
 * @throws CompileError SCH120 a record that is no call of a primitive
 */
export function toTypeScript(trace: Trace, options: TypeScriptOptions = {}): string {
  const span = callSite(toTypeScript);
  const records: unknown = trace?.records;
  if (trace?.version !== 1 || !Array.isArray(records))
    throw new CompileError(badRecord(0, "trace", "it is no trace of version 1", span));
  const scope = new Scope(options ?? {});
  const lines = (records as readonly TraceRecord[]).map((record, step) => {
    const fail = (why: string): never => {
      throw new CompileError(badRecord(step, String(record?.primitive), why, span));
    };
    return scope.line(record, fail);
  });
  const imports = [
    ...new Set(["createSchedule", ...(records as readonly TraceRecord[]).map((each) => each.primitive)]),
  ];
  const text = [
    `import { ${imports.sort().join(", ")} } from ${JSON.stringify(PACKAGE)};`,
    "",
    `const s = createSchedule(${options?.outputs ?? "outputs"});`,
    ...lines.map(({ results, form, call }) => {
      const names = results.map((variable) => scope.name(variable));
      while (names.at(-1) === "") names.pop();
      const pattern = form === "list" ? `[${names.join(", ")}]` : names[0];
      const declared = names.length === 0 ? "" : `const ${pattern} = `;
      return `${declared}${call.map((piece) => (typeof piece === "string" ? piece : piece.name)).join("")};`;
    }),
  ];
  return `${text.join("\n")}\n`;
}

interface Line {
  readonly results: readonly Variable[];
  readonly form: "one" | "list";
  readonly call: readonly Piece[];
}

/** The variables that hold what calls have returned. */
class Scope implements Names {
  private readonly options: TypeScriptOptions;
  private readonly taken: Set<string>;
  private readonly tensors = new Map<string, Variable>();
  private readonly axes = new Map<string, Map<string, Variable>>();
  private readonly samples = new Map<string, readonly Variable[]>();

  constructor(options: TypeScriptOptions) {
    this.options = options;
    const inScope = [
      options.outputs ?? "outputs",
      ...Object.values(options.tensors ?? {}),
      ...Object.values(options.intrinsics ?? {}),
    ];
    const words = inScope.flatMap((expression) => String(expression).match(/[\w$]+/g) ?? []);
    this.taken = new Set(["s", "createSchedule", ...Object.keys(CALLS), ...words]);
  }

  line(record: TraceRecord, fail: (why: string) => never): Line {
    const { primitive, stage, results } = record ?? {};
    const row = Object.hasOwn(CALLS, String(primitive)) ? CALLS[primitive] : undefined;
    if (row === undefined) return fail("there is no such primitive");
    if (typeof stage !== "string" || !Array.isArray(results) || !results.every((name) => typeof name === "string"))
      return fail("it names no stage, or no results");
    const args = new Arguments(record, fail);
    const call = row(record, args, this);
    const tensor = call.tensor ?? this.tensor(stage);
    const pieces = [`${primitive}(`, ...commas([["s"], tensor, ...call.args]), ")"];
    if (call.renewsLoops === true) this.axes.delete(stage);
    return { results: this.declare(record, call, args), form: call.results?.form ?? "one", call: pieces };
  }

  /** The name of a variable that is used; none for another. */
  name(variable: Variable): string {
    if (!variable.used) return "";
    variable.name = variableName(variable.holds, this.taken);
    this.taken.add(variable.name);
    return variable.name;
  }

  /** Variables for what a record made. */
  private declare({ stage, results }: TraceRecord, { results: made }: Call, args: Arguments): readonly Variable[] {
    if (made === undefined) return [];
    const own =
      made.of === "sample" && made.form === "list" ? args.list("decision").map(() => results[0] ?? "") : results;
    const variables = own.map((holds): Variable => ({ holds, used: false, name: "" }));
    if (made.of === "sample") this.samples.set(results[0] ?? "", variables);
    variables.forEach((variable, position) => {
      const name = own[position] ?? "";
      if (made.of === "tensor") this.tensors.set(name, variable);
      if (made.of === "axis") this.axes.set(stage, (this.axes.get(stage) ?? new Map()).set(name, variable));
    });
    return variables;
  }

  tensor(stage: string): readonly Piece[] {
    const { tensors = {} } = this.options;
    const given = Object.hasOwn(tensors, stage) ? tensors[stage] : undefined;
    return given === undefined ? this.use(this.tensors.get(stage), stage) : [given];
  }

  axis(stage: string, name: string): readonly Piece[] {
    return this.use(this.axes.get(stage)?.get(name), name);
  }

  size(value: Parameters<Names["size"]>[0]): readonly Piece[] | undefined {
    if (value === undefined) return undefined;
    const { sample, index } = (typeof value === "object" && value !== null ? value : {}) as {
      readonly [name: string]: unknown;
    };
    const variable = this.samples.get(String(sample))?.[Number(index)];
    return variable === undefined ? [literal(value)] : this.use(variable, "");
  }

  intrinsic(name: string): readonly Piece[] {
    const { intrinsics = {} } = this.options;
    return [(Object.hasOwn(intrinsics, name) ? intrinsics[name] : undefined) ?? variableName(name, new Set())];
  }

  private use(variable: Variable | undefined, name: string): readonly Piece[] {
    if (variable === undefined) return [JSON.stringify(name)];
    variable.used = true;
    return [variable];
  }
}
