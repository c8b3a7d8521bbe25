export {
  type Document,
  parse,
  parseFunctionText,
  parseModuleText,
  type ParseOptions,
  parseTraceText,
} from "./text/parse.js";
export { type Printable, type PrintOptions, print } from "./text/print.js";
