#!/usr/bin/env node
import { runApp } from "../app.mjs";

runApp("kit", "kit");
