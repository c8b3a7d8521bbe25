import { canProve, isCommutative, type Ranges, simplify, usesAny } from "@tilewright/arith";
import {
  type Binary, type Buffer, build, type Const, type Expr, type For, type If, int, isConst, type Load, type Node, operandsOf, REASSOCIATE, type Stmt,
  type Store, structuralEqual, substitute, type Var, visit,
} from "@tilewright/ir"; // biome-ignore format: a list

/** The part of a buffer that stands for a parameter: where it starts, and which of the buffer's dimensions are the parameter's. */
export interface Operand {
  readonly buffer: Buffer;
  readonly mins: readonly Expr[];
  readonly dimensions: readonly number[];
}

export interface Match {
  readonly operands: ReadonlyMap<Buffer, Operand>;
  /** What holds for every statement of the nest, and none of its loops changes. */
  readonly guards: readonly Expr[];
}

/** Where a nest first differs from a pattern, on the way that led furthest. */
export interface Mismatch {
  readonly why: string;
  readonly pattern: Node | null;
  readonly nest: Node | null;
  /** The condition, when the nest is guarded inside. */
  readonly guard: Expr | null;
}

/** What has been matched: the loops, values and parameters of the pattern, and what stands for them in the nest. */
interface State {
  readonly variables: ReadonlyMap<Var, Var>;
  readonly inner: ReadonlySet<Var>;
  readonly operands: ReadonlyMap<Buffer, Operand>;
  readonly open: readonly Expr[];
  readonly guards: readonly Expr[] | null;
  readonly steps: number;
}

/**
 * Finds the operands for which `pattern` computes what `nest` does, statement by statement in the same order. Rule: perfect nests agree up
 * to the order of their loops, those that fold keeping theirs, and loops of one iteration; an access is that of the parameter, moved by a
 * start that no inner loop changes; values agree up to the order of the operands where that changes no bit. The nest may have licences that
 * the pattern does not use.
 */
export function matchNest(pattern: Stmt, nest: Stmt, parameters: readonly Buffer[], ranges: Ranges): Match | Mismatch {
  const matcher = new Matcher(new Set(parameters), rangesIn(nest, ranges));
  const start = { variables: new Map(), inner: new Set<Var>(), operands: new Map(), open: [], guards: null, steps: 0 };
  const found = matcher.statement(withoutUnitLoops(pattern), withoutUnitLoops(nest), start);
  return found === null ? matcher.mismatch : { operands: found.operands, guards: found.guards ?? [] };
}

function rangesIn(nest: Stmt, ranges: Ranges): Ranges {
  const all = new Map(ranges);
  visit(nest, {
    For: ({ loopVar, extent }) =>
      isConst(extent) ? void all.set(loopVar, { min: 0, max: Math.max(0, Number(extent.value) - 1) }) : undefined,
  });
  return all;
}

/** Loops of one iteration, gone; their variables have one value. */
function withoutUnitLoops(stmt: Stmt): Stmt {
  if (stmt.kind === "For") {
    const body = withoutUnitLoops(stmt.body);
    return isConst(stmt.extent, 1) ? substitute(body, new Map([[stmt.loopVar, stmt.min]])) : { ...stmt, body };
  }
  if (stmt.kind === "Seq") return { ...stmt, stmts: stmt.stmts.map(withoutUnitLoops) };
  if (stmt.kind === "If") return { ...stmt, then: withoutUnitLoops(stmt.then) };
  return stmt;
}

/** The loops of a perfect nest from the outermost on, and what is in them. */
function loopsOf(stmt: Stmt): { readonly loops: readonly For[]; readonly body: Stmt } {
  const loops: For[] = [];
  let body = stmt;
  for (; body.kind === "For"; body = body.body) loops.push(body);
  return { loops, body };
}

const extentsText = (loops: readonly For[]): string =>
  loops.length === 0 ? "no loops" : `loops of ${loops.map(({ extent }) => (extent as Const).value).join(" × ")}`;

class Matcher {
  mismatch: Mismatch = { why: "", pattern: null, nest: null, guard: null };
  private furthest = -1;
  private readonly parameters: ReadonlySet<Buffer>;
  private readonly ranges: Ranges;

  constructor(parameters: ReadonlySet<Buffer>, ranges: Ranges) {
    this.parameters = parameters;
    this.ranges = ranges;
  }

  statement(pattern: Stmt, nest: Stmt, state: State): State | null {
    if (nest.kind === "If" && nest.role === "guard" && nest.otherwise === null)
      return this.guarded(pattern, nest, state);
    if (pattern.kind === "For" || nest.kind === "For") return this.loops(pattern, nest, state);
    if (pattern.kind === "Store" && nest.kind === "Store") return this.store(pattern, nest, state);
    if (pattern.kind === "Seq" && nest.kind === "Seq") {
      if (pattern.stmts.length !== nest.stmts.length)
        return this.differ(state, `${nest.stmts.length} statements for ${pattern.stmts.length}`, pattern, nest);
      return this.fold(pattern.stmts, nest.stmts, { ...state }, (p, n, s) =>
        this.statement(p, n, { ...s, open: state.open, variables: state.variables }),
      );
    }
    if (pattern.kind === "Let" && nest.kind === "Let") {
      const value = this.value(pattern.value, nest.value, state);
      const variables = new Map(state.variables).set(pattern.variable, nest.variable);
      return value && this.statement(pattern.body, nest.body, { ...value, variables });
    }
    return this.differ(state, "another statement stands there", pattern, nest);
  }

