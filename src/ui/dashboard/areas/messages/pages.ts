/** The pages of this area, loaded together: they share most of what they import. */

export { Page as AppPage } from "./app-page.tsx";
export { Page as AppsPage } from "./apps-page.tsx";
export { Page as MessagePage } from "./message-page.tsx";
export { Page as SearchPage } from "./search-page.tsx";
