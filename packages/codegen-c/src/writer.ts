/** Lines of C with their indentation. Lines may be put aside and written later, for the arms of a conditional. */
export interface Writer {
  line(text: string): void;
  /** A line that declares `name` ("" for a parameter): followed by `(void)name;` when nothing in the text reads it. */
  declare(name: string, text: string): void;
  /** Indents what `body` writes. */
  indented(body: () => void): void;
  /** What `body` writes, indented once, instead of writing it. */
  aside(body: () => void): readonly string[];
  /** Adds lines that are already indented. */
  append(lines: readonly string[]): void;
  /** A place that stays where it is now, for lines that must stand before what follows. */
  mark(): (name: string, text: string) => void;
  readonly size: number;
  text(): string;
}

/** An empty text. */
export function createWriter(): Writer {
  let lines: string[] = [];
  let indent = 0;
  let size = 0;
  const shifted = (text: string, by: number): string =>
    text === "" || text.startsWith("#") ? text : "  ".repeat(by) + text;
  const push = (into: string[], text: string, by: number): void => {
    size += text.length + 2 * by;
    into.push(shifted(text, by));
  };
  return {
    line: (text) => push(lines, text, indent),
    declare: (name, text) => push(lines, text + DECLARES + name, indent),
    indented(body) {
      indent++;
      body();
      indent--;
    },
    aside(body) {
      const outer = lines;
      lines = [];
      indent++;
      try {
        body();
        return lines;
      } finally {
        indent--;
        lines = outer;
      }
    },
    append: (more) => void lines.push(...more),
    mark() {
      const into = lines;
      const by = indent;
      return (name, text) => push(into, text + DECLARES + name, by);
    },
    get size() {
      return size;
    },
    text: () => settle(lines).join("\n"),
  };
}

/** Stands between a declaration and the name that it declares, until it is known whether the name is read. */
const DECLARES = "\u0001";

/** Declarations without their marks; those of names that nothing reads are followed by `(void)name;`. */
function settle(lines: readonly string[]): readonly string[] {
  const reads = new Map<string, number>();
  for (const line of lines) {
    const [text = ""] = line.split(DECLARES);
    const code = text.replace(/^\s*\w+ = /, "").replace(/"(?:[^"\\]|\\.)*"/g, ""); // an assignment reads only its right side
    for (const [word] of code.matchAll(/[A-Za-z_]\w*/g)) reads.set(word, (reads.get(word) ?? 0) + 1);
  }
  return lines.flatMap((line) => {
    const [text = "", name] = line.split(DECLARES);
    if (name === undefined) return [text];
    const isParameter = text.trim() === "";
    if ((reads.get(name) ?? 0) > 1) return isParameter ? [] : [text];
    const indent = /^ */.exec(text)?.[0] ?? "";
    return isParameter ? [`${indent}(void)${name};`] : [text, `${indent}(void)${name};`];
  });
}
