// Rule, for targets with launches: a kernel becomes a function of the host, of the same name and parameters, which calls a function in launch form
// for each launch. Loops over blocks begin a launch, or loops over threads outside of them; what stands outside of both is a launch of one thread,
// since the memory is the device's. Allocations of global memory, serial loops and branches around launches stay with the host, as far as they need
// nothing that lies in memory. Statements between loops over blocks become launches of their own: blocks never wait for each other.
import { boundsOf, type Interval, simplifyStatement } from "@tilewright/arith";
import { definePass, intrinsicOf, type LaunchCapabilities, type PassContext } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import {
  type Buffer, build, type Expr, type For, type If, type IRModule, int, type Let, type PrimFunc, type Register, type Stmt, sequence, type ThreadTag, type Var, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { tightlyScoped } from "./block.js";
import { contains, EFFECTS } from "./count-nodes.js";
import { eachStatement, someStatement } from "./each-statement.js";
import { unwritableLaunch } from "./errors.js";
import { mentions } from "./guards.js";
import { constantOf, plus } from "./index-arithmetic.js";
import { inThreadNest, isLaunch, LAUNCH_ATTRIBUTE } from "./launch.js";
import { inMemory } from "./launch-cells.js";
import { inOrder, largestExtent, toLaunchForm } from "./launch-form.js";
import { axesOf, boundBy, type Frame, inBlocks, inFrames } from "./launch-frames.js";
import { type Axis, hostAllocation } from "./launch-memory.js";
import { withoutParallel } from "./outline-parallel.js";
import { argumentsFor, capturedBy, outlined, unusedName } from "./outlined.js";
import { describe } from "./uniform.js";

export const splitLaunches = definePass({
  name: "split-launches",
  requires: "flat",
  establishes: "flat",
  run(module, context) {
    const { launch } = context.capabilities;
    if (launch === null) return module;
    const names = new Set(module.functions.map(({ name }) => name));
    const called = new Set(module.functions.filter(isEntry).map(({ name }) => name));
    const functions = module.functions.flatMap((func) => {
      if (!isEntry(func)) return [func];
      const host = new Host(func, { context, launch, names, called });
      const body = host.block(withoutParallel(func.body), []);
      return [{ ...func, role: "host" as const, body }, ...host.launches];
    });
    return { ...module, functions } satisfies IRModule;
  },
});

/** Functions that are called from outside of the module, or by its host. */
const isEntry = (func: PrimFunc): boolean => func.role === "kernel" && intrinsicOf(func) === null && !isLaunch(func);

interface Surroundings {
  readonly context: PassContext;
  readonly launch: LaunchCapabilities;
  /** Names that are taken. */
  readonly names: Set<string>;
  /** Functions that are of the host from now on. */
  readonly called: ReadonlySet<string>;
}

const isThreads = (stmt: Stmt): boolean => stmt.kind === "For" && stmt.loopKind === "thread";
const hasThreads = (stmt: Stmt): boolean => someStatement(stmt, isThreads);
const isBlocks = (stmt: Stmt): boolean =>
  stmt.kind === "For" && stmt.thread !== null && stmt.thread.startsWith("block");
const hasBlocks = (stmt: Stmt): boolean => someStatement(stmt, isBlocks);
const isPure = (expr: Expr): boolean => !contains(expr, ["Load", "Call"]);
/**
 * How a step is run. `together`: in one launch with its neighbours. `alone`: in a launch of its own. `host`: the host does it, or goes into it.
 */
type Way = "together" | "alone" | "host";

class Host {
  readonly launches: PrimFunc[] = [];
  readonly #func: PrimFunc;
  readonly #surroundings: Surroundings;
  readonly #ranges: ReadonlyMap<Var, Interval>;
  /** Registers that the host can keep: no launch assigns them, and their values come from no memory. */
  readonly #registers: ReadonlySet<Var>;
  /** Memory that holds such values as the host cannot keep. */
  readonly #cells = new Set<Buffer>();

  constructor(func: PrimFunc, surroundings: Surroundings) {
    this.#func = func;
    this.#surroundings = surroundings;
    this.#ranges = rangesIn(func.body);
    this.#registers = registersOfHost(withoutParallel(func.body));
  }

  /** What the host does for `stmt`, which stands in `frames`. */
  block(stmt: Stmt, frames: readonly Frame[]): Stmt {
    const made: Stmt[] = [];
    let together: Stmt[] = [];
    const launch = (): void => {
      if (together.length > 0) made.push(this.#launch(sequence(together), frames));
      together = [];
    };
    for (const each of tightlyScoped(stmt)) {
      const way = this.#wayOf(each, frames);
      if (way === "together") together.push(each);
      else {
        launch();
        made.push(way === "alone" ? this.#launch(each, frames) : this.#host(each, frames));
      }
    }
    launch();
    return sequence(made, stmt.span);
  }

  #wayOf(stmt: Stmt, frames: readonly Frame[]): Way {
    if (hasBlocks(stmt) || this.#callOf(stmt) !== null) return "host";
    if (inBlocks(frames)) return "together";
    if (this.#opensHost(stmt)) return "host";
    if (!hasThreads(stmt)) return "together";
    return headOf(stmt)?.every(isPure) ? "host" : "alone";
  }

  /** A call of a function that is of the host. */
  #callOf(stmt: Stmt): string | null {
    let callee: string | null = null;
    eachStatement(stmt, {
      KernelCall: (call) => {
        if (this.#surroundings.called.has(call.callee)) callee = call.callee;
      },
    });
    return callee;
  }

  /** Whether the host has a part in a statement without loops: allocations, registers that it keeps. */
  #opensHost(root: Stmt): boolean {
    const stack: Stmt[] = [root];
    for (let stmt = stack.pop(); stmt !== undefined; stmt = stack.pop()) {
      if (stmt.kind === "Allocate" && stmt.buffer.scope === "global") return true;
      if (stmt.kind === "Assign" && this.#registers.has(stmt.variable)) return true;
      if (stmt.kind === "Seq") stack.push(...stmt.stmts);
      else if (stmt.kind === "Register" || stmt.kind === "Let") stack.push(stmt.body);
    }
    return false;
  }

  /** A variable that the host would have to read from memory stays there. */
  #held(binder: Let | Register, frames: readonly Frame[]): Stmt {
    const value = binder.kind === "Let" ? binder.value : binder.initial;
    const memory = inMemory(binder.variable, value, binder.body, axesOf(frames));
    this.#cells.add(memory.buffer);
    return { ...memory, body: this.block(memory.body, frames) };
  }

  #host(step: Stmt, frames: readonly Frame[]): Stmt {
    switch (step.kind) {
      case "Let":
        if (!isPure(step.value)) return this.#held(step, frames);
        if (inBlocks(frames)) return this.block(step.body, [...frames, { kind: "let", let: step }]);
        return { ...step, body: this.block(step.body, frames) };
      case "Register":
        if (inBlocks(frames) || !this.#registers.has(step.variable)) return this.#held(step, frames);
        return { ...step, body: this.block(step.body, frames) };
      case "Allocate": {
        const made = !inBlocks(frames) && step.buffer.scope === "global" ? step : hostAllocation(step, axesOf(frames));
        return { ...made, body: this.block(made.body, frames) };
      }
      case "If":
        return this.#branch(step, frames);
      case "While":
        this.#onHost([step.condition], "a loop with a condition", step, frames);
        return { ...step, body: this.block(step.body, frames) };
      case "For":
        if (isBlocks(step)) return this.#blocks(step, frames);
        if (isThreads(step)) break;
        this.#onHost([step.min, step.extent], `the loop \`${step.loopVar.name}\``, step, frames);
        return { ...step, body: this.block(step.body, frames) };
      case "Assign":
        this.#onHost([step.value], `the register \`${step.variable.name}\``, step, frames);
        return step;
      case "KernelCall":
        if (frames.length === 0) return step;
        break;
      default:
        break;
    }
    const callee = this.#callOf(step);
    const [what, why] =
      callee !== null
        ? [`a call of the kernel \`${callee}\``, "threads, or a condition read from memory, around it"]
        : [describe(step), "loops over blocks inside of it"];
    const hint = "bind the outer loops to blocks, the inner ones to threads, and call kernels outside of them";
    throw new CompileError(unwritableLaunch(what, why, hint, step.span));
  }

  /** @throws CompileError LOW210 when the host cannot know a value before the launches inside */
  #onHost(values: readonly Expr[], what: string, { span }: Stmt, frames: readonly Frame[]): void {
    const bound = boundBy(frames);
    if (values.every((value) => isPure(value) && !mentions(value, bound))) return;
    const names = [...bound].map(({ name }) => `\`${name}\``);
    const why =
      names.length > 0
        ? `what it depends on differs between the blocks of ${names.join(", ")}, or is read from memory`
        : "what it depends on is read from memory, which the host does not see";
    throw new CompileError(
      unwritableLaunch(`${what} around loops over blocks`, why, `move ${what} inside of the blocks`, span),
    );
  }

  #branch(step: If, frames: readonly Frame[]): Stmt {
    const { condition, span } = step;
    const otherwise = (guarded: readonly Frame[]): Stmt =>
      step.otherwise === null ? sequence([]) : this.block(step.otherwise, guarded);
    const isHeld = condition.kind === "Load" && this.#cells.has(condition.buffer);
    if (!isPure(condition) && !isHeld) {
      const held = variable("condition", "bool", 1, span);
      return this.#held(build.let(held, condition, { ...step, condition: held }) as Let, frames);
    }
    if (!isHeld && !mentions(condition, boundBy(frames))) {
      const other = step.otherwise === null ? null : otherwise(frames);
      return { ...step, then: this.block(step.then, frames), otherwise: other };
    }
    const guard = (of: Expr): readonly Frame[] => [...frames, { kind: "guard", condition: of }];
    return sequence([this.block(step.then, guard(condition)), otherwise(guard(build.unary("not", condition)))], span);
  }

  #blocks(loop: For, frames: readonly Frame[]): Stmt {
    if (constantOf(loop.extent) === 0) return sequence([]);
    const own = constantOf(loop.min) === 0 ? loop.loopVar : variable(loop.loopVar.name, "index", 1, loop.loopVar.span);
    const axis = {
      tag: loop.thread as ThreadTag,
      variable: own,
      extent: largestExtent(loop, this.#ranges, this.#surroundings.launch),
    };
    return this.block(loop.body, [...frames, { kind: "blocks", loop, axis }]);
  }

  /** The call of a launch whose blocks run `stmt`. */
  #launch(stmt: Stmt, frames: readonly Frame[]): Stmt {
    const { context, names, launch } = this.#surroundings;
    const blocks = axesOf(frames);
    const { threads, body, memory } = toLaunchForm(inFrames(stmt, frames), {
      blocks,
      ranges: this.#ranges,
      launch,
      mayAlias: this.#func.mayAlias,
      privateBytes: context.capabilities.memory.local?.maxBytes ?? null,
      kernel: this.#func.name,
    });
    const nest = inThreadNest([...inOrder(blocks), ...threads].map(threadLoop), body);
    const kernel = simplifyStatement(nest);
    if (!contains(kernel, EFFECTS)) return sequence([]);
    const name = unusedName(`${this.#func.name}_kernel${this.launches.length}`, names);
    const captured = capturedBy(kernel, this.#func);
    this.launches.push(
      outlined(kernel, this.#func, captured, { name, role: "kernel", attributes: { [LAUNCH_ATTRIBUTE]: true } }),
    );
    const size = { grid: sizesOf(blocks, "blockIdx"), block: sizesOf(threads, "threadIdx") };
    const call: Stmt = {
      kind: "KernelCall",
      span: stmt.span,
      callee: name,
      args: argumentsFor(captured),
      launch: size,
    };
    return memory.reduceRight<Stmt>((inner, made) => build.allocate(made, inner), call);
  }
}

/** What a step computes before it goes into itself; undefined for steps that the host never takes apart. */
function headOf(step: Stmt): readonly Expr[] | undefined {
  if (step.kind === "Let") return [step.value];
  if (step.kind === "If" || step.kind === "While") return [step.condition];
  return step.kind === "For" && step.loopKind === "serial" ? [step.min, step.extent] : undefined;
}

function threadLoop({ tag, variable: own, extent }: Axis): For {
  return { ...build.loop(own, int(0), int(extent), sequence([]), "thread"), thread: tag };
}

/** Extents along the axes that are used, the slowest first; at least one. */
function sizesOf(axes: readonly Axis[], kind: "blockIdx" | "threadIdx"): readonly Expr[] {
  const sizes = ["z", "y", "x"].map((axis) => axes.find(({ tag }) => tag === `${kind}.${axis}`)?.extent);
  const first = sizes.findIndex((size) => size !== undefined);
  return sizes.slice(first === -1 ? 2 : first).map((size) => int(size ?? 1));
}

/** Registers that the host alone assigns, values that come from no memory. What the others hold is in memory: so all are asked until none changes. */
function registersOfHost(root: Stmt): ReadonlySet<Var> {
  const assigned = new Map<Var, number>();
  eachStatement(root, {
    Assign: ({ variable: of }) => void assigned.set(of, (assigned.get(of) ?? 0) + 1),
  });
  const inMemory = new Set<Var>();
  let kept: Var[] = [];
  for (let before = -1; before !== inMemory.size; ) {
    before = inMemory.size;
    const reached = assignedByHost(root, inMemory);
    for (const [register, count] of reached) if (count < (assigned.get(register) ?? 0)) inMemory.add(register);
    kept = [...reached.keys()].filter((register) => !inMemory.has(register));
  }
  return new Set(kept);
}

interface HostVisit {
  readonly stmt: Stmt;
  /** False in a binder without blocks: there the host does what is assigned at once, but goes into no loop or branch. */
  readonly deep: boolean;
  /** The innermost branch around that memory decides: the host does not know whether it is taken. */
  readonly unknown: If | null;
}

/** How often the host assigns each register that it comes to; adds to `inMemory` those whose values it would have to read. */
function assignedByHost(root: Stmt, inMemory: Set<Var>): ReadonlyMap<Var, number> {
  const reached = new Map<Var, number>();
  const home = new Map<Var, If | null>();
  const known = (expr: Expr): boolean => isPure(expr) && !mentions(expr, inMemory);
  const stack: HostVisit[] = [];
  const push = (stmt: Stmt, deep: boolean, unknown: If | null): void =>
    void stack.push(...tightlyScoped(stmt).map((each) => ({ stmt: each, deep, unknown })));
  push(root, true, null);
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { stmt, deep, unknown } = top;
    if (stmt.kind === "Let" || stmt.kind === "Register") {
      if (stmt.kind === "Register") reached.set(stmt.variable, 0);
      if (stmt.kind === "Register") home.set(stmt.variable, unknown);
      if (!known(stmt.kind === "Let" ? stmt.value : stmt.initial)) inMemory.add(stmt.variable);
      push(stmt.body, deep && hasBlocks(stmt), unknown);
    } else if (stmt.kind === "Allocate") {
      if (stmt.buffer.scope === "global" || hasBlocks(stmt)) push(stmt.body, deep, unknown);
    } else if (stmt.kind === "Assign") {
      const count = reached.get(stmt.variable);
      if (count !== undefined && home.get(stmt.variable) === unknown && known(stmt.value))
        reached.set(stmt.variable, count + 1);
    } else if (deep && hasThreads(stmt)) {
      const isKnown = headOf(stmt)?.every(known) === true;
      if (isKnown && (stmt.kind === "For" || stmt.kind === "While")) push(stmt.body, deep, unknown);
      if (stmt.kind !== "If" || !(isKnown || hasBlocks(stmt))) continue;
      for (const branch of [stmt.then, stmt.otherwise])
        if (branch !== null) push(branch, deep, isKnown ? unknown : stmt);
    }
  }
  return reached;
}

/** Values of loop variables and of bound indices. */
function rangesIn(body: Stmt): ReadonlyMap<Var, Interval> {
  const ranges = new Map<Var, Interval>();
  eachStatement(body, {
    For: ({ loopVar, min, extent }) => {
      const { max } = boundsOf(plus(min, extent), ranges);
      ranges.set(loopVar, { min: boundsOf(min, ranges).min, max: max - 1 });
    },
    Let: ({ variable: bound, value }) => {
      if (bound.dtype === "index" && bound.lanes === 1) ranges.set(bound, boundsOf(value, ranges));
    },
  });
  return ranges;
}
