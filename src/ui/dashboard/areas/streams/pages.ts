/** The pages of this area, loaded together: they share most of what they import. */

export { Page as EmitterPage } from "./emitter-page.tsx";
export { Page as EmittersPage } from "./emitters-page.tsx";
export { Page as StreamsPage } from "./streams-page.tsx";
