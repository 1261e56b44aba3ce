/** The pages of this area, loaded together: they share most of what they import. */

export { Page as AboutPage } from "./about-page.tsx";
export { Page as SendPage } from "./send-page.tsx";
export { Page as TopicsPage } from "./topics-page.tsx";
