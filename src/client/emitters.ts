/** Emitters: created, read and ended. */

import type { EmitterSource } from "../core/emitters.ts";
import { SluiceError } from "./error.ts";
import { ask } from "./http.ts";
import type { Settings } from "./options.ts";
import { type Page, type PageOptions, readPage, readPages } from "./pages.ts";
import { segment, withQuery } from "./target.ts";

export interface EmitterInfo {
  readonly id: string;
  /** `guest`: the gateway simulates an instance that writes its log. `external`: others append. */
  readonly source: EmitterSource;
  /** The guest's events per second; 0 when the source is external. */
  readonly rate: number;
  readonly createdAt: Date;
  /** Undefined until it has ended. */
  readonly endedAt: Date | undefined;
}

export interface EmitterDetails extends EmitterInfo {
  /** The node that runs its guest. */
  readonly node: string | undefined;
  readonly events: number;
  /** The position of its newest event; null before the first. */
  readonly last: string | null;
}

export interface CreateEmitter {
  /** Chosen by the caller: creating it again is then safe, and returns the existing one. */
  readonly id?: string | undefined;
  /** A guest by default. */
  readonly source?: EmitterSource | undefined;
  /** Events per second of the guest; 2 by default. */
  readonly rate?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EmitterList {
  readonly emitters: readonly EmitterInfo[];
  /** As `after`, gives the later part; null at the end. */
  readonly next: string | null;
}

export class EmittersClient {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Throws `conflict` when the id exists with another configuration, or has ended. */
  async create({ id, source, rate, signal }: CreateEmitter = {}): Promise<EmitterInfo> {
    const text = await ask(this.#settings, {
      method: "PUT",
      path: id === undefined ? "/log" : emitterPath(id),
      body: JSON.stringify({ source, rate }),
      headers: { "content-type": "application/json" },
      repeatable: id !== undefined,
      signal,
    });
    return infoFromWire(JSON.parse(text) as WireEmitter);
  }

  /** Throws `not_found`; an ended one is returned. */
  async get(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<EmitterDetails> {
    const path = `/v1/emitters/${segment(requireId(id))}`;
    const text = await ask(this.#settings, { method: "GET", path, repeatable: true, ...options });
    const wire = JSON.parse(text) as WireEmitter & {
      readonly node?: string;
      readonly events: number;
      readonly last: string | null;
    };
    return { ...infoFromWire(wire), node: wire.node, events: wire.events, last: wire.last };
  }

  /** The live emitters, and with `ended` also the ended ones, by id. */
  async list(
    options: {
      readonly after?: string;
      readonly limit?: number;
      readonly ended?: boolean;
      readonly signal?: AbortSignal;
    } = {},
  ): Promise<EmitterList> {
    const { after, limit, ended, signal } = options;
    const path = withQuery("/log", { after, limit, ended: ended === true ? "true" : undefined });
    const text = await ask(this.#settings, { method: "GET", path, repeatable: true, signal });
    const { emitters, next } = JSON.parse(text) as {
      readonly emitters: readonly WireEmitter[];
      readonly next: string | null;
    };
    return { emitters: emitters.map(infoFromWire), next };
  }

  /** Ends it permanently; the iterations of its subscribers end. Ending it again changes nothing. */
  async end(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<EmitterInfo> {
    const path = emitterPath(id);
    const text = await ask(this.#settings, {
      method: "DELETE",
      path,
      repeatable: true,
      ...options,
    });
    return infoFromWire(JSON.parse(text) as WireEmitter);
  }

  page<Data = unknown>(id: string, options?: PageOptions): Promise<Page<Data>> {
    return readPage<Data>(this.#settings, { emitter: requireId(id) }, options);
  }

  pages<Data = unknown>(
    id: string,
    options?: Omit<PageOptions, "before">,
  ): AsyncGenerator<Page<Data>, void, undefined> {
    return readPages<Data>(this.#settings, { emitter: requireId(id) }, options);
  }
}

interface WireEmitter {
  readonly id: string;
  readonly source: EmitterSource;
  readonly rate: number;
  readonly created_at: string;
  readonly ended_at?: string;
}

function infoFromWire({ id, source, rate, created_at, ended_at }: WireEmitter): EmitterInfo {
  return {
    id,
    source,
    rate,
    createdAt: new Date(created_at),
    endedAt: ended_at === undefined ? undefined : new Date(ended_at),
  };
}

function emitterPath(id: string): string {
  return `/log/${segment(requireId(id))}`;
}

/** An empty id would give the address of all emitters. */
function requireId(id: string): string {
  if (id !== "") return id;
  throw new SluiceError("invalid", 'Cannot use emitter "": expected its id');
}
