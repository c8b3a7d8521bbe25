// Rule: a statement that one block runs becomes what each of its threads runs, with one coordinate for each thread tag:
// - a loop over threads is its body, under a guard where other loops of the tag have more threads;
// - what stands outside of thread loops and writes memory that threads share is done by the first thread; values, registers and private memory
//   are computed by all of them alike;
// - guards end at barriers, so that all threads reach each of them.
import { boundsOf, type Ranges } from "@tilewright/arith";
import type { LaunchCapabilities } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import {
  type Buffer, build, type Expr, type For, int, type Stmt, sequence, THREAD_TAGS, type ThreadTag, type Var, variable, visit, zero,
} from "@tilewright/ir"; // biome-ignore format: a list
import { fromSteps, type Step, stepsOf } from "./block.js";
import { contains } from "./count-nodes.js";
import { eachStatement, someStatement } from "./each-statement.js";
import { unboundedThreads, unwritableLaunch } from "./errors.js";
import { conjunctionOf } from "./guards.js";
import { constantOf, plus } from "./index-arithmetic.js";
import { type BarrierScope, type Barriers, barriersFor } from "./launch-barriers.js";
import { type Axis, placeMemory } from "./launch-memory.js";
import { someExpr } from "./operands.js";
import { bindersOf } from "./refresh-binders.js";
import { checkBarriers, type Varying, varies, varyingIn } from "./uniform.js";

export interface LaunchBlock {
  readonly threads: readonly Axis[];
  /** What each thread runs. */
  readonly body: Stmt;
  /** Memory that the host is to allocate around the launch. */
  readonly memory: readonly Buffer[];
}

export interface LaunchOptions {
  readonly blocks: readonly Axis[];
  readonly ranges: Ranges;
  readonly mayAlias: readonly (readonly [Buffer, Buffer])[];
  /** Limits of a launch. */
  readonly launch: LaunchCapabilities;
  /** Bytes of `local` memory that the target has; null: no limit. */
  readonly privateBytes: number | null;
  readonly kernel: string;
}

/**
 * The body of a launch, of what each of its blocks does.
 * @throws CompileError LOW201 · LOW208 threads without a bound · LOW209 a barrier that not all threads surely reach · LOW210 what has no launch form
 */
export function toLaunchForm(stmt: Stmt, options: LaunchOptions): LaunchBlock {
  const threads = threadAxes(stmt, options);
  const { body: leaf, shared, host } = placeMemory(stmt, options.blocks, threads, options.privateBytes);
  const writer = new Writer(leaf, threads, options);
  const body = writer.run(leaf);
  const seeds = threads.map(({ variable }) => variable);
  checkBarriers(body, varyingIn(body, seeds), options.kernel);
  return {
    threads,
    memory: host,
    body: shared.reduceRight<Stmt>((inner, buffer) => build.allocate(buffer, inner), body),
  };
}

/** The largest value of an extent. @throws CompileError LOW208 one that is no constant, and no launch is as large as it may be */
export function largestExtent(loop: For, ranges: Ranges, launch: LaunchCapabilities): number {
  const { max } = boundsOf(loop.extent, ranges);
  const most = (loop.thread?.startsWith("block") ? launch.maxBlocks : launch.maxThreads)[
    axisOf(loop.thread as ThreadTag)
  ];
  if (constantOf(loop.extent) === undefined && max > (most ?? 1))
    throw new CompileError(unboundedThreads(loop.loopVar.name, String(loop.thread), most ?? 1, loop.span));
  return Math.max(1, max);
}

/** 0, 1, 2 for x, y, z. */
const axisOf = (tag: ThreadTag): number => THREAD_TAGS.indexOf(tag) % 3;

/** One axis for each tag, as long as its longest loop; slowest first. */
function threadAxes(stmt: Stmt, { ranges, launch }: LaunchOptions): readonly Axis[] {
  const axes = new Map<ThreadTag, Axis>();
  eachStatement(stmt, {
    For: (loop) => {
      if (loop.thread === null) return;
      const {
        tag,
        variable: named,
        extent,
      } = axes.get(loop.thread) ?? {
        tag: loop.thread,
        variable: variable(loop.loopVar.name, "index", 1, loop.loopVar.span),
        extent: 1,
      };
      axes.set(tag, { tag, variable: named, extent: Math.max(extent, largestExtent(loop, ranges, launch)) });
    },
  });
  return inOrder([...axes.values()]);
}

