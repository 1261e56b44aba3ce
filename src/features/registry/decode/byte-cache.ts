export interface ByteCacheOptions<Value> {
  readonly bytesMax: number;
  readonly bytesOf: (value: Value) => number;
  /** Called with each value that is evicted, deleted or replaced. */
  readonly onRemove?: (value: Value) => void;
}

/** Values by key within a bound of bytes: past it, those used least recently are evicted. */
export class ByteCache<Key, Value> {
  readonly #options: ByteCacheOptions<Value>;
  /** In the order of last use: a Map iterates over its keys in the order in which they were set. */
  readonly #entries = new Map<Key, Value>();
  #bytes = 0;

  constructor(options: ByteCacheOptions<Value>) {
    this.#options = options;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value itself stays, even if it alone exceeds the bound. */
  set(key: Key, value: Value): void {
    this.delete(key);
    this.#entries.set(key, value);
    this.#bytes += this.#options.bytesOf(value);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#options.bytesMax || oldest === key) break;
      this.delete(oldest);
    }
  }

  delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= this.#options.bytesOf(value);
    this.#options.onRemove?.(value);
  }
}
