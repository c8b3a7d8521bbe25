import { type Compute, type Expr, type Operation, type Read, type Tensor, type Var, visit } from "@tilewright/ir";

/**
 * How a tensor is read: at the very index that is computed, at some of its axes in order, or anywhere; folded over, or folded over in the
 * manner of a matrix product, where each element is used many times.
 */
export type AccessKind = "elementwise" | "broadcast" | "injective" | "reduction";

/** What an operator does, seen from its expressions. `anchor`: a sum of products with reuse of both factors, as convolution has. */
export type StructureKind = AccessKind | "anchor" | "opaque";

export interface Structure {
  readonly kind: StructureKind;
  /** Of each input, in order. */
  readonly accesses: readonly AccessKind[];
  /** How often an element of each input is read for its output, folds apart: more than once makes an inlined producer run again. */
  readonly reads: readonly number[];
  /** Few arithmetic operations and no math function: cheaper to compute again than to load. */
  readonly cheap: boolean;
  /** Rows, where each one is computed from the same row of what has rows: the extent of the first axis. Null where it is not so, rows are few, or large. */
  readonly rows: number | null;
}

const ORDER: readonly AccessKind[] = ["elementwise", "broadcast", "injective", "reduction"];
const MATH: ReadonlySet<string> = new Set(["sqrt", "exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "div", "pow"]);
const CHEAP_OPERATIONS = 8;
/** Rows, at least: threads share them. */
const LEAST_ROWS = 8;
/** Elements of a row, at most: it stays in a thread's own cache. */
const ROW_ELEMENTS = 16_384;

/** Derives the structure of `outputs` as expressions over `inputs`, which are placeholders. */
export function structureOf(outputs: readonly Tensor[], inputs: readonly Tensor[]): Structure {
  const accesses: AccessKind[] = inputs.map(() => "elementwise");
  const reads = inputs.map(() => 0);
  const rows = new Set<number | null>();
  let [opaque, folds, anchor, count, math] = [outputs.length !== 1, false, false, 0, false];
  for (const operation of operationsOf(outputs)) {
    if (operation.kind === "Placeholder") continue;
    if (operation.kind !== "Compute") {
      opaque = true;
      rows.add(null);
      continue;
    }
    const facts = factsOf(operation);
    rows.add(rowsOf(operation, facts.reads));
    folds ||= facts.folds;
    anchor ||= isSumOfProducts(operation);
    count += facts.operations;
    math ||= facts.math;
    const direct = outputs.some((output) => output.operation === operation);
    for (const read of facts.reads) {
      const position = inputs.indexOf(read.tensor);
      if (position < 0) continue;
      const kind = facts.folds ? "reduction" : direct ? accessOf(read, operation) : "injective";
      accesses[position] = wider(accesses[position] ?? kind, kind);
      reads[position] = (reads[position] ?? 0) + 1;
    }
  }
  const light = accesses.reduce(wider, "elementwise");
  const kind: StructureKind = opaque ? "opaque" : anchor ? "anchor" : folds ? "reduction" : light;
  const cheap = !math && !folds && count <= CHEAP_OPERATIONS;
  const [agreed = null] = rows;
  return { kind, accesses, reads, cheap, rows: rows.size === 1 ? agreed : null };
}

function rowsOf({ axes }: Compute, reads: readonly Read[]): number | null {
  const [first, ...others] = axes;
  if (first?.extent.kind !== "Const") return null;
  const rows = Number(first.extent.value);
  const elements = others.reduce((product, { extent }) => product * (extent.kind === "Const" ? Number(extent.value) : Number.NaN), 1); // biome-ignore format: one product
  const isLocal = reads.every(({ tensor, indices }) => {
    if (indices[0] === first.variable && extentOf(tensor, 0) === rows) return true;
    const used = new Set<Var>();
    for (const index of indices) visit(index, { Var: (each) => void used.add(each) });
    return !used.has(first.variable);
  });
  return isLocal && rows >= LEAST_ROWS && elements <= ROW_ELEMENTS ? rows : null;
}

function wider(a: AccessKind, b: AccessKind): AccessKind {
  return ORDER.indexOf(a) < ORDER.indexOf(b) ? b : a;
}

/** Every operation that the tensors depend on. */
export function operationsOf(outputs: readonly Tensor[]): readonly Operation[] {
  const seen = new Set<Operation>();
  const stack = [...outputs];
  for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
    const { operation } = tensor;
    if (seen.has(operation)) continue;
    seen.add(operation);
    if (operation.kind === "Compute") stack.push(...readsOf(operation).map((read) => read.tensor));
    if (operation.kind === "Extern") stack.push(...operation.inputs);
    if (operation.kind === "Scan") stack.push(...operation.initial, ...operation.update);
  }
  return [...seen];
}

function readsOf({ bodies }: Compute): readonly Read[] {
  const reads: Read[] = [];
  for (const body of bodies) visit(body, { Read: (read) => void reads.push(read) });
  return reads;
}

function factsOf(operation: Compute): { reads: readonly Read[]; folds: boolean; operations: number; math: boolean } {
  const reads: Read[] = [];
  let [folds, operations, math] = [false, 0, false];
  for (const body of operation.bodies) {
    visit(body, {
      Read: (read) => void reads.push(read),
      Reduce: () => {
        folds = true;
      },
      Unary: ({ op, dtype }) => {
        if (dtype !== "index") operations++;
        math ||= MATH.has(op);
      },
      Binary: ({ op, dtype }) => {
        if (dtype !== "index") operations++;
        math ||= MATH.has(op);
      },
    });
  }
  return { reads, folds, operations, math };
}

/** All axes in order: elementwise. Some axes in order, constants between: broadcast. Anything else: injective. */
function accessOf({ indices, tensor }: Read, { axes }: Compute): AccessKind {
  const variables = axes.map(({ variable }) => variable);
  const places = indices.map((index) =>
    index.kind === "Var" ? variables.indexOf(index) : index.kind === "Const" ? null : -1,
  );
  if (places.length === variables.length && places.every((place, position) => place === position)) return "elementwise";
  let last = -1;
  for (const [position, place] of places.entries()) {
    const constant = place === null && Number((indices[position] as Extract<Expr, { kind: "Const" }>).value) === 0;
    const single = constant && extentOf(tensor, position) === 1;
    if (single) continue;
    if (place === null || place <= last) return "injective";
    last = place;
  }
  return "broadcast";
}

function extentOf(tensor: Tensor, dimension: number): number {
  const extent = tensor.shape[dimension];
  return extent?.kind === "Const" ? Number(extent.value) : Number.NaN;
}

/** Σ a · b where both factors leave out a data axis, so that each of their elements is read many times. */
function isSumOfProducts({ axes, bodies }: Compute): boolean {
  const [body] = bodies;
  if (body?.kind !== "Reduce" || body.combiner.name !== "sum") return false;
  const [source] = body.sources;
  if (source?.kind !== "Binary" || source.op !== "mul") return false;
  return [source.left, source.right].every((factor) => {
    const used = new Set<Var>();
    visit(factor, { Var: (each) => void used.add(each) });
    return axes.some(
      ({ variable, extent }) => !used.has(variable) && !(extent.kind === "Const" && Number(extent.value) === 1),
    );
  });
}
