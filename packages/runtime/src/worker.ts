/** The script of a web worker, for pages that may not start workers from `blob:` URLs. */
import { serveThisWorker } from "./web-workers.js";

serveThisWorker();
