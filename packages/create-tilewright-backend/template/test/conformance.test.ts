import { describe, it } from "node:test";
import { testBackend } from "@tilewright/backend-test";
import { backend, device } from "../src/index.js";

testBackend({ backend, device, test: { describe, it } });
