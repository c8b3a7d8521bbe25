#!/usr/bin/env node
import { runFromSource } from "../app.mjs";

runFromSource("create-tilewright-backend");
