export { decode, decodeAs, decodeText } from "./json/decode.js";
export { type Encodable, type EncodeOptions, encode } from "./json/encode.js";
export type { EncodedIR, EncodedNode } from "./json/format.js";
