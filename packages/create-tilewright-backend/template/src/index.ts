import { defineTarget } from "@tilewright/backend";
import { backend } from "./backend.js";
import { device } from "./device.js";

export { backend, device };

/** What programs look for when they are given the name of this package. */
export const target = defineTarget({
  specVersion: "target/1",
  name: "{{target}}",
  summary: "{{target}}, which is JavaScript until its own code stands here",
  backend: () => backend,
  device: async () => device,
});
