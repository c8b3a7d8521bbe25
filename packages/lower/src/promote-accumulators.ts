// Rule: what a serial loop loads and stores at one and the same place of a buffer is kept in a register meanwhile:
//   for k { C[i] = C[i] + … }  →  register r = C[i] { for k { r = r + … }  C[i] = r }
// Requires that the loop runs at least once, reaches the place whenever it runs, and touches the buffer at such places only, which are
// equal or provably apart, and that the buffer outlives the loop. Inner loops come first, so an accumulator moves out as far as it can.
import {
  type Buffer,
  build,
  type Expr,
  type For,
  type Load,
  rewrite,
  type Stmt,
  type Store,
  sequence,
  type Var,
  variable,
  visit,
} from "@tilewright/ir";
import { type Accesses, accessesIn, spanOf } from "./access-sites.js";
import { contains } from "./count-nodes.js";
import { eachStatement, someStatement } from "./each-statement.js";
import { mentions } from "./guards.js";
import { constantOf } from "./index-arithmetic.js";
import { linearFormOf } from "./linear-form.js";
import { createNumbering, type Numbering } from "./numbering.js";
import { functionPass } from "./pass.js";
import { bindersOf } from "./refresh-binders.js";

export const promoteAccumulators = functionPass({
  name: "promote-accumulators",
  requires: "flat",
  establishes: "flat",
  run(func) {
    const aliased = new Set(func.mayAlias.flat());
    const body = rewrite(func.body, {
      For: (loop) => (loop.loopKind === "serial" ? promote(loop, aliased) : undefined),
    });
    return body === func.body ? func : { ...func, body };
  },
});

/** Registers that one loop may hold. */
const MAX_REGISTERS = 32;

/** Statements that may touch any memory, or stop in the middle. */
const OPAQUE: ReadonlySet<Stmt["kind"]> = new Set<Stmt["kind"]>([
  "Barrier", "Async", "Synchronize", "KernelCall", "ParallelCall", "Evaluate", "Atomic", "While",
]); // biome-ignore format: a list

interface Place {
  readonly buffer: Buffer;
  readonly indices: readonly Expr[];
  readonly register: Var;
}

function promote(loop: For, aliased: ReadonlySet<Buffer>): Stmt | undefined {
  if ((constantOf(loop.extent) ?? 0) < 1) return undefined;
  if (someStatement(loop.body, (stmt) => OPAQUE.has(stmt.kind) || (stmt.kind === "For" && stmt.loopKind !== "serial")))
    return undefined;
  const accesses = accessesIn(loop.body);
  if (![...accesses.values()].some(({ loads, stores }) => loads.length > 0 && stores.length > 0)) return undefined;
  const inner = variantsOf(loop);
  const { buffers: own } = bindersOf(loop.body);
  const always = unconditional(loop.body);
  const numbering = createNumbering();
  const places: Place[] = [];
  const byNumber = new Map<number, Place>();
  for (const [buffer, uses] of accesses) {
    const found =
      aliased.has(buffer) || own.includes(buffer) ? undefined : placesOf(buffer, uses, inner, always, numbering);
    if (found === undefined || places.length + found.size > MAX_REGISTERS) continue;
    for (const [key, place] of found) {
      byNumber.set(key, place);
      places.push(place);
    }
  }
  if (places.length === 0) return undefined;
  const placeOf = (node: Load | Store): Place | undefined => byNumber.get(keyOf(node, numbering));
  const body = rewrite<Stmt>(loop.body, {
    Load: (node) => placeOf(node)?.register,
    Store: (node) => {
      const place = placeOf(node);
      return place && build.assign(place.register, node.value);
    },
  });
  const after = places.map(({ buffer, indices, register }) => build.store(buffer, indices, register));
  return places.reduceRight<Stmt>(
    (rest, { buffer, indices, register }) => build.register(register, build.load(buffer, indices), rest),
    sequence([{ ...loop, body }, ...after], loop.span),
  );
}

/** Equal for accesses of the same elements. */
function keyOf(node: Load | Store, numbering: Numbering): number {
  return numbering.of(build.load(node.buffer, node.indices));
}

/** Variables that may differ between iterations. */
function variantsOf(loop: For): ReadonlySet<Var> {
  const variants = new Set<Var>([loop.loopVar, ...bindersOf(loop.body).variables]);
  eachStatement(loop.body, { Assign: (node) => void variants.add(node.variable) });
  return variants;
}

/** Accesses that every iteration reaches. */
function unconditional(body: Stmt): ReadonlySet<Load | Store> {
  const always = new Set<Load | Store>();
  visit(body, {
    If: () => false,
    IfThenElse: () => false,
    For: (loop) => (constantOf(loop.extent) ?? 0) >= 1,
    Load: (node) => void always.add(node),
    Store: (node) => void always.add(node),
  });
  return always;
}

/** The places of `buffer` to keep in registers, by key; undefined when a condition of the rule fails. */
function placesOf(
  buffer: Buffer,
  { loads, stores, escapes }: Accesses,
  variants: ReadonlySet<Var>,
  always: ReadonlySet<Load | Store>,
  numbering: Numbering,
): ReadonlyMap<number, Place> | undefined {
  if (escapes || loads.length === 0 || stores.length === 0) return undefined;
  const found = new Map<number, Place>();
  const reached = new Set<number>();
  for (const node of [...loads, ...stores]) {
    const [index] = node.indices;
    if (node.predicate !== null || index === undefined || spanOf(node.indices) === undefined) return undefined;
    const key = keyOf(node, numbering);
    if (always.has(node)) reached.add(key);
    if (found.has(key)) continue;
    if (mentions(index, variants) || contains(index, ["Load", "Call"])) return undefined;
    found.set(key, {
      buffer,
      indices: node.indices,
      register: variable(buffer.name, buffer.dtype, index.lanes, buffer.span),
    });
  }
  if (found.size !== reached.size || !apart([...found.values()], numbering)) return undefined;
  return found;
}

/** True when no two places share an element: equal but for constants that lie far enough from each other. */
function apart(places: readonly Place[], numbering: Numbering): boolean {
  const spans = places.map(({ indices }) => {
    const span = spanOf(indices) as { readonly start: Expr; readonly lanes: number };
    const form = linearFormOf(span.start, (atom) => numbering.of(atom));
    const key = form.terms
      .map(({ atom, coefficient }) => `${numbering.of(atom)}*${coefficient}`)
      .sort()
      .join("+");
    return { key, first: form.constant, lanes: span.lanes };
  });
  spans.sort((a, b) => a.first - b.first);
  return spans.every((span, position) => {
    const before = spans[position - 1];
    return before === undefined || (before.key === span.key && before.first + before.lanes <= span.first);
  });
}