  /** A guard that is true or false for the nest as a whole concerns the call; one that follows from those around it concerns nobody. */
  private guarded(pattern: Stmt, { condition, then }: If, state: State): State | null {
    const { open, inner } = state;
    const follows = (from: readonly Expr[], what: Expr): boolean =>
      canProve(what, { ranges: this.ranges, facts: [...open, ...from] });
    const first = substitute(condition, new Map([...inner].map((loop) => [loop, int(0)])));
    if (usesAny(condition, inner) && follows([], condition)) return this.statement(pattern, then, state);
    if (!usesAny(condition, inner) || (follows([first], condition) && follows([condition], first)))
      return this.statement(pattern, then, { ...state, open: [...open, simplify(first, { ranges: this.ranges })] });
    return this.differ(state, "it is guarded inside", null, condition, condition);
  }

  private loops(pattern: Stmt, nest: Stmt, state: State): State | null {
    const [expected, actual] = [loopsOf(pattern), loopsOf(nest)];
    const inner = new Set([...state.inner, ...actual.loops.map(({ loopVar }) => loopVar)]);
    const folding = foldingLoops(actual.loops, actual.body);
    let tried = false;
    for (const order of orders(expected.loops, actual.loops, folding)) {
      tried = true;
      const variables = new Map(state.variables);
      for (const [k, { loopVar }] of expected.loops.entries()) variables.set(loopVar, (order[k] as For).loopVar);
      const found = this.statement(expected.body, actual.body, { ...state, variables, inner, steps: state.steps + 1 });
      if (found !== null) return found;
    }
    if (tried) return null;
    const why = `${extentsText(actual.loops)} where it has ${extentsText(expected.loops)}`;
    return this.differ(state, why, pattern, nest);
  }

  private store(pattern: Store, nest: Store, state: State): State | null {
    const { open, guards } = state;
    const same =
      guards === null ||
      (guards.length === open.length && guards.every((one, k) => structuralEqual(one, open[k] as Expr)));
    if (!same)
      return this.differ(
        state,
        "only some of it is guarded",
        null,
        open.at(-1) ?? guards?.[0] ?? null,
        open.at(-1) ?? guards?.[0],
      );
    if (pattern.predicate !== null || nest.predicate !== null)
      return this.differ(state, "a store has a predicate", pattern, nest);
    const placed = this.access(pattern, nest, { ...state, guards: open });
    return placed && this.value(pattern.value, nest.value, placed);
  }

  private value(pattern: Expr, nest: Expr, state: State): State | null {
    if (pattern.dtype !== nest.dtype || pattern.lanes !== nest.lanes)
      return this.differ(state, `a value of ${nest.dtype} where it has one of ${pattern.dtype}`, pattern, nest);
    if (pattern.dtype === "index")
      return this.isZero(build.sub(nest, this.inNest(pattern, state)))
        ? state
        : this.differ(state, "another index", pattern, nest);
    if (pattern.kind === "Var")
      return state.variables.get(pattern) === nest ? state : this.differ(state, "another value", pattern, nest);
    if (pattern.kind === "Load" && nest.kind === "Load") return this.load(pattern, nest, state);
    if (!sameNode(pattern, nest)) return this.differ(state, "another value", pattern, nest);
    const [expected, actual] = [operandsOf(pattern), operandsOf(nest)];
    const next = { ...state, steps: state.steps + 1 };
    const step = (p: Expr, n: Expr, s: State): State | null => this.value(p, n, s);
    const straight = this.fold(expected, actual, next, step);
    if (straight !== null || pattern.kind !== "Binary" || !commutes(pattern, nest as Binary)) return straight;
    return this.fold([...expected].reverse(), actual, next, step);
  }

  private load(pattern: Load, nest: Load, state: State): State | null {
    if (pattern.predicate !== null || nest.predicate !== null)
      return this.differ(state, "a load has a predicate", pattern, nest);
    return this.access(pattern, nest, state);
  }

