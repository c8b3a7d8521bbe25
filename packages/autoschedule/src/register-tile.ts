import type { Capabilities, Knob } from "@tilewright/backend";

export interface RegisterTile {
  readonly rows: number;
  readonly vectors: number;
}

/** Rows that share a load of R, at most: more only make the code longer. */
const MOST_ROWS = 6;
/** What a load costs beside a multiply-add. */
const LOAD = 0.25;
/** Vectors of tiles, the usual first, which gives way only to one that costs so much less. */
const VECTORS = [2, 4, 3, 1];
const CLEARLY_LESS = 1.03;

/**
 * Rows and vectors of a register tile for a product of `columns` columns: as many accumulators as fit beside one row of R, one broadcast of L and,
 * without fused multiply-add, three more: products, and the engine's own. Of the tiles that fit, the one that takes the least time for a column:
 * multiply-adds, those in lanes that stay empty too, and loads.
 */
export function registerTile(
  capabilities: Capabilities,
  lanes: number,
  columns = Number.POSITIVE_INFINITY,
): RegisterTile {
  if (lanes === 1) return { rows: 2, vectors: 2 };
  const tiles = VECTORS.map((vectors) => ({ rows: rowsBeside(vectors, capabilities), vectors }));
  const costs = tiles.map((tile) => costOf(tile, lanes, columns));
  const least = Math.min(...costs);
  return tiles[costs.findIndex((cost) => cost <= least * CLEARLY_LESS)] as RegisterTile;
}

/** Rows of a tile, `most` at most, for tiles that are filled evenly. */
export function evenRows(rows: number, most: number): number {
  return Math.ceil(rows / Math.ceil(rows / most));
}

/** Rows and vectors of the register tile as knobs, what fits the registers and the columns first. */
export function tileKnobs(capabilities: Capabilities, lanes: number, columns: number): readonly Knob[] {
  const { rows, vectors } = registerTile(capabilities, lanes, columns);
  const others = (first: number, all: readonly number[]): readonly number[] => [
    first,
    ...all.filter((each) => each !== first),
  ];
  return [
    { name: "tileRows", candidates: others(rows, [2, 3, 4, 5, 6, 8]) },
    { name: "tileVectors", candidates: others(vectors, [1, 2, 3, 4]) },
  ];
}

function rowsBeside(vectors: number, { vector, fusedMultiplyAdd }: Capabilities): number {
  const spare = (vector?.registers ?? 16) - vectors - (fusedMultiplyAdd ? 1 : 4);
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(spare / vectors)));
}

function costOf({ rows, vectors }: RegisterTile, lanes: number, columns: number): number {
  const width = vectors * lanes;
  const filled = Number.isFinite(columns) ? columns / (Math.ceil(columns / width) * width) : 1;
  return (1 + (LOAD * (rows + vectors)) / (rows * vectors)) / filled;
}
