import { CompileError, invariant, NO_SPAN } from "@tilewright/diagnostics";
import { notInVersion } from "./errors-format.js";
import type { EncodedIR, EncodedNode } from "./json/format.js";
import type { Token } from "./text/lexer.js";

/** A JSON document that nobody has checked yet. */
export interface RawDocument {
  readonly [key: string]: unknown;
}

/** Tells the writer that the older version has no words for something. @throws CompileError `IR903` at the node's place */
export type Refuse = (what: string, node?: EncodedNode) => never;

/** What one version of the forms changed, in both directions. Never edited once released: files of that version are out there. */
export interface Step {
  /** The older of the two versions. */
  readonly from: number;
  /** JSON of the older version to the newer. Must take anything, and keep what it does not know: `decode` checks afterwards. */
  readonly upgrade: (document: RawDocument) => RawDocument;
  /** JSON of the newer version to the older, for readers of that. */
  readonly downgrade: (document: EncodedIR, refuse: Refuse) => EncodedIR;
  /** Tokens of the older text to the newer. Tokens keep their offsets and new ones take a neighbour's, so that places stay true. */
  readonly upgradeText: (tokens: readonly Token[]) => readonly Token[];
}

/** All steps from version 1, in order and without gaps: the newest version is one more than there are steps. */
export type History = readonly Step[];

export const HISTORY: History = [];

export function newestOf(history: History): number {
  return history.length + 1;
}

/** A document of `version` in the newest form. */
export function upgraded(document: RawDocument, version: number, history: History): RawDocument {
  return stepsFrom(version, history).reduce((older, step) => step.upgrade(older), document);
}

/** The tokens of a text of `version` in the newest form. */
export function upgradedText(tokens: readonly Token[], version: number, history: History): readonly Token[] {
  return stepsFrom(version, history).reduce((older, step) => step.upgradeText(older), tokens);
}

/** A document of the newest form as `version` says it. @throws CompileError `IR903` where that cannot */
export function downgraded(document: EncodedIR, version: number, history: History): EncodedIR {
  return stepsFrom(version, history).reduceRight((newer, step) => {
    const refuse: Refuse = (what, node) => {
      const [file, line, column] = newer.spans[node?.span ?? -1] ?? [];
      const span = file === undefined ? NO_SPAN : { file, line: line as number, column: column as number };
      throw new CompileError(notInVersion(what, version, newestOf(history), span));
    };
    return { ...step.downgrade(newer, refuse), version: step.from };
  }, document);
}

function stepsFrom(version: number, history: History): History {
  for (const [position, { from }] of history.entries()) {
    invariant(from === position + 1, `the history of the IR's format has a gap before version ${from}`);
  }
  return history.slice(version - 1);
}
