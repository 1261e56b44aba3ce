/** The pages of this area, loaded together: they share most of what they import. */

export { Page as OverduePage } from "./overdue-page.tsx";
export { Page as RulePage } from "./rule-page.tsx";
export { Page as RulesPage } from "./rules-page.tsx";
