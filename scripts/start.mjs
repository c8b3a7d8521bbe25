/** `npm start`: installs, builds, and runs the main job, training on MNIST. Arguments go to the job. */
import { installAndBuild, newestNode, run } from "./run.mjs";

const failed = installAndBuild();
process.exit(failed === 0 ? run(newestNode(), ["apps/mnist/dist/main.js", ...process.argv.slice(2)]) : failed);
