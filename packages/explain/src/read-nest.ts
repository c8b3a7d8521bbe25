import { boundsOf } from "@tilewright/arith";
import type { Span } from "@tilewright/diagnostics";
import {
  type Buffer, type BufferRegion, build, type Expr, type For, type If, isConst, type Load, operandsOf, type PrimFunc, type Stmt, substitute, type Var, variable, visit,
} from "@tilewright/ir"; // biome-ignore format: a list
import { affineOf, dependenciesOf, rangesOf } from "./affine.js";
import {
  type Access,
  type Branch,
  type IndexForm,
  type Loop,
  type Nest,
  type Part,
  type Statement,
  statementsOf,
} from "./nest.js";
import { shareOf } from "./share.js";
import { addWork, NO_WORK, type Work, workOfNode } from "./work.js";

/** Where a statement stands. */
interface Place {
  readonly loops: readonly Loop[];
  readonly conditions: readonly Expr[];
  /** Share of the iterations of `loops` in which `conditions` hold. */
  readonly share: number;
  readonly forked: boolean;
}

/**
 * The loops, branches and accesses of a function at level `scheduled`. Forms without a meaning here (queues, atomics, calls) are counted by what
 * they are declared to touch, loops without a constant extent by its bound, `while` loops once; `notes` says so.
 *
 * @param stageOf the stage that a buffer belongs to, by name
 * @param meanings what intrinsics do, by name, as functions over their operands
 */
export function readNest(
  func: PrimFunc,
  stageOf: (buffer: Buffer) => string,
  meanings: ReadonlyMap<string, PrimFunc> = new Map(),
): Nest {
  return new NestReader(stageOf, meanings).read(func);
}

class NestReader {
  readonly #stageOf: (buffer: Buffer) => string;
  readonly #meanings: ReadonlyMap<string, PrimFunc>;
  readonly #accesses: Access[] = [];
  readonly #extents = new Map<Var, number>();
  readonly #values = new Map<Var, Expr>();
  readonly #notes = new Set<string>();

  constructor(stageOf: (buffer: Buffer) => string, meanings: ReadonlyMap<string, PrimFunc>) {
    this.#stageOf = stageOf;
    this.#meanings = meanings;
  }

  read(func: PrimFunc): Nest {
    const root = this.#part(func.body, { loops: [], conditions: [], share: 1, forked: false });
    const buffers = new Set(this.#accesses.map(({ buffer }) => buffer));
    return { root, accesses: this.#accesses, buffers, extents: this.#extents, notes: [...this.#notes] };
  }

  #part(stmt: Stmt, place: Place): Part {
    switch (stmt.kind) {
      case "For":
        return this.#loop(stmt, place);
      case "Seq":
        return { kind: "sequence", parts: stmt.stmts.map((each) => this.#part(each, place)) };
      case "If":
        return this.#branch(stmt, place);
      case "Let":
      case "Register": {
        const value = stmt.kind === "Let" ? stmt.value : stmt.initial;
        if (stmt.kind === "Let" && stmt.variable.dtype === "index")
          this.#values.set(stmt.variable, this.#resolved(value));
        const first = this.#statement([value], null, place, this.#stageUnder(stmt.body), stmt.span);
        return { kind: "sequence", parts: [first, this.#part(stmt.body, place)] };
      }
      case "Allocate":
        return this.#part(stmt.body, place);
      case "While":
        this.#notes.add("a `while` loop is counted as one iteration: how often it runs is not known");
        return this.#part(stmt.body, place);
      case "Async":
        this.#notes.add(`what the queue \`${stmt.queue}\` runs is counted as if it ran in place`);
        return this.#part(stmt.body, place);
      default:
        return this.#simple(stmt, place);
    }
  }

  /** Statements without statements in them. */
  #simple(stmt: Stmt, place: Place): Statement {
    const { span } = stmt;
    switch (stmt.kind) {
      case "Store":
        return this.#statement(
          [...stmt.indices, stmt.value, ...(stmt.predicate === null ? [] : [stmt.predicate])],
          stmt,
          place,
          this.#stageOf(stmt.buffer),
          span,
        );
      case "Atomic": {
        const own = build.load(stmt.buffer, stmt.indices);
        return this.#statement([...stmt.indices, own, stmt.value], stmt, place, this.#stageOf(stmt.buffer), span);
      }
      case "Assign":
      case "Evaluate":
        return this.#statement([stmt.value], null, place, "", span);
      case "Assert":
        return this.#statement([stmt.condition], null, place, "", span);
      case "KernelCall":
      case "ParallelCall":
        return this.#call(stmt.callee, stmt.args, place, span);
      default:
        return this.#statement([], null, place, "", span);
    }
  }

  #loop(stmt: For, place: Place): Part {
    const known = isConst(stmt.extent) ? Number(stmt.extent.value) : this.#mostIterations(stmt);
    const extent = Math.max(0, known);
    const own = isConst(stmt.min, 0) ? stmt.loopVar : variable(stmt.loopVar.name, "index", 1, stmt.loopVar.span);
    if (own !== stmt.loopVar) this.#values.set(stmt.loopVar, build.add(this.#resolved(stmt.min), own));
    this.#extents.set(own, extent);
    const forks = stmt.loopKind === "parallel" && !place.forked;
    if (stmt.loopKind === "thread")
      this.#notes.add(`the launch dimension \`${stmt.loopVar.name}\` is counted as a serial loop`);
    const loop = {
      kind: "loop" as const,
      variable: own,
      name: stmt.loopVar.name,
      extent,
      loopKind: stmt.loopKind,
      forks,
      executions: executionsAt(place),
      span: stmt.span,
    };
    // The body's accesses know the loops around them, so the loop exists before its body.
    const made: { -readonly [F in keyof Loop]: Loop[F] } = { ...loop, body: { kind: "sequence", parts: [] } };
    made.body = this.#part(stmt.body, { ...place, loops: [...place.loops, made], forked: place.forked || forks });
    return made;
  }

  #mostIterations({ extent, loopVar }: For): number {
    const { max } = boundsOf(this.#resolved(extent), rangesOf(this.#extents));
    const bounded = Number.isFinite(max);
    this.#notes.add(
      bounded
        ? `the loop \`${loopVar.name}\` has no constant extent and is counted with its bound ${max}`
        : `the loop \`${loopVar.name}\` has no known extent and is counted as one iteration`,
    );
    return bounded ? max : 1;
  }

  #branch(stmt: If, place: Place): Part {
    const condition = this.#resolved(stmt.condition);
    const first = this.#statement([condition], null, place, this.#stageUnder(stmt.then), stmt.span);
    const { share, exact } = this.#shareWith(place, [condition]);
    const inside = { ...place, conditions: [...place.conditions, condition], share: place.share * share };
    const then: Branch = {
      kind: "branch", condition, role: stmt.role, share, exact, body: this.#part(stmt.then, inside),
    }; // biome-ignore format: one glance
    const parts: Part[] = first.accesses.length > 0 ? [first, then] : [then];
    if (stmt.otherwise !== null) {
      const not = build.unary("not", condition);
      const rest = exact ? 1 - share : 1;
      const outside = { ...place, conditions: [...place.conditions, not], share: place.share * rest };
      const body = this.#part(stmt.otherwise, outside);
      parts.push({ kind: "branch", condition: not, role: stmt.role, share: rest, exact, body });
    }
    return parts.length === 1 ? then : { kind: "sequence", parts };
  }

