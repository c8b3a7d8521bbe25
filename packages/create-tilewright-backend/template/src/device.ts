import { defineHostDevice, type HostFunction } from "@tilewright/artifact";
import { FORMAT } from "./backend.js";

/** What runs the code. This one keeps its memory in this process; `defineDevice` is for those that have memory of their own. */
export const device = defineHostDevice({
  name: "{{target}}",
  accepts: [FORMAT],
  load(_, code) {
    const module = new Function(new TextDecoder().decode(code));
    return new Map(Object.entries<HostFunction>(module()));
  },
});
