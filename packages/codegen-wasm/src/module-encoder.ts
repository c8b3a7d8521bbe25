import { ByteWriter } from "./byte-writer.js";
import { VALUE, type ValueType } from "./opcodes.js";

export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export interface FunctionImport {
  readonly name: string;
  readonly signature: Signature;
}

export interface EncodedFunction {
  readonly name: string;
  readonly signature: Signature;
  /** Entry of the code section, without its length. */
  readonly code: Uint8Array;
  readonly exported: boolean;
  readonly localNames: readonly string[];
}

/** What stands in a module. Function indices count imports first. */
export interface ModuleContent {
  readonly name: string;
  readonly importModule: string;
  readonly memory: { readonly name: string; readonly shared: boolean };
  readonly imports: readonly FunctionImport[];
  readonly functions: readonly EncodedFunction[];
  /** Exported table of functions, null when there is none. */
  readonly table: { readonly name: string; readonly elements: readonly number[] } | null;
  readonly customSections: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

const MAX_PAGES = 65_536;

/** The WebAssembly binary, core specification 2.0, chapter 5.5; with shared memories of the threads proposal. */
export function encodeModule(content: ModuleContent): Uint8Array<ArrayBuffer> {
  const types = new TypeTable();
  const importTypes = content.imports.map(({ signature }) => types.indexOf(signature));
  const functionTypes = content.functions.map(({ signature }) => types.indexOf(signature));
  const out = new ByteWriter(4096);
  out.raw(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  section(out, 1, (body) => types.write(body));
  section(out, 2, (body) => writeImports(body, content, importTypes));
  section(out, 3, (body) => vector(body, functionTypes, (type) => body.u32(type)));
  const { table } = content;
  if (table !== null) {
    section(out, 4, (body) => {
      body.raw(Uint8Array.of(1, 0x70, 1));
      body.u32(table.elements.length);
      body.u32(table.elements.length);
    });
  }
  section(out, 7, (body) => writeExports(body, content));
  if (table !== null) section(out, 9, (body) => writeElements(body, table.elements));
  section(out, 10, (body) => vector(body, content.functions, ({ code }) => body.sized(code)));
  for (const { name, bytes } of content.customSections) {
    section(out, 0, (body) => {
      body.name(name);
      body.raw(bytes);
    });
  }
  section(out, 0, (body) => writeNames(body, content));
  return out.finish();
}

function section(out: ByteWriter, id: number, write: (body: ByteWriter) => void): void {
  const body = new ByteWriter();
  write(body);
  out.byte(id);
  out.sized(body.finish());
}

function vector<T>(out: ByteWriter, items: readonly T[], write: (item: T, index: number) => void): void {
  out.u32(items.length);
  items.forEach(write);
}

function writeImports(body: ByteWriter, content: ModuleContent, types: readonly number[]): void {
  body.u32(content.imports.length + 1);
  body.name(content.importModule);
  body.name(content.memory.name);
  body.byte(2);
  body.byte(content.memory.shared ? 3 : 0);
  body.u32(1);
  if (content.memory.shared) body.u32(MAX_PAGES);
  content.imports.forEach(({ name }, index) => {
    body.name(content.importModule);
    body.name(name);
    body.byte(0);
    body.u32(types[index] ?? 0);
  });
}

function writeExports(body: ByteWriter, { functions, imports, table }: ModuleContent): void {
  const entries = functions.flatMap(({ exported, name }, index) =>
    exported ? [{ name, kind: 0, index: imports.length + index }] : [],
  );
  if (table !== null) entries.push({ name: table.name, kind: 1, index: 0 });
  vector(body, entries, ({ name, kind, index }) => {
    body.name(name);
    body.byte(kind);
    body.u32(index);
  });
}

function writeElements(body: ByteWriter, elements: readonly number[]): void {
  body.raw(Uint8Array.of(1, 0, 0x41, 0, 0x0b));
  vector(body, elements, (index) => body.u32(index));
}

/** Custom section `name`: of the module, of functions, of locals. Tools and stack traces show them. */
function writeNames(body: ByteWriter, { name, imports, functions }: ModuleContent): void {
  body.name("name");
  section(body, 0, (part) => part.name(name));
  const all = [...imports.map((entry) => entry.name), ...functions.map((entry) => entry.name)];
  section(body, 1, (part) => writeNameMap(part, all));
  section(body, 2, (part) =>
    vector(part, functions, ({ localNames }, index) => {
      part.u32(imports.length + index);
      writeNameMap(part, localNames);
    }),
  );
}

function writeNameMap(out: ByteWriter, names: readonly string[]): void {
  vector(out, names, (name, index) => {
    out.u32(index);
    out.name(name);
  });
}

/** Function types, each once, in order of first use. */
class TypeTable {
  readonly #indices = new Map<string, number>();
  readonly #signatures: Signature[] = [];

  indexOf(signature: Signature): number {
    const key = `${signature.parameters.join()}:${signature.results.join()}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.#signatures.length);
    this.#signatures.push(signature);
    return this.#signatures.length - 1;
  }

  write(body: ByteWriter): void {
    vector(body, this.#signatures, ({ parameters, results }) => {
      body.byte(0x60);
      vector(body, parameters, (type) => body.byte(VALUE[type]));
      vector(body, results, (type) => body.byte(VALUE[type]));
    });
  }
}
