import { ALIGNMENT } from "@tilewright/artifact";

/** Bytes `begin .. end` of a region. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** What a device holds of a region: the parts that it needs, one after the other in a buffer of its own, aligned as they are in the region. */
export class Footprint {
  readonly bytes: number;
  readonly #spans: readonly (Range & { readonly at: number })[];

  constructor(ranges: readonly Range[]) {
    const spans: (Range & { readonly at: number })[] = [];
    let end = 0;
    for (const { begin, end: last } of joined(ranges)) {
      const at = Math.ceil(end / ALIGNMENT) * ALIGNMENT + (begin % ALIGNMENT);
      spans.push({ begin, end: last, at });
      end = at + last - begin;
    }
    this.#spans = spans;
    this.bytes = end;
  }

  /** Where a byte of the region lies in the buffer; undefined for one that is not there. */
  place(offset: number): number | undefined {
    const span = this.#spans.find(({ begin, end }) => begin <= offset && offset < end);
    return span && span.at + offset - span.begin;
  }
}

/** In order; those that overlap or touch are one. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const result: Range[] = [];
  for (const { begin, end } of [...ranges].sort((a, b) => a.begin - b.begin)) {
    const last = result.at(-1);
    if (begin >= end) continue;
    if (last === undefined || begin > last.end) result.push({ begin, end });
    else result[result.length - 1] = { begin: last.begin, end: Math.max(last.end, end) };
  }
  return result;
}
