#!/usr/bin/env node
process.stderr.write("mnist: the main job is not written yet\n");
