#!/usr/bin/env node
process.stderr.write("bench: no benchmark is written yet\n");
