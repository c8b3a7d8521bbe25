import { ByteWriter } from "./byte-writer.js";
import {
  OP,
  type Operation,
  SCALAR,
  type ScalarType,
  type Shape,
  SIMD,
  V128,
  VALUE,
  type ValueType,
} from "./opcodes.js";

/** A local variable of a function. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/**
 * The code of one function as it is written: instructions go out at once, locals are handed out and taken back by type, so that
 * functions keep few of them (a baseline compiler initialises each).
 */
export class FunctionBody {
  readonly code = new ByteWriter(512);
  readonly parameters: readonly ValueType[];
  /** Name of every parameter and local, for the name section; a reused local keeps its first name. */
  readonly localNames: string[] = [];
  usesSimd = false;
  usesRelaxedSimd = false;
  readonly #types: ValueType[] = [];
  /** Blocks that are open: true for a loop. */
  readonly #open: boolean[] = [];
  /** Vectors that loops use, by their bytes: set once, where the function begins. */
  readonly #held = new Map<string, { readonly local: Local; readonly bytes: Uint8Array }>();
  readonly #free: Record<ValueType, number[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };

  constructor(parameters: readonly { readonly name: string; readonly type: ValueType }[]) {
    this.parameters = parameters.map(({ type }) => type);
    this.localNames.push(...parameters.map(({ name }) => name));
  }

  parameter(index: number): Local {
    return { index, type: this.parameters[index] ?? "i32" };
  }

  get localCount(): number {
    return this.#types.length;
  }

  /** A local that nothing else uses until `release`. Its value is arbitrary. */
  local(type: ValueType, name: string): Local {
    const reused = this.#free[type].pop();
    return reused === undefined ? this.#newLocal(type, name) : { index: reused, type };
  }

  #newLocal(type: ValueType, name: string): Local {
    const index = this.parameters.length + this.#types.length;
    this.#types.push(type);
    this.localNames.push(name);
    return { index, type };
  }

  release(local: Local): void {
    this.#free[local.type].push(local.index);
  }

  /** An instruction without immediates. */
  op(opcode: number): void {
    if (opcode < 0x100) this.code.byte(opcode);
    else if (opcode < 0x10000) this.#prefixed(opcode >> 8, opcode & 0xff);
    else this.#prefixed(opcode >> 16, opcode & 0xffff);
  }

  scalar(type: ScalarType, name: Operation): void {
    this.op(SCALAR[type][name] ?? missing(type, name));
  }

  simd(shape: Shape, name: Operation): void {
    this.op(SIMD[shape][name] ?? missing(shape, name));
  }

  /** An instruction with one lane number. */
  lane(opcode: number, lane: number): void {
    this.op(opcode);
    this.code.byte(lane);
  }

  get(local: Local): void {
    this.op(OP.localGet);
    this.code.u32(local.index);
  }

  set(local: Local): void {
    this.op(OP.localSet);
    this.code.u32(local.index);
  }

  tee(local: Local): void {
    this.op(OP.localTee);
    this.code.u32(local.index);
  }

  i32(value: number): void {
    this.op(OP.i32Const);
    this.code.s32(value);
  }

  i64(value: bigint): void {
    this.op(OP.i64Const);
    this.code.s64(value);
  }

  f32(value: number): void {
    this.op(OP.f32Const);
    this.code.f32(value);
  }

  f64(value: number): void {
    this.op(OP.f64Const);
    this.code.f64(value);
  }

  /** A constant vector. V8 makes one of three instructions at each place that names it, so one inside a loop is made before, and held. */
  v128(bytes: Uint8Array): void {
    const isCheap = bytes.every((byte) => byte === bytes[0] && (byte === 0 || byte === 0xff));
    if (isCheap || !this.#open.includes(true)) {
      this.op(V128.const);
      this.code.raw(bytes);
    } else this.get(this.#hold(bytes));
  }

  #hold(bytes: Uint8Array): Local {
    const key = bytes.join(",");
    const known = this.#held.get(key);
    if (known !== undefined) return known.local;
    const local = this.#newLocal("v128", `constant${this.#held.size}`); // not one that code before sets
    this.usesSimd = true;
    this.#held.set(key, { local, bytes });
    return local;
  }

  /** A load or store; `align` is the exponent of the promised alignment. */
  memory(opcode: number, align: number, offset: number, lane?: number): void {
    this.op(opcode);
    this.code.u32(align);
    this.code.u32(offset);
    if (lane !== undefined) this.code.byte(lane);
  }

  call(functionIndex: number): void {
    this.op(OP.call);
    this.code.u32(functionIndex);
  }

  /** `block`, `loop` or `if` with a result or none; `end` closes it. */
  open(opcode: typeof OP.block | typeof OP.loop | typeof OP.if, result: ValueType | null = null): void {
    this.#open.push(opcode === OP.loop);
    this.op(opcode);
    this.code.byte(result === null ? 0x40 : VALUE[result]);
  }

  otherwise(): void {
    this.op(OP.else);
  }

  end(): void {
    this.#open.pop();
    this.op(OP.end);
  }

  branch(opcode: typeof OP.br | typeof OP.brIf, depth: number): void {
    this.op(opcode);
    this.code.u32(depth);
  }

  /** The entry of the code section: declarations of locals in runs of one type, instructions, `end`. */
  finish(): Uint8Array {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#types) {
      const last = runs.at(-1);
      if (last?.type === type) last.count += 1;
      else runs.push({ type, count: 1 });
    }
    const out = new ByteWriter(this.code.length + 16);
    out.u32(runs.length);
    for (const { type, count } of runs) {
      out.u32(count);
      out.byte(VALUE[type]);
    }
    out.raw(this.#constants());
    out.raw(this.code.finish());
    out.byte(OP.end);
    return out.finish();
  }

  /** The code that sets the constants that are held. */
  #constants(): Uint8Array {
    const setting = new FunctionBody([]);
    for (const { local, bytes } of this.#held.values()) {
      setting.v128(bytes);
      setting.set(local);
    }
    return setting.code.finish();
  }

  #prefixed(prefix: number, number: number): void {
    if (prefix === 0xfd) this.usesSimd = true;
    if (prefix === 0xfd && number >= 0x100) this.usesRelaxedSimd = true;
    this.code.byte(prefix);
    this.code.u32(number);
  }
}

function missing(type: string, name: string): never {
  throw new RangeError(`${type} has no ${name}`);
}
