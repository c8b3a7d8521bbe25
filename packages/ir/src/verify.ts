export { LEVELS, type Level } from "./level.js";
export { verify } from "./verify/verify-func.js";
