import type { FeatureKind } from "@tilewright/backend";
import type { KitReport } from "./run-kit.js";
import type { MatrixRow } from "./support-matrix.js";

const TITLES: Readonly<Record<FeatureKind, string>> = {
  dtype: "element types",
  loop: "loops",
  memory: "memory",
  vector: "vectors",
  math: "math functions of its own",
  intrinsic: "intrinsics",
  atomic: "atomic updates",
  barrier: "barriers",
  queue: "queues",
  assert: "assertions",
};

/** The matrix of a report as a Markdown table: a line for each kind of feature. A feature whose tests fail is struck out. */
export function supportTable({ matrix }: Pick<KitReport, "matrix">): string {
  const kinds = [...new Set(matrix.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => {
    const rows = matrix.filter((row) => row.kind === kind);
    const cell = (level: MatrixRow["level"]): string =>
      rows
        .filter((row) => row.level === level)
        .map(nameOf)
        .join(", ");
    return `| ${TITLES[kind]} | ${cell("stable") || "–"} | ${cell("experimental") || "–"} | ${cell(null) || "–"} |`;
  });
  return ["| | stable | experimental | not declared, and refused |", "|---|---|---|---|", ...lines].join("\n");
}

function nameOf({ kind, name, failed }: MatrixRow): string {
  const text = kind === "vector" || kind === "assert" ? "yes" : name;
  return failed === 0 ? text : `~~${text}~~`;
}
