/** The pages of this area, loaded together: they share most of what they import. */

export { Page as PlotPage } from "./plot-page.tsx";
export { Page as SeriesPage } from "./series-page.tsx";
