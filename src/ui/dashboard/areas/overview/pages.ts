/** The pages of this area, loaded together: they share most of what they import. */

export { Page as NodePage } from "./node-page.tsx";
export { Page as OverviewPage } from "./overview-page.tsx";
