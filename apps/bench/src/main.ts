#!/usr/bin/env node
process.stderr.write("bench: nothing to run yet\n");
process.exitCode = 1;
