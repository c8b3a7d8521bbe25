import type { Diagnostic } from "@tilewright/diagnostics";
import type { Node } from "../fields.js";
import { print } from "../text/print.js";

/** Diagnostics beyond this many are dropped: the first ones tell. */
const MOST = 100;
const WIDEST = 160;

/** Collects what is wrong, and where it stands. */
export interface Report {
  readonly diagnostics: Diagnostic[];
  /** The statement, operation or graph node at hand; its first line is the place that a diagnostic names. */
  place: Node | null;
  /** As `@add_one`, or the name of a tensor or graph. */
  owner: string;
  add(diagnostic: Diagnostic): void;
}

export function createReport(): Report {
  const diagnostics: Diagnostic[] = [];
  const report: Report = {
    diagnostics,
    place: null,
    owner: "",
    add(diagnostic) {
      if (diagnostics.length >= MOST) return;
      const where = report.place === null ? "" : `: ${headOf(report.place)}`;
      diagnostics.push({ ...diagnostic, notes: [`in ${report.owner}${where}`] });
    },
  };
  return report;
}

/** The first line of a node's text, cut where it is long. */
function headOf(node: Node): string {
  const [first = ""] = print(shallow(node)).split("\n", 1);
  return first.length > WIDEST ? `${first.slice(0, WIDEST)}…` : first;
}

/** A statement without what is nested in it: only the head is shown. */
function shallow(node: Node): Node {
  const empty = { kind: "Seq", span: node.span, stmts: [] } as const;
  if (node.kind === "If") return { ...node, then: empty, otherwise: null };
  return "body" in node && node.kind !== "PrimFunc" && node.kind !== "Extern" ? { ...node, body: empty } : node;
}
