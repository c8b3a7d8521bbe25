import { CompileError, InternalError } from "@tilewright/diagnostics";
import {
  type Atomic,
  type BufferRegion,
  type DType,
  type Expr,
  type For,
  type If,
  isConst,
  type PrimFunc,
  type Stmt,
  type Var,
} from "@tilewright/ir";
import { atomicLine } from "./atomics.js";
import { tooLarge } from "./errors.js";
import { ExpressionWriter, heldBy, MAX_NESTING, type Scope } from "./expression.js";
import type { FunctionFacts } from "./function-facts.js";
import { nameOf, pointee, storeLine } from "./memory.js";
import { isHalf, typeOf } from "./types.js";
import { atom, infix, LEVEL, type Value, wrap } from "./value.js";
import { closureBytes, elementCount, type WorkspacePlan } from "./workspace.js";

/** What statements of a function need beside what its expressions need. */
export interface FunctionScope extends Scope {
  readonly facts: FunctionFacts;
  readonly plan: WorkspacePlan;
  /** A function of the module, its name in C, and whether it may fail. */
  callee(name: string): { readonly func: PrimFunc; readonly symbol: string; readonly mayFail: boolean };
  /** The number of an assertion's message in the module. */
  messageIndex(message: string): number;
}

/** Writes statements as C. */
export class StatementWriter {
  private readonly scope: FunctionScope;
  private readonly expressions: ExpressionWriter;
  private readonly registers = new Set<string>();
  private depth = 0;

  constructor(scope: FunctionScope) {
    this.scope = scope;
    this.expressions = new ExpressionWriter(scope);
  }

  /** Writes `root`; binders extend to the end of the enclosing block, so only loops and branches nest. */
  write(root: Stmt): void {
    const pending: Stmt[] = [root];
    for (let stmt = pending.pop(); stmt !== undefined; stmt = pending.pop()) {
      if (stmt.kind === "Seq")
        for (let position = stmt.stmts.length - 1; position >= 0; position--)
          pending.push(stmt.stmts[position] as Stmt);
      else {
        const rest = this.one(stmt);
        if (rest !== undefined) pending.push(rest);
      }
    }
  }

  /** Writes one statement and returns what follows it in the same block. */
  private one(stmt: Stmt): Stmt | undefined {
    switch (stmt.kind) {
      case "Let":
        if (this.scope.facts.used.has(stmt.variable)) this.bind(stmt.variable, stmt.value, "const ");
        return stmt.body;
      case "Register":
        this.registers.add(this.bind(stmt.variable, stmt.initial, ""));
        return stmt.body;
      case "Allocate":
        this.allocate(stmt);
        return stmt.body;
      case "Assign":
        return this.assign(stmt.variable, stmt.value);
      case "Store":
        return this.store(stmt);
      case "For":
        return this.loop(stmt);
      case "While":
        return this.whileLoop(stmt.condition, stmt.body);
      case "If":
        return this.branch(stmt);
      case "Assert":
        return this.assertion(stmt.condition, stmt.message);
      case "Evaluate":
        return this.evaluate(stmt.value);
      case "Atomic":
        return this.atomic(stmt);
      case "KernelCall":
        return this.kernelCall(stmt);
      case "ParallelCall":
        return this.parallelCall(stmt);
      default:
        throw new InternalError(`the capabilities declare no \`${stmt.kind}\``);
    }
  }

  private line(text: string): void {
    this.scope.writer.line(text);
  }

  private single(expr: Expr): Value {
    this.expressions.begin([expr]);
    return this.expressions.value(expr);
  }

  private bind(variable: Var, initial: Expr, qualifier: string): string {
    const value = this.single(initial);
    const name = this.scope.names.take(variable.name);
    const type = this.expressions.typeName(variable, value.maskBits);
    this.scope.writer.declare(name, `${qualifier}${type} ${name} = ${value.text};`);
    this.scope.variables.set(variable, atom(name, value.maskBits));
    return name;
  }

