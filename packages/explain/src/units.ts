const STEPS = ["", "k", "M", "G", "T", "P"] as const;

/** Three digits, a decimal prefix and a unit: `1.05 MB`. */
export function quantity(value: number, unit: string): string {
  const [number, prefix] = scaled(value);
  return `${number} ${prefix}${unit}`;
}

/** Three digits, a decimal prefix and what is counted: `1.07 G multiply-adds`. */
export const amount = (value: number, things: string): string => [...scaled(value), things].filter(Boolean).join(" ");

function scaled(value: number): readonly [number: string, prefix: string] {
  const step = value < 1000 ? 0 : Math.min(STEPS.length - 1, Math.floor(Math.log10(value) / 3 + 1e-12));
  return [digits(value / 1000 ** step), STEPS[step] ?? ""];
}

/** A size of memory in powers of two: `32 KiB`. */
export function memorySize(bytes: number): string {
  if (bytes < 1024) return `${digits(bytes)} B`;
  return bytes < 1024 ** 2 ? `${digits(bytes / 1024)} KiB` : `${digits(bytes / 1024 ** 2)} MiB`;
}

export function duration(seconds: number): string {
  if (seconds >= 1) return `${digits(seconds)} s`;
  if (seconds >= 1e-3) return `${digits(seconds * 1e3)} ms`;
  return seconds >= 1e-6 ? `${digits(seconds * 1e6)} µs` : `${digits(seconds * 1e9)} ns`;
}

export const percent = (share: number): string => `${digits(share * 100)} %`;

/** A number without a unit; whole ones up to a million in full. */
export const count = (value: number): string =>
  Number.isInteger(value) && value < 1e6 ? String(value) : digits(value);

/** At most three digits that say something. */
export function digits(value: number): string {
  return Number.isInteger(value) && value < 1000 ? String(value) : Number(value.toPrecision(3)).toString();
}
