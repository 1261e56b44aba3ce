/** The names of emitters that other parts know: their topic, and who writes to one. */

/** All emitters share one topic; the key of an emitter's records is its id. */
export const emittersTopic = "emitters";

/** `guest`: Sluice simulates an instance that writes its log. `external`: others append. */
export type EmitterSource = "guest" | "external";
export const emitterSources = ["guest", "external"] as const satisfies readonly EmitterSource[];
