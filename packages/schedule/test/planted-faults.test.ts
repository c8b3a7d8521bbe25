import { isCompileError } from "@tilewright/diagnostics";
import type { Expr } from "@tilewright/ir";
import { afterEach, describe, expect, it, vi } from "vitest";

/**
 * The properties of this folder must find faults, not only pass without them: here one is put into bound inference, the relations or the
 * emission of loops at a time, and random schedules run until one computes something else.
 */
interface Fault {
  readonly name: string;
  readonly file: string;
  /** What the file exports instead; `original` calls what it exported. */
  spoil(original: (name: string, args: readonly never[]) => unknown): Record<string, unknown>;
}

const one = { kind: "Const", span: { file: "", line: 0, column: 0 }, dtype: "index", lanes: 1, value: 1 } as const;
const plusOne = (expr: Expr): Expr =>
  ({ kind: "Binary", span: one.span, dtype: "index", lanes: 1, op: "add", left: expr, right: one, fast: 0 }) as const;

type Region = { readonly min: Expr; readonly extent: number };
type Domain = { readonly regions: ReadonlyMap<unknown, Region>; readonly confined: boolean };
type Domains = { readonly byStage: ReadonlyMap<unknown, Domain> };

/** Bound inference with every domain of a stage that stands in a loop changed. */
const domainFault = (name: string, change: (domain: Domain) => Domain): Fault => ({
  name,
  file: "../src/infer-bounds.js",
  spoil: (original) => ({
    inferBounds: (...args: never[]) => {
      const domains = original("inferBounds", args) as Domains;
      return { ...domains, byStage: new Map([...domains.byStage].map(([stage, domain]) => [stage, change(domain)])) };
    },
  }),
});

const regionsWith = (domain: Domain, change: (region: Region) => Region): Domain => ({
  ...domain,
  regions: new Map([...domain.regions].map(([axis, region]) => [axis, change(region)])),
});

const faults: readonly Fault[] = [
  domainFault("regions one element short", (domain) =>
    regionsWith(domain, ({ min, extent }) => ({ min, extent: Math.max(1, extent - 1) })),
  ),
  domainFault("regions that begin one element late", (domain) =>
    regionsWith(domain, (region) => (region.min.kind === "Const" ? region : { ...region, min: plusOne(region.min) })),
  ),
  domainFault("stages that are never confined", (domain) => ({ ...domain, confined: false })),
  {
    name: "splits without guards",
    file: "../src/relations.js",
    spoil: () => ({ guardedSplits: () => [] }),
  },
  {
    name: "the last element of every loop forgotten",
    file: "../src/relations.js",
    spoil: (original) => ({
      extentsOf: (...args: never[]) => {
        const { extents, rooms } = original("extentsOf", args) as {
          extents: ReadonlyMap<unknown, number>;
          rooms: unknown;
        };
        return {
          extents: new Map([...extents].map(([axis, extent]) => [axis, extent > 3 ? extent - 1 : extent])),
          rooms,
        };
      },
    }),
  },
  {
    name: "reductions initialised inside their loops",
    file: "../src/check-places.js",
    spoil: () => ({ loopsOfInitial: (stage: { leaves: readonly unknown[] }) => stage.leaves.length - 1 }),
  },
  {
    name: "tuples of reductions taken apart",
    file: "../src/folds.js",
    spoil: () => ({ foldsOf: (bodies: readonly unknown[]) => [[...bodies.keys()].slice(0, 1)] }),
  },
];

/** Runs random schedules until one disagrees with what the expressions say; the number of runs, or null when none did. */
async function runsUntilCaught(limit: number): Promise<number | null> {
  const { Choices, randomSchedule } = await import("./random-trace.js");
  const { elements, inputFor, placeholdersOf, programs } = await import("./programs.js");
  const { evaluateTensors, interpret } = await import("@tilewright/interp");
  const { intrinsicsOf, toPrimFunc } = await import("@tilewright/schedule");
  let state = 1;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  for (let run = 1; run <= limit; run++) {
    const sizes = [2 + (next() % 9), 2 + (next() % 9), 2 + (next() % 9)];
    const outputs = (programs[run % programs.length] as (typeof programs)[number]).build((k) => sizes[k] ?? 2);
    try {
      const { schedule } = randomSchedule(outputs, new Choices(Array.from({ length: 24 }, next)));
      const memory = new Map(placeholdersOf(outputs).map((tensor) => [tensor.name, inputFor(tensor, run)] as const));
      const expected = evaluateTensors(outputs, new Map(memory));
      for (const tensor of outputs) memory.set(tensor.name, new Float32Array(elements(tensor.shape)).fill(Number.NaN));
      const intrinsics = Object.fromEntries(intrinsicsOf(schedule).map(({ name, semantics }) => [name, semantics]));
      interpret(toPrimFunc(schedule), memory as never, { seed: run, intrinsics });
      const same = outputs.every(({ name }, k) =>
        memory.get(name)?.every((value, i) => Object.is(value, expected[k]?.[i])),
      );
      if (!same) return run;
    } catch (error) {
      if (!isCompileError(error) || !error.code.startsWith("SCH")) return run;
    }
  }
  return null;
}

describe("a planted fault is found", () => {
  afterEach(() => {
    for (const file of new Set(faults.map((fault) => fault.file))) vi.doUnmock(file);
    vi.resetModules();
  });

  it.each(faults)("$name", async ({ file, spoil }) => {
    vi.resetModules();
    vi.doMock(file, async (importOriginal) => {
      const original = (await importOriginal()) as Record<string, (...args: never[]) => unknown>;
      return { ...original, ...spoil((name, args) => original[name]?.(...args)) };
    });
    expect(await runsUntilCaught(300)).not.toBeNull();
  });

  it("and without one nothing is", async () => {
    vi.resetModules();
    expect(await runsUntilCaught(300)).toBeNull();
  });
});