/** Blocks before threads, z before y before x. */
export function inOrder<T extends { readonly tag: ThreadTag }>(axes: readonly T[]): readonly T[] {
  const rank = ({ tag }: T): number => (tag.startsWith("block") ? 0 : 3) - (THREAD_TAGS.indexOf(tag) % 3);
  return [...axes].sort((a, b) => rank(a) - rank(b));
}

/** Where a statement stands. */
interface Level {
  readonly tags: ReadonlySet<string>;
  /** What holds for the threads that the loops around have, where other loops of their tags have more; undefined: for all. */
  readonly limit: Expr | undefined;
  /** What holds for the threads that do what has an effect: `limit`, and first along the axes without a loop. */
  readonly doer: Expr | undefined;
  /** Some thread of the block surely keeps the limit. */
  readonly inhabited: boolean;
}

const SEEN_BY_OTHERS: ReadonlySet<string> = new Set(["global", "shared"]);

class Writer {
  readonly #axes: ReadonlyMap<string, Axis>;
  readonly #barriers: Barriers;
  readonly #varying: Varying;
  readonly #own: ReadonlySet<Buffer>;
  readonly #written: ReadonlySet<Buffer>;
  /** For each axis, the condition that holds on its first thread alone. */
  readonly #first: ReadonlyMap<string, Expr>;

