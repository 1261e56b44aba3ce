/** The state of a message as a word and a colour. */

import type { State } from "./api.ts";

export function StateWord({ state }: { readonly state: State }) {
  return <span class={`state-word ${state}`}>{state}</span>;
}
