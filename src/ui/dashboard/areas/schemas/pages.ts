/** The pages of this area, loaded together: they share most of what they import. */

export { Page as IdPage } from "./id-page.tsx";
export { Page as SubjectPage } from "./subject-page.tsx";
export { Page as SubjectsPage } from "./subjects-page.tsx";
