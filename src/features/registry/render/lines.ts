/** Text, written line by line in nested blocks. */
export class Lines {
  readonly #lines: string[] = [];
  #depth = 0;

  add(line: string): void {
    this.#lines.push(`${"  ".repeat(this.#depth)}${line}`);
  }

  /** Adds an empty line, except at the start of the text or of a block. */
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
