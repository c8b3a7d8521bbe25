import { describe, it } from "node:test";
import { testBackend } from "@tilewright/backend-test";
import { device, javascript } from "../src/index.js";

testBackend({ backend: javascript, device, test: { describe, it } });
