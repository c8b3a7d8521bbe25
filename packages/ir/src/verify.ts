export { LEVELS, type Level } from "./level.js";
export { verify } from "./verify/verify-func.js";
export { verifyGraph } from "./verify/verify-graph.js";
export { verifyTensors } from "./verify/verify-tensor.js";
