/** Text that is written line by line, in blocks. */
export class Lines {
  readonly #lines: string[] = [];
  #depth = 0;

  add(line: string): void {
    this.#lines.push(`${"  ".repeat(this.#depth)}${line}`);
  }

  /** An empty line, unless the text or a block has just begun. */
  gap(): void {
    const last = this.#lines.at(-1);
    if (last !== undefined && last !== "" && !last.endsWith("{")) this.#lines.push("");
  }

  /** `head { … }` around what `body` adds. */
  block(head: string, body: () => void): void {
    this.add(`${head} {`);
    const before = this.#lines.length;
    this.#depth++;
    body();
    this.#depth--;
    if (this.#lines.length === before) {
      this.#lines.pop();
      this.add(`${head} {}`);
    } else this.add("}");
  }

  text(): string {
    return `${this.#lines.join("\n")}\n`;
  }
}
