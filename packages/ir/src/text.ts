export {
  type Document,
  type ParseOptions,
  parse,
  parseFunctionText,
  parseModuleText,
  parseTraceText,
} from "./text/parse.js";
export { type Printable, type PrintOptions, print } from "./text/print.js";