  /** The share of the executions at a place in which further conditions hold. */
  #shareWith(place: Place, conditions: readonly Expr[]): { readonly share: number; readonly exact: boolean } {
    if (place.share === 0) return { share: 1, exact: true };
    const extents = new Map(place.loops.map((loop) => [loop.variable, loop.extent]));
    const all = shareOf([...place.conditions, ...conditions], extents);
    return { share: Math.min(1, all.share / place.share), exact: all.exact };
  }

  #statement(
    exprs: readonly Expr[],
    target: { readonly buffer: Buffer; readonly indices: readonly Expr[] } | null,
    place: Place,
    stage: string,
    span: Span,
  ): Statement {
    const accesses: Access[] = [];
    const work = this.#scan(exprs, place, (load, share) => {
      accesses.push(
        this.#access(
          load.buffer,
          load.indices.map((index) => this.#index(index)),
          false,
          place,
          stage,
          share,
          load.span,
        ),
      );
    });
    if (target !== null) {
      const indices = target.indices.map((index) => this.#index(index));
      accesses.push(this.#access(target.buffer, indices, true, place, stage, 1, span));
    }
    const stored = target?.buffer ?? null;
    const executions = executionsAt(place);
    const { loops } = place;
    return { kind: "statement", stage, loops, accesses, work, stored, executions, points: 1, intrinsic: null, span };
  }

  /** Loads and arithmetic of expressions; each distinct node counts once, as generated code computes it once. */
  #scan(exprs: readonly Expr[], place: Place, onLoad: (load: Load, share: number) => void): Work {
    let work = NO_WORK;
    const seen = new Set<Expr>();
    const stack: { readonly expr: Expr; readonly under: readonly Expr[]; readonly share: number }[] = [];
    const push = (list: readonly Expr[], under: readonly Expr[], share: number): void => {
      for (const expr of [...list].reverse()) stack.push({ expr, under, share });
    };
    push(exprs, [], 1);
    for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
      const { expr, under, share } = item;
      if (seen.has(expr)) continue;
      seen.add(expr);
      work = addWork(work, workOfNode(expr), share);
      if (expr.kind === "IfThenElse") {
        const condition = this.#resolved(expr.condition);
        const taken = [...under, condition];
        const whenTrue = this.#shareWith(place, taken);
        const rest = whenTrue.exact ? Math.max(0, share - whenTrue.share) : share;
        push([expr.whenFalse], [...under, build.unary("not", condition)], rest);
        push([expr.whenTrue], taken, Math.min(share, whenTrue.share));
        push([expr.condition], under, share);
        continue;
      }
      push(operandsOf(expr), under, share);
      if (expr.kind === "Load") onLoad(expr, share);
      if (expr.kind === "Call") this.#notes.add(`the work of the intrinsic \`${expr.intrinsic}\` is not counted`);
    }
    return work;
  }

  /** An intrinsic does what its meaning says, on its regions; any other function may read and write all of them. */
  #call(callee: string, args: readonly (Expr | BufferRegion)[], place: Place, span: Span): Statement {
    const meaning = this.#meanings.get(callee);
    if (meaning !== undefined) return this.#intrinsic(callee, meaning, args, place, span);
    this.#notes.add(
      `\`${callee}\` is counted as reading and writing the regions that it is given; its arithmetic is not counted`,
    );
    const regions = args.filter((arg) => arg.kind === "BufferRegion");
    return this.#callOn(regions, regions, { work: NO_WORK, points: 1, intrinsic: null }, place, span);
  }

  #intrinsic(
    name: string,
    meaning: PrimFunc,
    args: readonly (Expr | BufferRegion)[],
    place: Place,
    span: Span,
  ): Statement {
    const nest = readNest(meaning, (buffer) => buffer.name);
    const regionsOf = (isWrite: boolean): readonly BufferRegion[] => {
      const touched = new Set<unknown>(
        nest.accesses.filter((each) => each.isWrite === isWrite).map(({ buffer }) => buffer),
      );
      return args.filter(
        (arg, position) => arg.kind === "BufferRegion" && touched.has(meaning.parameters[position]),
      ) as BufferRegion[];
    };
    const statements = statementsOf(nest.root);
    const work = statements.reduce((sum, each) => addWork(sum, each.work, each.executions), NO_WORK);
    const points = Math.max(1, ...statements.filter(({ stored }) => stored !== null).map((each) => each.executions));
    this.#notes.add(`the intrinsic \`${name}\` is taken to fill the registers`);
    return this.#callOn(regionsOf(false), regionsOf(true), { work, points, intrinsic: name }, place, span);
  }

  #callOn(
    read: readonly BufferRegion[],
    written: readonly BufferRegion[],
    done: Pick<Statement, "work" | "points" | "intrinsic">,
    place: Place,
    span: Span,
  ): Statement {
    const stored = written[0]?.buffer ?? null;
    const stage = stored === null ? "" : this.#stageOf(stored);
    const touch = (isWrite: boolean) => (region: BufferRegion) =>
      this.#access(region.buffer, this.#regionIndices(region), isWrite, place, stage, 1, span);
    const accesses = [...read.map(touch(false)), ...written.map(touch(true))];
    const executions = executionsAt(place);
    return { kind: "statement", stage, loops: place.loops, accesses, stored, executions, span, ...done };
  }

  #regionIndices({ mins, extents }: BufferRegion): readonly IndexForm[] {
    return mins.map((min, dimension) => {
      const extent = extents[dimension];
      return {
        ...this.#index(min),
        width: extent !== undefined && isConst(extent) ? Number(extent.value) : Number.MAX_SAFE_INTEGER,
      };
    });
  }

  #access(
    buffer: Buffer,
    indices: readonly IndexForm[],
    isWrite: boolean,
    place: Place,
    stage: string,
    share: number,
    span: Span,
  ): Access {
    const made: Access = {
      order: this.#accesses.length,
      buffer,
      isWrite,
      stage,
      indices,
      loops: place.loops,
      share: share * place.share,
      span,
    };
    this.#accesses.push(made);
    return made;
  }

  #index(given: Expr): IndexForm {
    if (given.kind === "Ramp") {
      const base = this.#index(given.base);
      const stride = isConst(given.stride) ? Math.abs(Number(given.stride.value)) : Number.MAX_SAFE_INTEGER;
      return { ...base, width: (given.lanes - 1) * stride + 1 };
    }
    const expr = this.#resolved(given);
    const affine = affineOf(expr, this.#extents);
    const { loops, onData } = dependenciesOf(expr, this.#extents);
    return {
      expr,
      affine,
      loops: affine === undefined ? loops : new Set(affine.terms.keys()),
      onData: affine === undefined && onData,
      width: 1,
    };
  }

  /** With the values of `let`s and of loops that do not start at 0. */
  #resolved(expr: Expr): Expr {
    return this.#values.size === 0 || isConst(expr) ? expr : substitute(expr, this.#values);
  }

  /** The stage of the first store below a statement. */
  #stageUnder(stmt: Stmt): string {
    let found: Buffer | undefined;
    visit(stmt, {
      enter: () => found === undefined,
      Store: ({ buffer }) => {
        found ??= buffer;
      },
    });
    return found === undefined ? "" : this.#stageOf(found);
  }
}

function executionsAt({ loops, share }: Place): number {
  return loops.reduce((product, { extent }) => product * extent, share);
}
