import type { ScheduleRule } from "@tilewright/backend";

/** Rule: anything. Every stage is computed plainly, before its readers, on one thread. */
export const nakedRule: ScheduleRule = {
  name: "naked",
  match: () => ({ knobs: [], apply: () => ({ version: 1, records: [] }) }),
};
