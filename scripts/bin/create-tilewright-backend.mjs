#!/usr/bin/env node
import { runPackage } from "../app.mjs";

runPackage("create-tilewright-backend");
