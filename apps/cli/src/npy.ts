import { type DType, dump, parse } from "npyjs";
import { badNpy } from "./errors.js";

/** An array of a file: the element type by its name in the IR, row-major. */
export interface NpyArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

const DTYPES: Readonly<Record<string, string>> = {
  b1: "bool",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  f2: "float16",
  f4: "float32",
  f8: "float64",
};

const SIGNATURE = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** @throws CompileError CLI107 when the bytes are no .npy file, or of a kind that is not read: big-endian, Fortran order, text, complex */
export function parseNpy(path: string, file: Uint8Array): NpyArray {
  const header = descriptionOf(path, file);
  const code = header.slice(1);
  const dtype = header.startsWith(">") ? undefined : DTYPES[code];
  if (dtype === undefined) throw badNpy(path, `elements of type \`${header}\``);
  // npyjs widens float16 unless told, and gives bool as an array: their bytes are taken as what has their width.
  const { data, shape, fortranOrder } = guarded(path, () => parse(file.slice().buffer, { convertFloat16: false }));
  if (fortranOrder && shape.length > 1) throw badNpy(path, "Fortran order");
  const bytes = Array.isArray(data)
    ? Uint8Array.from(data as readonly boolean[], Number)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const width = code === "b1" ? 1 : Number(code.slice(1));
  if (bytes.length !== count * width)
    throw badNpy(path, `${bytes.length} bytes of data for the shape (${shape.join(", ")})`);
  return { dtype, shape, bytes };
}

/** @throws CompileError CLI107 for a type that .npy files do not hold, as bfloat16 */
export function formatNpy(path: string, { dtype, shape, bytes }: NpyArray): Uint8Array {
  const code = Object.keys(DTYPES).find((key) => DTYPES[key] === dtype) as DType | undefined;
  if (code === undefined) throw badNpy(path, `elements of type ${dtype}`);
  return new Uint8Array(dump(bytes, [...shape], { dtype: code }));
}

/** The `descr` of the header, as `<f4`. */
function descriptionOf(path: string, file: Uint8Array): string {
  const isNpy = SIGNATURE.every((byte, k) => file[k] === byte);
  const header = new TextDecoder("latin1").decode(file.subarray(0, 4096));
  const found = isNpy ? /'descr'\s*:\s*'([^']+)'/.exec(header)?.[1] : undefined;
  if (found === undefined) throw badNpy(path, "no header of an .npy file");
  return found;
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw badNpy(path, error instanceof Error ? error.message : String(error));
  }
}
