#!/usr/bin/env node
process.stderr.write("mnist: nothing to run yet\n");
process.exitCode = 1;
