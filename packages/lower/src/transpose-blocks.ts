// Rule: L vectors of L lanes, gathered from elements that lie a stride apart, whose first elements follow one another, cover a block of L rows of L
// elements. They become loads of its rows and a transposition in registers:
//
//     (X[b + u], X[b + u + s], …, X[b + u + (L − 1)·s]) for u in 0 .. L   →   r_v = X[ramp(b + v·s, 1, L)], shuffled by pairs in log₂ L rounds
//
// The elements read are the same. What an arm of an `IfThenElse` reads is left alone; nothing may write the buffer between the loads.
import type { Capabilities } from "@tilewright/backend";
import {
  type Buffer, bitsOf, build, type Expr, int, type Let, type Load, type PrimFunc, rewrite, type Shuffle, type Stmt, sequence, type Var, variable, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { fromSteps, type Step, stepsOf } from "./block.js";
import { plus } from "./index-arithmetic.js";
import { type LinearForm, linearFormOf, sumOf, type Term } from "./linear-form.js";

/** Registers are cut into parts of so many bytes, within which all processors interleave two of them by one instruction. */
const PART_BYTES = 16;

/** A gathered vector. */
interface Gather {
  readonly node: Shuffle;
  readonly buffer: Buffer;
  readonly stride: number;
  /** Of the index of the first lane. */
  readonly form: LinearForm;
}

/** A gather, and the step that it stands in. */
interface Site {
  readonly step: number;
  readonly node: Shuffle;
}

/** Gathers whose first lanes differ in a constant alone. */
interface Family {
  readonly buffer: Buffer;
  readonly lanes: number;
  readonly stride: number;
  readonly terms: readonly Term[];
  readonly sites: Map<number, Site[]>;
}

export function transposeBlocks(body: Stmt, { vector }: Capabilities, mayAlias: PrimFunc["mayAlias"]): Stmt {
  const bytes = vector?.bytes ?? 0;
  const aliases = (buffer: Buffer): readonly Buffer[] => [
    buffer,
    ...mayAlias.flatMap((pair) => (pair.includes(buffer) ? pair : [])),
  ];
  const block = (stmt: Stmt): Stmt => {
    const steps = stepsOf(stmt).map((step): Step => {
      if (step.kind === "Let" || step.kind === "Register") return step;
      if (step.kind === "If")
        return { ...step, then: block(step.then), otherwise: step.otherwise && block(step.otherwise) };
      return "body" in step ? { ...step, body: block(step.body) } : step;
    });
    const found = familiesIn(steps, bytes, aliases).flatMap(blocksOf);
    return found.length === 0 ? fromSteps(steps) : fromSteps(withTranspositions(steps, found));
  };
  return block(body);
}

function familiesIn(
  steps: readonly Step[],
  bytes: number,
  aliases: (buffer: Buffer) => readonly Buffer[],
): readonly Family[] {
  const closed: Family[] = [];
  let open = new Map<string, Family>();
  const numbers = new Map<unknown, number>();
  const numberOf = (value: unknown): number => {
    const known = numbers.get(value) ?? numbers.size;
    numbers.set(value, known);
    return known;
  };
  const close = (buffers?: readonly Buffer[]): void => {
    const kept = new Map<string, Family>();
    for (const [key, family] of open) {
      if (buffers === undefined || buffers.includes(family.buffer)) closed.push(family);
      else kept.set(key, family);
    }
    open = kept;
  };
  for (const [at, step] of steps.entries()) {
    if (step.kind !== "Store" && step.kind !== "Let") {
      close();
      continue;
    }
    for (const { node, buffer, stride, form } of gathersIn(step.value, bytes)) {
      const { constant, terms } = form;
      const sum = terms.map(({ atom, coefficient }) => `${numberOf(atom)}:${coefficient}`).sort();
      const key = [numberOf(buffer), node.lanes, stride, ...sum].join();
      const family = open.get(key) ?? { buffer, lanes: node.lanes, stride, terms, sites: new Map() };
      open.set(key, family);
      family.sites.set(constant, [...(family.sites.get(constant) ?? []), { step: at, node }]);
    }
    if (step.kind === "Store") close(aliases(step.buffer));
  }
  close();
  return closed;
}

/** Full vectors, gathered at a constant stride, that `value` evaluates in any case. */
function gathersIn(value: Expr, bytes: number): readonly Gather[] {
  const gathers: Gather[] = [];
  visit(value, {
    enter: (node) => {
      if (node.kind === "IfThenElse") return false;
      if (node.kind !== "Shuffle") return true;
      const gather = node.lanes * (bitsOf(node.dtype) / 8) === bytes ? gatherOf(node) : null;
      if (gather !== null) gathers.push(gather);
      return gather === null;
    },
  });
  return gathers;
}

function gatherOf(node: Shuffle): Gather | null {
  const { vectors, picks, dtype } = node;
  const [first] = vectors;
  if (first?.kind !== "Load" || dtype === "bool" || picks.some((pick, lane) => pick !== lane)) return null;
  const forms: LinearForm[] = [];
  for (const each of vectors) {
    const [index] = each.kind === "Load" && each.lanes === 1 && each.predicate === null ? each.indices : [];
    if (index === undefined || (each as Load).buffer !== first.buffer || first.indices.length !== 1) return null;
    forms.push(linearFormOf(index));
  }
  const [form, second] = forms as [LinearForm, LinearForm];
  const stride = second.constant - form.constant;
  const isEven = forms.every(
    ({ constant, terms }, lane) => constant === form.constant + lane * stride && sameTerms(terms, form.terms),
  );
  return isEven && stride > 1 ? { node, buffer: first.buffer, stride, form } : null;
}

function sameTerms(a: readonly Term[], b: readonly Term[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ atom, coefficient }) => b.some((other) => other.atom === atom && other.coefficient === coefficient))
  );
}

