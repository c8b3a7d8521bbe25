import { CompileError, invariant, type Span } from "@tilewright/diagnostics";
import type { Allocate, Assign, Barrier, If, Seq, Stmt, While } from "@tilewright/ir";
import { allocateBuffer, compileLayout } from "./allocate.js";
import { compileAsync, compileTokens } from "./async.js";
import { compileKernelCall, compileParallelCall } from "./calls.js";
import type { Action, Compilers, SteppedAction } from "./compilers.js";
import { assertionFailed, divergentBarrier, illTyped, race } from "./errors.js";
import { compileExpr, compileIndex } from "./expressions.js";
import { type Frame, placeAt, step } from "./frame.js";
import { compileLoop, compileSteppedLoop } from "./loops.js";
import type { Memory } from "./memory.js";
import { bindMemory, bindVariable, placeIn, type Scope, slotOf } from "./scope.js";
import { compileStore } from "./stores.js";
import { hasBarrier } from "./structure.js";
import type { Steps } from "./threads.js";

const compilers: Compilers = { action: compileStmt, steps: compileSteps };

/** Compiles a statement to a function that runs it. */
export function compileStmt(scope: Scope, stmt: Stmt): Action {
  switch (stmt.kind) {
    case "For":
      return compileLoop(scope, stmt, compilers);
    case "While": {
      const { condition, span } = compileWhile(scope, stmt);
      const body = compileStmt(scope, stmt.body);
      return (frame) => {
        while (condition(frame)) {
          step(frame.run, span);
          body(frame);
        }
      };
    }
    case "Store":
    case "Atomic":
      return compileStore(scope, stmt);
    case "If": {
      const choose = compileIf(scope, stmt, (arm) => compileStmt(scope, arm));
      return (frame) => choose(frame)?.(frame);
    }
    case "Assign":
      return compileAssign(scope, stmt);
    case "Let":
    case "Register":
    case "Allocate": {
      const before = stmt.kind === "Allocate" ? compileAllocate(scope, stmt) : compileBinding(scope, stmt);
      const body = compileStmt(scope, stmt.body);
      return (frame) => {
        before(frame);
        body(frame);
      };
    }
    case "Seq":
      return compileSeq(scope, stmt);
    case "Assert": {
      const condition = compileExpr(scope, stmt.condition);
      const place = placeIn(scope, stmt.span);
      return (frame) => {
        if (condition(frame) !== true) throw new CompileError(assertionFailed(stmt.message, place(frame)));
      };
    }
    case "Evaluate": {
      const value = compileExpr(scope, stmt.value);
      return (frame) => void value(frame);
    }
    case "Barrier":
      return (frame) => barrierOutsideThreads(frame, stmt);
    case "Async":
      return compileAsync(scope, stmt, compilers);
    case "PushToken":
    case "PopToken":
    case "Synchronize":
      return compileTokens(stmt);
    case "KernelCall":
      return compileKernelCall(scope, stmt);
    case "ParallelCall":
      return compileParallelCall(scope, stmt);
  }
}

/** Compiles a statement to steps that pause at barriers, or, with `leaves`, after each statement too. */
function compileSteps(scope: Scope, stmt: Stmt, leaves: boolean): SteppedAction {
  if (stmt.kind === "Barrier") {
    return function* (frame): Steps {
      if (leaves) yield null;
      if (frame.thread === null && frame.group === null) return;
      yield stmt;
    };
  }
  if (!leaves && !hasBarrier(stmt)) {
    const action = compileStmt(scope, stmt);
    // biome-ignore lint/correctness/useYield: it never pauses
    return function* (frame): Steps {
      action(frame);
    };
  }
  switch (stmt.kind) {
    case "For":
      return compileSteppedLoop(scope, stmt, compilers, leaves);
    case "While": {
      const { condition, span } = compileWhile(scope, stmt);
      const body = compileSteps(scope, stmt.body, leaves);
      return function* (frame): Steps {
        while (condition(frame)) {
          step(frame.run, span);
          yield* body(frame);
        }
      };
    }
    case "If": {
      const choose = compileIf(scope, stmt, (arm) => compileSteps(scope, arm, leaves));
      return function* (frame): Steps {
        const arm = choose(frame);
        if (arm !== undefined) yield* arm(frame);
      };
    }
    case "Let":
    case "Register":
    case "Allocate": {
      const before = stmt.kind === "Allocate" ? compileAllocate(scope, stmt) : compileBinding(scope, stmt);
      const body = compileSteps(scope, stmt.body, leaves);
      return function* (frame): Steps {
        before(frame);
        yield* body(frame);
      };
    }
    case "Seq": {
      const parts = stmt.stmts.map((each) => compileSteps(scope, each, leaves));
      return function* (frame): Steps {
        for (const part of parts) yield* part(frame);
      };
    }
    default: {
      const action = compileStmt(scope, stmt);
      return function* (frame): Steps {
        action(frame);
        yield null;
      };
    }
  }
}

