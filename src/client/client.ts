/** The client: for browsers, Bun, Deno and Node, with web APIs only. */

import { EmittersClient } from "./emitters.ts";
import { type ClientOptions, type Settings, settingsFromOptions } from "./options.ts";
import { type Page, type PageOptions, readPage, readPages } from "./pages.ts";
import { type Events, publish, type Published, type PublishOptions } from "./publish.ts";
import { SluiceSocket } from "./socket.ts";
import { SseSubscription } from "./sse-subscription.ts";
import type { SubscribeOptions, Subscription } from "./subscription.ts";
import type { Target } from "./target.ts";

export class SluiceClient {
  readonly emitters: EmittersClient;
  readonly #settings: Settings;

  constructor(options: ClientOptions) {
    this.#settings = settingsFromOptions(options);
    this.emitters = new EmittersClient(this.#settings);
  }

  /** Subscribes to a topic, one key of it, or an emitter, over SSE: one request each. */
  subscribe<Data = unknown>(target: Target, options?: SubscribeOptions): Subscription<Data> {
    return new SseSubscription<Data>(this.#settings, target, options);
  }

  /** Appends. The events are durable once it resolves; throws when none was accepted. */
  publish(target: Target, events: Events, options?: PublishOptions): Promise<Published> {
    return publish(this.#settings, target, events, options);
  }

  /** One page of the records kept, by default the newest. */
  page<Data = unknown>(target: Target, options?: PageOptions): Promise<Page<Data>> {
    return readPage<Data>(this.#settings, target, options);
  }

  /** Page after page, from the oldest kept to the newest. */
  pages<Data = unknown>(
    target: Target,
    options?: Omit<PageOptions, "before">,
  ): AsyncGenerator<Page<Data>, void, undefined> {
    return readPages<Data>(this.#settings, target, options);
  }

  /**
   * One WebSocket for many subscriptions and publishes; it connects when first used. Throws
   * `invalid` where there is no WebSocket, as on Node before 22, and no `openSocket`.
   */
  socket(): SluiceSocket {
    return new SluiceSocket(this.#settings);
  }
}

export function createClient(options: ClientOptions): SluiceClient {
  return new SluiceClient(options);
}
