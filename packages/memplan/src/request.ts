import { CompileError } from "@tilewright/diagnostics";
import { badRequest } from "./errors.js";

/** A tensor that needs memory while steps `from` to `to − 1` run. A value made at step `d` and last read at step `r` has `to = r + 1`. */
export interface MemoryRequest {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
  /**
   * Positions of requests whose memory this one may take over: honoured for the first that dies at the step where this one is made
   * (`to = this.from + 1`) and is large enough.
   */
  readonly mayReuse?: readonly number[];
}

/** @throws CompileError `MEM101` for a size or a lifetime that makes no sense. */
export function checkRequests(requests: readonly MemoryRequest[]): void {
  requests.forEach(({ bytes, from, to, mayReuse = [] }, position) => {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw new CompileError(badRequest(position, "a size in whole bytes", `${bytes}`));
    }
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from >= to) {
      throw new CompileError(badRequest(position, "whole steps with from < to", `${from} to ${to}`));
    }
    const bad = mayReuse.find((other) => requests[other] === undefined || other === position);
    if (bad !== undefined)
      throw new CompileError(badRequest(position, "positions of other requests in mayReuse", `${bad}`));
  });
}