  constructor(leaf: Stmt, threads: readonly Axis[], { ranges, mayAlias }: LaunchOptions) {
    this.#axes = new Map(threads.map((axis) => [axis.tag, axis]));
    this.#first = new Map(threads.map(({ tag, variable }) => [tag, build.binary("eq", variable, int(0))]));
    const seeds: Var[] = [];
    eachStatement(leaf, { For: (loop) => void (loop.loopKind === "thread" && seeds.push(loop.loopVar)) });
    this.#varying = varyingIn(leaf, seeds);
    this.#own = new Set(bindersOf(leaf).buffers);
    this.#written = writtenIn(leaf, mayAlias);
    this.#barriers = barriersFor(leaf, {
      axes: new Map(threads.map(({ tag, extent }) => [tag, extent])),
      mayAlias,
      ranges,
      isPrivate: (buffer) => this.#isPrivate(buffer),
      isWhole: (step, tags) => this.#isWhole(step, tags),
    });
  }

  run(leaf: Stmt): Stmt {
    return this.#block(leaf, this.#level(new Set(), undefined, true));
  }

  #isPrivate(buffer: Buffer): boolean {
    return this.#own.has(buffer) && !SEEN_BY_OTHERS.has(buffer.scope);
  }

  /** True for a step that needs no other threads than those that do it: it stays as it is, under one guard. */
  #isWhole(step: Step, tags: ReadonlySet<string>): boolean {
    if (step.kind === "Let" || step.kind === "Register" || step.kind === "Barrier") return false;
    if (someStatement(step, (stmt) => stmt.kind === "Barrier" || (stmt.kind === "For" && stmt.loopKind === "thread")))
      return false;
    if (tags.size === this.#axes.size) return true;
    const { variables, buffers } = bindersOf(step);
    return !someStatement(step, (stmt) => {
      if (stmt.kind === "Assign") return !variables.includes(stmt.variable);
      const writes = stmt.kind === "Store" || stmt.kind === "Atomic";
      return writes && this.#isPrivate(stmt.buffer) && !buffers.includes(stmt.buffer);
    });
  }

  /** Whether a register is assigned that all threads agree on: those outside of a limit assign it too, and still agree. */
  #setsAgreed(step: Step): boolean {
    const { variables } = bindersOf(step);
    return someStatement(
      step,
      (stmt) => stmt.kind === "Assign" && !this.#varying.has(stmt.variable) && !variables.includes(stmt.variable),
    );
  }

  #level(tags: ReadonlySet<string>, limit: Expr | undefined, inhabited: boolean): Level {
    const others = [...this.#first].flatMap(([tag, condition]) => (tags.has(tag) ? [] : [condition]));
    return { tags, limit, doer: conjunctionOf([...(limit === undefined ? [] : [limit]), ...others]), inhabited };
  }

  #block(stmt: Stmt, level: Level): Stmt {
    const steps: Step[] = [];
    for (const step of stepsOf(stmt)) {
      const scope = this.#barriers.before.get(step);
      if (scope !== undefined) steps.push(barrier(scope, step));
      for (const made of this.#step(step, level)) add(steps, made);
    }
    return fromSteps(steps);
  }

  #step(step: Step, level: Level): readonly Step[] {
    if (step.kind === "Barrier") return [step];
    const whole = this.#isWhole(step, level.tags) && (level.limit === undefined || !this.#setsAgreed(step));
    if (whole) return [when(level.doer, step)];
    const safe = (expr: Expr): Expr => this.#safe(expr, level);
    const head = (expr: Expr): Expr => this.#head(expr, level);
    switch (step.kind) {
      case "Let":
        return [{ ...step, value: safe(step.value), body: sequence([]) }];
      case "Register":
        return [{ ...step, initial: safe(step.initial), body: sequence([]) }];
      case "Assign":
        return [safe(step.value) === step.value ? step : when(level.limit, step)];
      case "Store":
      case "Atomic":
        return [when(level.limit, step)];
      case "Allocate":
        return [{ ...step, body: this.#block(step.body, level) }];
      case "If": {
        const then = this.#block(step.then, level);
        const otherwise = step.otherwise && this.#block(step.otherwise, level);
        return [{ ...step, condition: head(step.condition), then, otherwise }];
      }
      case "While": {
        const scope = this.#barriers.atEnd.get(step);
        const body = this.#block(step.body, level);
        const ended = scope === undefined ? body : sequence([body, barrier(scope, step)]);
        return [{ ...step, condition: head(step.condition), body: ended }];
      }
      case "For":
        if (step.loopKind === "thread") return this.#threads(step, level);
        return [{ ...step, min: head(step.min), extent: head(step.extent), body: this.#block(step.body, level) }];
      default:
        throw new CompileError(
          unwritableLaunch(
            `a statement \`${step.kind}\``,
            "threads or barriers inside of it, or private memory that it writes for all threads",
            "move it inside of the threads",
            step.span,
          ),
        );
    }
  }

  /** The body of a loop over threads. */
  #threads(loop: For, level: Level): readonly Step[] {
    const axis = this.#axes.get(loop.thread as string) as Axis;
    const extent = constantOf(loop.extent);
    if (extent === 0) return [];
    const own = build.binary("lt", axis.variable, this.#safe(loop.extent, level));
    const limits = [...(level.limit === undefined ? [] : [level.limit]), ...(extent === axis.extent ? [] : [own])];
    const inhabited = level.inhabited && extent !== undefined;
    const inner = this.#level(new Set([...level.tags, axis.tag]), conjunctionOf(limits), inhabited);
    const coordinate = build.let(loop.loopVar, plus(this.#safe(loop.min, level), axis.variable), sequence([]));
    return [coordinate, ...stepsOf(this.#block(loop.body, inner))];
  }

  /** Whether a thread that the program does not have here would read what another may write. */
  #readsWritten(expr: Expr): boolean {
    return someExpr(expr, (node) => node.kind === "Load" && this.#written.has(node.buffer));
  }

  /** The value where the limit holds; elsewhere any, but no error. */
  #safe(expr: Expr, level: Level): Expr {
    return contains(expr, ["Load", "Call"]) ? this.#head(expr, level) : expr;
  }

  /** The value where the limit holds; elsewhere, unless all threads agree, zero. */
  #head(expr: Expr, { limit, inhabited }: Level): Expr {
    const agreed = inhabited && !varies(expr, this.#varying) && !this.#readsWritten(expr);
    if (limit === undefined || expr.kind === "Const" || agreed) return expr;
    return build.ifThenElse(limit, expr, zero(expr.dtype, expr.lanes, expr.span));
  }
}

function barrier(scope: BarrierScope, { span }: Step): Stmt {
  return { kind: "Barrier", span, scope };
}

/** Buffers that something in `stmt` may write. */
function writtenIn(stmt: Stmt, mayAlias: LaunchOptions["mayAlias"]): ReadonlySet<Buffer> {
  const written = new Set<Buffer>();
  const see = ({ buffer }: { readonly buffer: Buffer }): void => void written.add(buffer);
  visit(stmt, { Store: see, Atomic: see, BufferRegion: see });
  for (const [a, b] of mayAlias) if (written.has(a) || written.has(b)) written.add(a).add(b);
  return written;
}

function when(condition: Expr | undefined, stmt: Stmt): Stmt {
  return condition === undefined ? stmt : build.when(condition, stmt);
}

/** Appends a step; one under the very guard of the last joins it. */
function add(steps: Step[], step: Step): void {
  const last = steps.at(-1);
  if (step.kind === "If" && last?.kind === "If" && last.condition === step.condition)
    steps[steps.length - 1] = { ...last, then: sequence([last.then, step.then]) };
  else steps.push(step);
}
