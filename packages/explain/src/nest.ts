import type { Span } from "@tilewright/diagnostics";
import type { Buffer, Expr, If, LoopKind, Var } from "@tilewright/ir";
import type { Affine, Extents } from "./affine.js";
import type { Work } from "./work.js";

/** One index of an access: `width` consecutive values from a sum of loop variables, or from something else. */
export interface IndexForm {
  readonly expr: Expr;
  /** Undefined where the index is no sum of loop variables. */
  readonly affine: Affine | undefined;
  /** The loop variables that it depends on. */
  readonly loops: ReadonlySet<Var>;
  /** It depends on data, so that nothing is known of its values. */
  readonly onData: boolean;
  readonly width: number;
}

/** One place of the program that reads or writes a buffer. */
export interface Access {
  /** Position in textual order. */
  readonly order: number;
  readonly buffer: Buffer;
  readonly isWrite: boolean;
  readonly stage: string;
  readonly indices: readonly IndexForm[];
  /** The loops around it, outermost first. */
  readonly loops: readonly Loop[];
  /** The part of the iterations of its loops in which it happens: the conditions around it hold, those within its expression included. */
  readonly share: number;
  readonly span: Span;
}

/** What happens at one place: accesses in order of evaluation and arithmetic. */
export interface Statement {
  readonly kind: "statement";
  readonly stage: string;
  /** The loops around it, outermost first. */
  readonly loops: readonly Loop[];
  readonly accesses: readonly Access[];
  readonly work: Work;
  /** The buffer that it stores to, if it does. */
  readonly stored: Buffer | null;
  /** Times that it happens in the whole function. */
  readonly executions: number;
  /** Elements of the folded domain that one execution computes: 1, or as many as an intrinsic does. */
  readonly points: number;
  /** The intrinsic that it calls, where its meaning is known. */
  readonly intrinsic: string | null;
  readonly span: Span;
}

export interface Loop {
  readonly kind: "loop";
  readonly variable: Var;
  readonly name: string;
  /** Iterations; an upper bound where the loop's own is no constant. */
  readonly extent: number;
  readonly loopKind: LoopKind;
  /** Runs on threads: parallel, and in no other parallel loop. */
  readonly forks: boolean;
  /** Times that it is entered in the whole function. */
  readonly executions: number;
  readonly span: Span;
  readonly body: Part;
}

/** `body` happens in `share` of the executions of what is around it. */
export interface Branch {
  readonly kind: "branch";
  readonly condition: Expr;
  readonly role: If["role"];
  readonly share: number;
  readonly exact: boolean;
  readonly body: Part;
}

export interface Sequence {
  readonly kind: "sequence";
  readonly parts: readonly Part[];
}

export type Part = Statement | Loop | Branch | Sequence;

/** A function as loops, branches and what happens in them. */
export interface Nest {
  readonly root: Part;
  readonly accesses: readonly Access[];
  /** Every buffer that is touched, with what it means in bytes. */
  readonly buffers: ReadonlySet<Buffer>;
  readonly extents: Extents;
  /** What is counted conservatively, and why. */
  readonly notes: readonly string[];
}

/** All statements under a part, in textual order. */
export function statementsOf(part: Part): readonly Statement[] {
  switch (part.kind) {
    case "statement":
      return [part];
    case "sequence":
      return part.parts.flatMap(statementsOf);
    default:
      return statementsOf(part.body);
  }
}

/** All loops under a part, outer ones first. */
export function loopsOf(part: Part): readonly Loop[] {
  switch (part.kind) {
    case "statement":
      return [];
    case "sequence":
      return part.parts.flatMap(loopsOf);
    case "branch":
      return loopsOf(part.body);
    default:
      return [part, ...loopsOf(part.body)];
  }
}
