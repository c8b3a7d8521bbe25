/** Lines of C++ text, indented as they are nested. */
export class Lines {
  #lines: string[] = [];
  #depth = 1;

  add(line: string): void {
    for (const part of line.split("\n")) this.#lines.push(`${"  ".repeat(this.#depth)}${part}`);
  }

  append(lines: readonly string[]): void {
    this.#lines.push(...lines);
  }

  /** What `write` adds, one level deeper, put aside. */
  aside(write: () => void): readonly string[] {
    const before = this.#lines;
    this.#lines = [];
    this.#depth++;
    write();
    this.#depth--;
    const written = this.#lines;
    this.#lines = before;
    return written;
  }

  /** `head`, what `write` adds, `tail`. */
  block(head: string, write: () => void, tail = "}"): void {
    const body = this.aside(write);
    this.add(head);
    this.append(body);
    this.add(tail);
  }

  all(): readonly string[] {
    return this.#lines;
  }
}