  /** The first access of a parameter says where its region starts; every other must agree. */
  private access(pattern: Load | Store, nest: Load | Store, state: State): State | null {
    const [parameter, actual] = [pattern.buffer, nest.buffer];
    const steps = state.steps + 1;
    if (!this.parameters.has(parameter))
      return this.differ(state, `\`${parameter.name}\` is no parameter`, pattern, nest);
    if (parameter.dtype !== actual.dtype || (parameter.scope !== "global" && parameter.scope !== actual.scope))
      return this.differ(state, `\`${actual.name}\` is ${actual.dtype} in scope ${actual.scope}`, pattern, nest);
    const known = state.operands.get(parameter);
    if (known !== undefined && known.buffer !== actual)
      return this.differ(state, `\`${parameter.name}\` stands for \`${known.buffer.name}\` already`, pattern, nest);
    const indices = pattern.indices.map((index) => this.inNest(index, state));
    const operand = known ?? this.operandFor(actual, indices, nest.indices, state.inner);
    const begins = ({ mins, dimensions }: Operand): boolean =>
      mins.every((min, dimension) => {
        const own = indices[dimensions.indexOf(dimension)];
        const index = nest.indices[dimension] as Expr;
        return this.isZero(build.sub(own === undefined ? index : build.sub(index, own), min));
      });
    if (operand === null || !begins(operand))
      return this.differ({ ...state, steps }, `\`${actual.name}\` is read or written at other places`, pattern, nest);
    return { ...state, steps, operands: new Map(state.operands).set(parameter, operand) };
  }

  /** From the last dimension on: each of the parameter's is the next of the buffer whose index moves with it. */
  private operandFor(
    actual: Buffer,
    expected: readonly Expr[],
    indices: readonly Expr[],
    inner: ReadonlySet<Var>,
  ): Operand | null {
    const mins = [...indices];
    const dimensions: number[] = [];
    let left = expected.length - 1;
    for (let dimension = indices.length - 1; dimension >= 0; dimension--) {
      const index = indices[dimension] as Expr;
      const start = left < 0 ? index : simplify(build.sub(index, expected[left] as Expr), { ranges: this.ranges });
      const moves = left >= 0 && !usesAny(start, inner);
      if (!moves && usesAny(index, inner)) return null;
      mins[dimension] = moves ? start : index;
      if (moves) dimensions.unshift(dimension);
      if (moves) left--;
    }
    return left < 0 ? { buffer: actual, mins, dimensions } : null;
  }

  private inNest(expr: Expr, { variables }: State): Expr {
    return substitute(expr, variables);
  }

  private isZero(expr: Expr): boolean {
    return isConst(simplify(expr, { ranges: this.ranges }), 0);
  }

  private fold<T>(
    pattern: readonly T[],
    nest: readonly T[],
    state: State,
    match: (pattern: T, nest: T, state: State) => State | null,
  ): State | null {
    let current: State | null = state;
    for (let k = 0; k < pattern.length && current !== null; k++)
      current = match(pattern[k] as T, nest[k] as T, current);
    return current;
  }

  private differ(state: State, why: string, pattern: Node | null, nest: Node | null, guard: Expr | null = null): null {
    if (state.steps > this.furthest) {
      this.furthest = state.steps;
      this.mismatch = { why, pattern, nest, guard };
    }
    return null;
  }
}

/** Loops whose iterations meet in one element. */
function foldingLoops(loops: readonly For[], body: Stmt): ReadonlySet<For> {
  const places = new Set<Var>();
  visit(body, {
    Store: ({ indices }) => void indices.map((index) => visit(index, { Var: (v) => void places.add(v) })),
  });
  return new Set(loops.filter(({ loopVar }) => !places.has(loopVar)));
}

/** The ways to pair the loops of a pattern with those of a nest: extents agree, and loops that fold keep their order. Straight first. */
function* orders(
  pattern: readonly For[],
  nest: readonly For[],
  folding: ReadonlySet<For>,
  chosen: readonly For[] = [],
): Generator<readonly For[]> {
  if (pattern.length !== nest.length) return;
  const loop = pattern[chosen.length];
  if (loop === undefined) return void (yield chosen);
  const free = nest.filter((each) => !chosen.includes(each));
  const firstFold = free.find((each) => folding.has(each));
  for (const each of free) {
    if (folding.has(each) && each !== firstFold) continue;
    if (structuralEqual(each.extent, loop.extent) && structuralEqual(each.min, loop.min))
      yield* orders(pattern, nest, folding, [...chosen, each]);
  }
}

/** Everything but the operands; licences that the pattern takes must be given. */
function sameNode(pattern: Expr, nest: Expr): boolean {
  if (pattern.kind !== nest.kind) return false;
  const fast = (node: Expr): number => ("fast" in node ? node.fast : 0);
  if ((fast(pattern) & ~fast(nest)) !== 0) return false;
  const bare = (node: Expr): unknown => ("op" in node ? node.op : "intrinsic" in node ? node.intrinsic : "lanes");
  if (pattern.kind === "Const" || nest.kind === "Const") return structuralEqual(pattern, nest);
  return bare(pattern) === bare(nest) && operandsOf(pattern).length === operandsOf(nest).length;
}

/** Swapped operands give the same bits: minima and maxima of floats are told apart by their order, unless that is licensed. */
function commutes({ op, dtype }: Binary, nest: Binary): boolean {
  const licensed = (op === "min" || op === "max") && (nest.fast & REASSOCIATE) !== 0;
  return licensed || isCommutative(op, dtype);
}
