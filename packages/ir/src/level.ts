/**
 * Levels of loop IR, in order; each is a grammar that `verify` checks. `scheduled`: as bound inference left it. `lowered`: no vectorized,
 * unrolled or virtual loops. `flat`: one index per access. `device`: what a codegen accepts.
 */
export const LEVELS = ["scheduled", "lowered", "flat", "device"] as const;
export type Level = (typeof LEVELS)[number];
