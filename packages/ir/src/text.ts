export { type Printable, type PrintOptions, print } from "./text/print.js";