interface Block {
  readonly family: Family;
  readonly first: number;
  /** Of column u: what it replaces. */
  readonly columns: readonly (readonly Site[])[];
}

/** The whole blocks of a family, from the smallest base on. */
function blocksOf(family: Family): readonly Block[] {
  const { lanes, sites } = family;
  const starts = [...sites.keys()].sort((a, b) => a - b);
  const blocks: Block[] = [];
  for (let at = 0; at + lanes <= starts.length; ) {
    const first = starts[at] as number;
    const isWhole = starts[at + lanes - 1] === first + lanes - 1;
    if (isWhole)
      blocks.push({ family, first, columns: starts.slice(at, at + lanes).map((each) => sites.get(each) ?? []) });
    at += isWhole ? lanes : 1;
  }
  return blocks;
}

function withTranspositions(steps: readonly Step[], blocks: readonly Block[]): readonly Step[] {
  const before = new Map<number, Step[]>();
  const replaced = new Map<number, Map<Shuffle, Var>>();
  for (const { family, first, columns } of blocks) {
    const lets: Step[] = [];
    const bound = transposed(family, first, (name, value) => {
      const made = variable(name, value.dtype, value.lanes);
      const binder: Let = { kind: "Let", span: value.span, variable: made, value, body: sequence([]) };
      lets.push(binder);
      return made;
    });
    const earliest = Math.min(...columns.flat().map(({ step }) => step));
    before.set(earliest, [...(before.get(earliest) ?? []), ...lets]);
    columns.forEach((sites, u) => {
      for (const { step, node } of sites) {
        const columnsOf = replaced.get(step) ?? new Map<Shuffle, Var>();
        replaced.set(step, columnsOf.set(node, bound[u] as Var));
      }
    });
  }
  return steps.flatMap((step, at) => {
    const columnsOf = replaced.get(at);
    const made = columnsOf === undefined ? step : rewrite<Stmt>(step, { Shuffle: (node) => columnsOf.get(node) });
    return [...(before.get(at) ?? []), made];
  });
}

/** The columns of the block: its rows, transposed. */
function transposed(
  { buffer, lanes, stride, terms }: Family,
  first: number,
  bind: (name: string, value: Expr) => Var,
): readonly Var[] {
  const row = (v: number): Expr => build.ramp(plus(sumOf(terms), int(first + v * stride)), int(1), lanes);
  let rows = Array.from({ length: lanes }, (_, v) => bind("row", build.load(buffer, [row(v)])));
  const part = Math.min(lanes, PART_BYTES / (bitsOf(buffer.dtype) / 8));
  const pair = (a: number, b: number, picks: (lane: number) => number): Var =>
    bind(
      "mixed",
      build.shuffle(
        [rows[a] as Var, rows[b] as Var],
        Array.from({ length: lanes }, (_, l) => picks(l)),
      ),
    );
  // Parts change places across the diagonal: a takes the even one of each two of b, b the odd one of a.
  for (let distance = lanes / 2; distance >= part; distance /= 2)
    rows = rows.map((_, i) =>
      (i & distance) === 0
        ? pair(i, i | distance, (l) => ((l & distance) === 0 ? l : lanes + (l ^ distance)))
        : pair(i ^ distance, i, (l) => ((l & distance) === 0 ? l | distance : lanes + l)),
    );
  // Within the parts: rows i and i + part / 2 are interleaved, their lower halves for 2i, their upper ones for 2i + 1.
  for (let round = 1; round < part; round *= 2)
    rows = rows.map((_, at) => {
      const [group, i] = [at - (at % part), at % part];
      const a = group + Math.floor(i / 2);
      const half = (i % 2) * (part / 2);
      return pair(a, a + part / 2, (l) => l - (l % part) + half + Math.floor((l % part) / 2) + (l % 2) * lanes);
    });
  return rows;
}
