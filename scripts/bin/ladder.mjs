#!/usr/bin/env node
import { runExample } from "../app.mjs";

runExample("gemm-ladder.ts", "bench");
