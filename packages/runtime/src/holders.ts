/** Bytes `begin .. end` of a region that the same devices hold. */
export interface Piece {
  readonly begin: number;
  readonly end: number;
  /** A bit for each device that has the newest bytes. */
  readonly holders: number;
}

/** Who has the newest bytes of a region, piece by piece. Bytes that nobody holds are arbitrary. Never changes. */
export class Holders {
  static readonly NONE = new Holders([]);
  /** In order, apart from each other; no neighbours alike, none without holders. */
  readonly pieces: readonly Piece[];

  private constructor(pieces: readonly Piece[]) {
    this.pieces = pieces;
  }

  /** What lies in `begin .. end`, cut there. */
  within(begin: number, end: number): readonly Piece[] {
    const inside = this.pieces.filter((piece) => piece.begin < end && piece.end > begin);
    return inside.map((piece) => ({
      begin: Math.max(begin, piece.begin),
      end: Math.min(end, piece.end),
      holders: piece.holders,
    }));
  }

  /** The same, but for `begin .. end`. */
  with(begin: number, end: number, holders: number): Holders {
    if (begin >= end) return this;
    const around = [...this.within(0, begin), { begin, end, holders }, ...this.within(end, Number.POSITIVE_INFINITY)];
    const joined: Piece[] = [];
    for (const piece of around) {
      const last = joined.at(-1);
      if (piece.holders === 0) continue;
      if (last?.end === piece.begin && last.holders === piece.holders)
        joined[joined.length - 1] = { ...last, end: piece.end };
      else joined.push(piece);
    }
    return new Holders(joined);
  }

  /** The same, but for more holders of `begin .. end`. */
  and(begin: number, end: number, holders: number): Holders {
    const around = this.with(begin, end, holders);
    return this.within(begin, end).reduce(
      (all, piece) => all.with(piece.begin, piece.end, piece.holders | holders),
      around,
    );
  }

  /** Equal exactly for equal ones. */
  get key(): string {
    return this.pieces.map(({ begin, end, holders }) => `${begin}-${end}:${holders}`).join(" ");
  }
}

/** The first device of a set that is not empty. */
export function firstOf(holders: number): number {
  return 31 - Math.clz32(holders & -holders);
}
