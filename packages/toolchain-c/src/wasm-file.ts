import { ASSERT_SECTION, IMPORT_MODULE, MEMORY_IMPORT, TABLE_EXPORT } from "@tilewright/artifact";

/** A section of a WebAssembly module: its number, and its contents. */
interface Section {
  readonly id: number;
  readonly bytes: Uint8Array;
}

const CUSTOM = 0;
const IMPORT = 2;
const GLOBAL = 6;
const EXPORT = 7;
const START = 8;
const DATA = 11;
const DATA_COUNT = 12;
const HEADER_BYTES = 8;
const I32 = 0x7f;
const I32_CONST = 0x41;
const GLOBAL_KIND = 3;
const MEMORY_KIND = 2;

/** Reads the numbers and names of a module in turn. */
class Reader {
  position: number;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes;
    this.position = position;
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.position++] ?? 0;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    return value;
  }

  take(count: number): Uint8Array {
    const taken = this.bytes.subarray(this.position, this.position + count);
    this.position += count;
    return taken;
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  skipLimits(): void {
    const flags = this.byte();
    this.unsigned();
    if ((flags & 1) !== 0) this.unsigned();
  }
}

function unsigned(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

function name(text: string): readonly number[] {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

function sectionsOf(module: Uint8Array): readonly Section[] {
  const reader = new Reader(module, HEADER_BYTES);
  const sections: Section[] = [];
  while (!reader.done) {
    const id = reader.byte();
    sections.push({ id, bytes: reader.take(reader.unsigned()) });
  }
  return sections;
}

interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: number;
  readonly description: Uint8Array;
}

function importsOf(section: Section | undefined): readonly Import[] {
  if (section === undefined) return [];
  const reader = new Reader(section.bytes);
  return Array.from({ length: reader.unsigned() }, () => {
    const module = reader.name();
    const field = reader.name();
    const kind = reader.byte();
    const start = reader.position;
    if (kind === 0) reader.unsigned();
    else if (kind === 1) {
      reader.byte();
      reader.skipLimits();
    } else if (kind === MEMORY_KIND) reader.skipLimits();
    else reader.take(2);
    return { module, name: field, kind, description: section.bytes.subarray(start, reader.position) };
  });
}

/** True when an object file keeps variables on a stack in memory. */
export function usesStack(object: Uint8Array): boolean {
  const imports = importsOf(sectionsOf(object).find(({ id }) => id === IMPORT));
  return imports.some((one) => one.kind === GLOBAL_KIND && one.name === "__stack_pointer");
}

/** Where the stack of a linked module begins (it grows downwards); infinity when that cannot be told. */
export function stackTop(module: Uint8Array): number {
  const globals = sectionsOf(module).find(({ id }) => id === GLOBAL);
  if (globals === undefined) return 0;
  const reader = new Reader(globals.bytes);
  const isOneInteger =
    reader.unsigned() === 1 && reader.byte() === I32 && reader.byte() === 1 && reader.byte() === I32_CONST;
  return isOneInteger ? reader.unsigned() : Number.POSITIVE_INFINITY;
}

/** What keeps a linked module from following the calling convention; undefined when nothing does. */
export function violation(module: Uint8Array): string | undefined {
  const sections = sectionsOf(module);
  if (sections.some(({ id }) => id === START)) return "a start function";
  const data = sections.find(({ id }) => id === DATA);
  if (data !== undefined && new Reader(data.bytes).unsigned() > 0) return "static data";
  const foreign = importsOf(sections.find(({ id }) => id === IMPORT)).find(
    (one) => one.kind !== MEMORY_KIND && one.module !== IMPORT_MODULE,
  );
  return foreign === undefined ? undefined : `an import of \`${foreign.name}\``;
}

export interface Conversion {
  /** Functions to keep exported. */
  readonly functions: readonly string[];
  readonly shared: boolean;
  /** JSON of the messages of assertions. */
  readonly asserts: Uint8Array | undefined;
}

const MAX_PAGES = 65536;

/** A linked module under the names of the calling convention: memory import, table export, messages; nothing else exported. */
export function conform(module: Uint8Array, { functions, shared, asserts }: Conversion): Uint8Array {
  const out: number[][] = [[...module.subarray(0, HEADER_BYTES)]];
  const emit = (id: number, bytes: readonly number[]): void => void out.push([id, ...unsigned(bytes.length), ...bytes]);
  for (const { id, bytes } of sectionsOf(module)) {
    if (id === IMPORT) emit(id, importSection(importsOf({ id, bytes }), shared));
    else if (id === EXPORT) emit(id, exportSection(bytes, functions));
    else if (id !== DATA && id !== DATA_COUNT && (id !== CUSTOM || new Reader(bytes).name() === "name"))
      emit(id, [...bytes]);
  }
  if (asserts !== undefined) emit(CUSTOM, [...name(ASSERT_SECTION), ...asserts]);
  return Uint8Array.from(out.flat());
}

function importSection(imports: readonly Import[], shared: boolean): readonly number[] {
  const limits = shared ? [3, ...unsigned(1), ...unsigned(MAX_PAGES)] : [0, ...unsigned(1)];
  const entries = imports.flatMap((one) =>
    one.kind === MEMORY_KIND
      ? [...name(IMPORT_MODULE), ...name(MEMORY_IMPORT), MEMORY_KIND, ...limits]
      : [...name(one.module), ...name(one.name), one.kind, ...one.description],
  );
  return [...unsigned(imports.length), ...entries];
}

function exportSection(bytes: Uint8Array, functions: readonly string[]): readonly number[] {
  const reader = new Reader(bytes);
  const kept: (readonly number[])[] = [];
  const wanted = new Set(functions);
  for (let count = reader.unsigned(); count > 0; count--) {
    const field = reader.name();
    const kind = reader.byte();
    const index = reader.unsigned();
    const isTable = kind === 1;
    if (isTable || (kind === 0 && wanted.has(field)))
      kept.push([...name(isTable ? TABLE_EXPORT : field), kind, ...unsigned(index)]);
  }
  return [...unsigned(kept.length), ...kept.flat()];
}
