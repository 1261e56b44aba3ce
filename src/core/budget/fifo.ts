/** A queue: its front is removed without moving the rest, which for a long array would be quadratic. */

/** Empty slots that are kept in front before the others are moved. */
const slotsMin = 32;

export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  /** Index of the oldest; the slots before it are empty. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > slotsMin && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