  private assign(variable: Var, expr: Expr): undefined {
    const target = heldBy(this.scope, variable);
    const value = this.single(expr);
    const fitted =
      value.maskBits === target.maskBits
        ? value.text
        : `__builtin_convertvector(${value.text}, i${target.maskBits}x${variable.lanes})`;
    if (fitted !== target.text) this.line(`${target.text} = ${fitted};`);
  }

  private allocate({ buffer }: Extract<Stmt, { readonly kind: "Allocate" }>): void {
    const name = this.scope.names.take(buffer.name);
    const type = pointee(buffer);
    const offset = this.scope.plan.offsets.get(buffer);
    this.scope.buffers.set(buffer, name);
    if (!this.scope.facts.access.has(buffer)) return;
    const { writer } = this.scope;
    if (offset === undefined) writer.declare(name, `${type} ${name}[${Math.max(1, elementCount(buffer))}];`);
    else writer.declare(name, `${type} *const restrict ${name} = (${type} *)(${workspaceAt(offset)});`);
  }

  private store(stmt: Extract<Stmt, { readonly kind: "Store" }>): undefined {
    this.expressions.begin([stmt.value, ...stmt.indices, ...(stmt.predicate === null ? [] : [stmt.predicate])]);
    this.line(storeLine(this.expressions, stmt));
  }

  private atomic(stmt: Atomic): undefined {
    this.expressions.begin([...stmt.indices, stmt.value]);
    this.line(atomicLine(this.expressions, stmt));
  }

  /** Writes a block in braces after `head`. */
  private block(head: string, body: Stmt, tail = "}", before: readonly string[] = []): void {
    if (++this.depth > MAX_NESTING)
      throw new CompileError(tooLarge("the nesting of loops and branches", MAX_NESTING, body.span));
    this.line(head);
    this.scope.writer.append(before);
    this.scope.writer.indented(() => this.write(body));
    if (tail !== "") this.line(tail);
    this.depth--;
  }

  private loop(stmt: For): undefined {
    this.expressions.begin([stmt.min, stmt.extent]);
    const min = this.expressions.value(stmt.min);
    const extent = this.expressions.value(stmt.extent);
    const name = this.scope.names.take(stmt.loopVar.name);
    const constant = isConst(stmt.min) && isConst(stmt.extent);
    const sum = constant
      ? atom(`${Number(stmt.min.value) + Number(stmt.extent.value)}`)
      : min.text === "0"
        ? extent
        : infix("+", min, extent);
    const isFixed = /^[\w]+$/.test(sum.text) && !this.registers.has(sum.text);
    const end = isFixed ? sum.text : this.scope.names.take(`${stmt.loopVar.name}_end`);
    if (!isFixed) this.line(`const int32_t ${end} = ${sum.text};`);
    this.scope.variables.set(stmt.loopVar, atom(name));
    this.block(`for (int32_t ${name} = ${min.text}; ${name} < ${end}; ${name}++) {`, stmt.body);
  }

  private whileLoop(condition: Expr, body: Stmt): undefined {
    let value = "0";
    const lines = this.scope.writer.aside(() => {
      value = wrap(this.single(condition), LEVEL.choice);
    });
    if (lines.length === 0) return void this.block(`while (${value}) {`, body);
    const indent = /^ */.exec(lines[0] ?? "")?.[0] ?? "";
    this.block("for (;;) {", body, "}", [...lines, `${indent}if (!(${value})) break;`]);
  }

  private branch(first: If): undefined {
    let stmt = first;
    let head = "";
    for (;;) {
      let condition = "0";
      const lines = this.scope.writer.aside(() => {
        condition = this.single(stmt.condition).text;
      });
      if (lines.length > 0 && head !== "") {
        this.block(`${head}{`, stmt); // the condition needs lines of its own: they go into the else arm
        return;
      }
      if (lines.length > 0) condition = this.single(stmt.condition).text;
      this.block(`${head}if (${condition}) {`, stmt.then, "");
      if (stmt.otherwise === null) return void this.line("}");
      head = "} else ";
      if (stmt.otherwise.kind !== "If") return void this.block(`${head}{`, stmt.otherwise);
      stmt = stmt.otherwise;
    }
  }

