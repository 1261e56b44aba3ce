/** What the client's users import. */
export { createClient, type SluiceClient } from "./client.ts";
export type {
  CreateEmitter,
  EmitterDetails,
  EmitterInfo,
  EmitterList,
  EmittersClient,
} from "./emitters.ts";
export { SluiceError } from "./error.ts";
export type { EventDetails, EventSchema, SluiceEvent } from "./event.ts";
export type { TokenSource } from "./credential.ts";
export type { ClientOptions, Fetch } from "./options.ts";
export type { Page, PageOptions } from "./pages.ts";
export type { Events, Published, PublishOptions } from "./publish.ts";
export type { SluiceSocket } from "./socket.ts";
export type {
  Passed,
  Reset,
  SubscribeOptions,
  Subscription,
  WatchOptions,
} from "./subscription.ts";
export type { From, Target, WatchTarget } from "./target.ts";
