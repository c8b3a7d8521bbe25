#!/usr/bin/env node
process.stderr.write("tilewright: nothing to run yet\n");
process.exitCode = 1;
