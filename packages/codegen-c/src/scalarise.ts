/**
 * Rule: every vector becomes its lanes. A `Let`, `Register` or `Assign` of a vector becomes one for each lane, a vector store
 * as many scalar stores; all values of a statement are computed before it changes anything.
 */
import {
  at,
  type Builder,
  build,
  type Expr,
  operandsOf,
  type PrimFunc,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import { postorder } from "./graph-order.js";

type Lanes = readonly Expr[];

/** `func` without vectors. */
export function scalarise(func: PrimFunc): PrimFunc {
  return { ...func, body: new Scalariser().stmt(func.body) };
}

class Scalariser {
  private readonly variables = new Map<Var, Lanes>();

  /** The lanes of `root`, scalar expressions all. */
  private lanes(root: Expr): Lanes {
    const done = new Map<Expr, Lanes>();
    const of = (expr: Expr): Lanes => done.get(expr) ?? [];
    for (const expr of postorder([root])) done.set(expr, this.expand(expr, of));
    return of(root);
  }

  private one(expr: Expr): Expr {
    return this.lanes(expr)[0] ?? expr;
  }

  private expand(expr: Expr, of: (expr: Expr) => Lanes): Lanes {
    const b = at(expr.span);
    const each = (make: (lane: number) => Expr): Lanes => Array.from({ length: expr.lanes }, (_, lane) => make(lane));
    const lane = (operand: Expr, index: number): Expr => of(operand)[operand.lanes === 1 ? 0 : index] ?? operand;
    switch (expr.kind) {
      case "Var":
        return this.variables.get(expr) ?? [expr];
      case "Broadcast":
        return each(() => lane(expr.operand, 0));
      case "Ramp":
        return each((index) => rampLane(b, lane(expr.base, 0), lane(expr.stride, 0), index));
      case "Shuffle": {
        const all = expr.vectors.flatMap((vector) => of(vector));
        return expr.picks.map((pick) => all[pick] ?? expr);
      }
      default:
        if (
          expr.lanes === 1 &&
          operandsOf(expr).every((operand) => of(operand).length === 1 && of(operand)[0] === operand)
        )
          return [expr];
        return each((index) => withOperands(expr, (operand) => lane(operand, index)));
    }
  }

  stmt(stmt: Stmt): Stmt {
    const b = at(stmt.span);
    switch (stmt.kind) {
      case "Seq":
        return { ...stmt, stmts: stmt.stmts.map((inner) => this.stmt(inner)) };
      case "For":
        return { ...stmt, min: this.one(stmt.min), extent: this.one(stmt.extent), body: this.stmt(stmt.body) };
      case "While":
        return { ...stmt, condition: this.one(stmt.condition), body: this.stmt(stmt.body) };
      case "If":
        return {
          ...stmt,
          condition: this.one(stmt.condition),
          then: this.stmt(stmt.then),
          otherwise: stmt.otherwise === null ? null : this.stmt(stmt.otherwise),
        };
      case "Let":
      case "Register":
      case "Allocate":
        return this.binders(stmt);
      case "Assign":
        return this.assign(b, stmt.variable, stmt.value);
      case "Store":
        return this.store(b, stmt);
      case "Assert":
        return { ...stmt, condition: this.one(stmt.condition) };
      case "Evaluate":
        return b.seq(...this.lanes(stmt.value).map((value) => ({ ...stmt, value })));
      case "Atomic":
        return { ...stmt, indices: stmt.indices.map((index) => this.one(index)), value: this.one(stmt.value) };
      case "KernelCall":
      case "ParallelCall": {
        const args = stmt.args.map((arg) =>
          arg.kind === "BufferRegion" ? { ...arg, mins: arg.mins.map((min) => this.one(min)) } : this.one(arg),
        );
        return stmt.kind === "KernelCall" ? { ...stmt, args } : { ...stmt, args, extent: this.one(stmt.extent) };
      }
      default:
        return stmt;
    }
  }

  /** A chain of binders, one inside the other: rebuilt from the inside without recursion along the chain. */
  private binders(first: Stmt): Stmt {
    const wrappers: ((body: Stmt) => Stmt)[] = [];
    let stmt = first;
    for (; stmt.kind === "Let" || stmt.kind === "Register" || stmt.kind === "Allocate"; stmt = stmt.body) {
      const node = stmt;
      if (node.kind === "Allocate") {
        wrappers.push((body) => ({ ...node, body }));
        continue;
      }
      const values = this.lanes(node.kind === "Let" ? node.value : node.initial);
      const vars =
        node.variable.lanes === 1
          ? [node.variable]
          : values.map((value, lane) => variable(`${node.variable.name}_${lane}`, value.dtype, 1, node.variable.span));
      this.variables.set(node.variable, vars);
      vars.forEach((bound, lane) => {
        const value = values[lane] ?? bound;
        wrappers.push((body) =>
          node.kind === "Let"
            ? { ...node, variable: bound, value, body }
            : { ...node, variable: bound, initial: value, body },
        );
      });
    }
    return wrappers.reduceRight((body, wrapper) => wrapper(body), this.stmt(stmt));
  }

  private assign(b: Builder, target: Var, value: Expr): Stmt {
    const values = this.lanes(value);
    const vars = this.variables.get(target) ?? [target];
    if (vars.length === 1 || !mixesLanes(value))
      return b.seq(...vars.map((bound, lane) => b.assign(bound as Var, values[lane] ?? bound)));
    const { variables, bind } = named(values);
    return bind(b.seq(...vars.map((bound, lane) => b.assign(bound as Var, variables[lane] ?? bound))));
  }

  private store(b: Builder, stmt: Extract<Stmt, { readonly kind: "Store" }>): Stmt {
    const [index] = stmt.indices;
    if (index === undefined) return stmt;
    const indices = this.lanes(index);
    const values = this.lanes(stmt.value);
    const predicates = stmt.predicate === null ? [] : this.lanes(stmt.predicate);
    const single = (at: Expr, value: Expr, predicate: Expr | undefined): Stmt => {
      const store = b.store(stmt.buffer, [at], value);
      return predicate === undefined ? store : b.when(predicate, store);
    };
    if (indices.length === 1) return single(indices[0] ?? index, values[0] ?? stmt.value, predicates[0]);
    const item = (list: Lanes, lane: number): Expr => (list.length === 1 ? list[0] : list[lane]) ?? index;
    const stores = (from: Lanes): Stmt =>
      b.seq(
        ...indices.map((place, lane) =>
          single(place, item(from, lane), predicates.length === 0 ? undefined : item(predicates, lane)),
        ),
      );
    if (!readsMemory(stmt)) return stores(values);
    const { variables, bind } = named(values);
    return bind(stores(variables));
  }
}

/** A variable for each value, bound before what `bind` is given. */
function named(values: Lanes): { readonly variables: readonly Var[]; bind(body: Stmt): Stmt } {
  const variables = values.map((value, lane) => variable(`lane_${lane}`, value.dtype, 1, value.span));
  return {
    variables,
    bind: (body) => variables.reduceRight((inner, bound, lane) => build.let(bound, values[lane] ?? bound, inner), body),
  };
}

function rampLane(b: Builder, base: Expr, stride: Expr, lane: number): Expr {
  if (lane === 0) return base;
  const step =
    stride.kind === "Const" && stride.dtype === "index"
      ? b.int(Number(stride.value) * lane)
      : b.mul(stride, b.const(lane, base.dtype));
  if (base.kind === "Const" && step.kind === "Const" && base.dtype === "index")
    return b.int(Number(base.value) + Number(step.value));
  return b.add(base, step);
}

/** True where a lane of the result may depend on another lane of an operand. */
function mixesLanes(value: Expr): boolean {
  return postorder([value]).some((expr) => expr.kind === "Shuffle");
}

/** True where the store reads memory, which may be what it changes. */
function readsMemory(stmt: Extract<Stmt, { readonly kind: "Store" }>): boolean {
  const roots = [stmt.value, ...stmt.indices, ...(stmt.predicate === null ? [] : [stmt.predicate])];
  return postorder(roots).some((expr) => expr.kind === "Load");
}

/** One lane of an expression: `expr` with scalar operands. */
function withOperands(expr: Expr, lane: (operand: Expr) => Expr): Expr {
  const lanes = 1;
  switch (expr.kind) {
    case "Unary":
    case "Cast":
    case "Reinterpret":
      return { ...expr, lanes, operand: lane(expr.operand) };
    case "Binary":
      return { ...expr, lanes, left: lane(expr.left), right: lane(expr.right) };
    case "Select":
    case "IfThenElse":
      return {
        ...expr,
        lanes,
        condition: lane(expr.condition),
        whenTrue: lane(expr.whenTrue),
        whenFalse: lane(expr.whenFalse),
      };
    case "Load":
      return {
        ...expr,
        lanes,
        indices: expr.indices.map(lane),
        predicate: expr.predicate === null ? null : lane(expr.predicate),
      };
    case "Call":
      return { ...expr, lanes, args: expr.args.map(lane) };
    default:
      return expr;
  }
}