  private assertion(condition: Expr, message: string): undefined {
    const value = this.single(condition);
    const index = this.scope.messageIndex(message);
    this.line(`if (!${wrap(value, LEVEL.atom)}) {`);
    this.scope.writer.indented(() => {
      this.line(`TILEWRIGHT_FAIL(${index}, ${stringLiteral(message)});`);
      this.line("return;");
    });
    this.line("}");
  }

  private evaluate(expr: Expr): undefined {
    this.line(`(void)${wrap(this.single(expr), LEVEL.unary)};`);
  }

  /** The address of a region's first element, as a pointer to elements of `type`. */
  private pointer({ buffer, mins }: BufferRegion, type: string): string {
    const name = nameOf(this.scope, buffer);
    const offset = this.expressions.value(...(mins as readonly [Expr])).text;
    const at = offset === "0" ? name : `&${name}[${offset}]`;
    return pointee(buffer) === type ? at : `(${type} *)${at}`;
  }

  private kernelCall(stmt: Extract<Stmt, { readonly kind: "KernelCall" }>): undefined {
    const { func, symbol, mayFail } = this.scope.callee(stmt.callee);
    this.beginCall(stmt.args);
    const args = stmt.args.map((arg, position) => {
      const parameter = func.parameters[position];
      if (arg.kind !== "BufferRegion") return this.expressions.value(arg).text;
      return this.pointer(arg, parameter?.kind === "Buffer" ? pointee(parameter) : pointee(arg.buffer));
    });
    this.line(`${symbol}(${[...args, workspaceAt(this.scope.plan.callOffsets.get(stmt) ?? 0)].join(", ")});`);
    if (mayFail) this.line("if (TILEWRIGHT_FAILED()) return;");
  }

  private beginCall(args: readonly (Expr | BufferRegion)[], more: readonly Expr[] = []): void {
    this.expressions.begin([...args.flatMap((arg) => (arg.kind === "BufferRegion" ? arg.mins : [arg])), ...more]);
  }

  private parallelCall(stmt: Extract<Stmt, { readonly kind: "ParallelCall" }>): undefined {
    const { func, symbol, mayFail } = this.scope.callee(stmt.callee);
    const captured = func.parameters.slice(2);
    const offset = this.scope.plan.callOffsets.get(stmt) ?? 0;
    this.beginCall(stmt.args, [stmt.extent]);
    const extent = this.expressions.value(stmt.extent).text;
    const name = this.scope.names.take("slots");
    this.line(`tilewright_slot *const ${name} = (tilewright_slot *)(${workspaceAt(offset)});`);
    stmt.args.forEach((arg, position) => {
      if (arg.kind === "BufferRegion") {
        const parameter = captured[position];
        this.line(
          `${name}[${position}].pointer = (void *)${this.pointer(arg, parameter?.kind === "Buffer" ? pointee(parameter) : pointee(arg.buffer))};`,
        );
      } else this.line(`${name}[${position}].${slotField(arg)} = ${this.expressions.value(arg).text};`);
    });
    this.line(`tilewright_parallel(${symbol}, ${extent}, ${name}, ${workspaceAt(offset + closureBytes(stmt))});`);
    if (mayFail) this.line("if (TILEWRIGHT_FAILED()) return;");
  }
}

/** The member of a closure's slot that holds a scalar. */
export function slotField({ dtype }: { readonly dtype: DType }): string {
  if (isHalf(dtype)) return "f32";
  const { value, short } = typeOf(dtype);
  return /^u?int(8|16|32)_t$/.test(value) ? (value === "uint32_t" ? "u32" : "i32") : short;
}

/** A byte of the workspace. */
export function workspaceAt(offset: number): string {
  return offset === 0 ? "workspace" : `(char *)workspace + ${offset}`;
}

/** A C string; what is not printable ASCII is escaped. C99 promises room for 4095 characters. */
export function stringLiteral(text: string): string {
  const bytes = new TextEncoder().encode(text.slice(0, 1000));
  let out = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (character === "\\" || character === '"' || character === "?") out += `\\${character}`;
    else out += byte >= 32 && byte < 127 ? character : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${out}"`;
}
