/** The text of a chunked HTTP response, as it comes: what a bare socket needs to read a stream. */

const lineEnd = "\r\n";

export class ChunkedText {
  #received = "";
  /** Characters that are left of the current chunk and of the line end after it. */
  #left = 0;

  /** Returns what `bytes` completes of the body. One byte is one character. */
  take(bytes: string): string {
    this.#received += bytes;
    let body = "";
    for (;;) {
      if (this.#left > 0) {
        const part = this.#received.slice(0, this.#left);
        this.#received = this.#received.slice(part.length);
        const overLineEnd = Math.max(0, lineEnd.length - (this.#left - part.length));
        body += part.slice(0, part.length - Math.min(overLineEnd, part.length));
        this.#left -= part.length;
        if (this.#left > 0) return body;
      }
      const end = this.#received.indexOf(lineEnd);
      if (end < 0) return body;
      const size = Number.parseInt(this.#received.slice(0, end), 16);
      if (!(size > 0)) return body;
      this.#received = this.#received.slice(end + lineEnd.length);
      this.#left = size + lineEnd.length;
    }
  }
}
