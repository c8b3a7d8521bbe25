/** Lines of C with their indentation. Lines may be put aside and written later, for the arms of a conditional. */
export interface Writer {
  line(text: string): void;
  /** Indents what `body` writes. */
  indented(body: () => void): void;
  /** What `body` writes, indented once, instead of writing it. */
  aside(body: () => void): readonly string[];
  /** Adds lines that are already indented. */
  append(lines: readonly string[]): void;
  /** A place that stays where it is now, for lines that must stand before what follows. */
  mark(): (text: string) => void;
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
      return (text) => push(into, text, by);
    },
    get size() {
      return size;
    },
    text: () => lines.join("\n"),
  };
}