function compileSeq(scope: Scope, stmt: Seq): Action {
  const actions = stmt.stmts.map((each) => compileStmt(scope, each));
  return (frame) => {
    for (const action of actions) action(frame);
  };
}

function compileWhile(scope: Scope, stmt: While): { condition: (frame: Frame) => boolean; span: Span } {
  const condition = compileExpr(scope, stmt.condition);
  return { condition: (frame) => condition(frame) === true, span: stmt.span };
}

function compileIf<A>(scope: Scope, stmt: If, compile: (arm: Stmt) => A): (frame: Frame) => A | undefined {
  if (stmt.condition.dtype !== "bool" || stmt.condition.lanes !== 1) {
    throw new CompileError(
      illTyped("the condition of an If is not a truth value", "bool", stmt.condition.dtype, stmt.span),
    );
  }
  const condition = compileExpr(scope, stmt.condition);
  const then = compile(stmt.then);
  const otherwise = stmt.otherwise === null ? undefined : compile(stmt.otherwise);
  return (frame) => (condition(frame) === true ? then : otherwise);
}

function compileBinding(scope: Scope, stmt: Extract<Stmt, { kind: "Let" | "Register" }>): Action {
  const value = compileExpr(scope, stmt.kind === "Let" ? stmt.value : stmt.initial);
  const slot = bindVariable(scope, stmt.variable);
  return (frame) => {
    frame.values[slot] = value(frame);
  };
}

function compileAssign(scope: Scope, stmt: Assign): Action {
  const { variable, span } = stmt;
  const slot = slotOf(scope, variable, span);
  if ((scope.variables.get(variable)?.forks ?? 0) < scope.forks) {
    const where = "a body whose instances run at once";
    throw new CompileError(race(variable.name, where, "an assignment", "another by a second instance", placeAt(span)));
  }
  if (stmt.value.dtype !== variable.dtype || stmt.value.lanes !== variable.lanes) {
    throw new CompileError(
      illTyped(`\`${variable.name}\` is assigned another type`, variable.dtype, stmt.value.dtype, span),
    );
  }
  const value = compileExpr(scope, stmt.value);
  return (frame) => {
    frame.values[slot] = value(frame);
  };
}

function compileAllocate(scope: Scope, stmt: Allocate): Action {
  const { buffer } = stmt;
  const { program } = scope;
  const layoutOf = compileLayout(buffer, (expr) => compileIndex(scope, expr));
  const slot = bindMemory(scope, buffer);
  const place = placeIn(scope, stmt.span);
  return (frame) => {
    const layout = layoutOf(frame, place(frame));
    const { group } = frame;
    if (buffer.scope !== "shared" || frame.thread === null || group === null) {
      frame.memories[slot] = allocateBuffer(program, frame, buffer, layout);
      return;
    }
    const visit = frame.visits.get(stmt) ?? 0;
    frame.visits.set(stmt, visit + 1);
    const make = (): Memory => allocateBuffer(program, frame, buffer, layout, group.forks);
    frame.memories[slot] = group.sharedAt(stmt, visit, make);
  };
}

/** Between the loops over a block's threads a barrier orders them; a block of no threads needs none. */
function barrierOutsideThreads(frame: Frame, stmt: Barrier): void {
  if (frame.thread !== null) {
    throw new CompileError(
      divergentBarrier("a loop inside the threads", "a barrier in a loop whose iterations run at once", stmt.span),
    );
  }
  frame.group?.context.barrier(stmt.scope);
}

/** Compiles the body of a function. */
export function compileBody(scope: Scope, body: Stmt): Action {
  invariant(scope.loops.length === 0, "a function starts outside of all loops");
  return compileStmt(scope, body);
}
