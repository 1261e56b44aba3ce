/** The pages of the dashboard: the address of each, and the module that draws it, loaded when it is first shown. */

import type { ComponentType } from "preact";
import type { PageProps } from "./page.ts";

export interface Route {
  /** `/topics/:topic`; the first route that fits counts. */
  readonly path: string;
  /** The window's title; a page may set a better one. */
  readonly title: string;
  readonly load: () => Promise<ComponentType<PageProps>>;
  /** Its entry in the navigation, in this order. */
  readonly nav?: Nav;
}

export interface Nav {
  readonly name: string;
  /** Paths that begin with it show the entry as current. */
  readonly under: string;
  /** Without a grant on this kind of thing the entry is left out: `topic`. */
  readonly needs?: string;
}

const overview = () => import("../areas/overview/pages.ts");
const topics = () => import("../areas/topics/pages.ts");
const streams = () => import("../areas/streams/pages.ts");
const messages = () => import("../areas/messages/pages.ts");
const rules = () => import("../areas/rules/pages.ts");
const series = () => import("../areas/series/pages.ts");
const schemas = () => import("../areas/schemas/pages.ts");

export const routes: readonly Route[] = [
  {
    path: "/",
    title: "Overview",
    load: async () => (await overview()).OverviewPage,
    nav: { name: "Overview", under: "/" },
  },
  {
    path: "/nodes/:node",
    title: "Node",
    load: async () => (await overview()).NodePage,
  },
  {
    path: "/overdue",
    title: "Overdue",
    load: async () => (await rules()).OverduePage,
    nav: { name: "Overdue", under: "/overdue" },
  },
  {
    path: "/topics",
    title: "Topics",
    load: async () => (await topics()).TopicsPage,
    nav: { name: "Topics", under: "/topics", needs: "topic" },
  },
  {
    path: "/topics/:topic/about",
    title: "About a topic",
    load: async () => (await topics()).AboutPage,
  },
  {
    path: "/topics/:topic/send",
    title: "Send",
    load: async () => (await topics()).SendPage,
  },
  {
    path: "/topics/:topic",
    title: "Topic",
    load: async () => (await import("../areas/records/records-page.tsx")).Page,
  },
  {
    path: "/messages",
    title: "Messages",
    load: async () => (await messages()).SearchPage,
    nav: { name: "Messages", under: "/messages", needs: "app" },
  },
  {
    path: "/messages/one",
    title: "One message",
    load: async () => (await messages()).MessagePage,
  },
  {
    path: "/apps",
    title: "Apps",
    load: async () => (await messages()).AppsPage,
    nav: { name: "Apps", under: "/apps", needs: "app" },
  },
  {
    path: "/apps/one",
    title: "One app",
    load: async () => (await messages()).AppPage,
  },
  {
    path: "/rules",
    title: "Ack rules",
    load: async () => (await rules()).RulesPage,
    nav: { name: "Ack rules", under: "/rules", needs: "rule" },
  },
  {
    path: "/rules/:rule",
    title: "Ack rule",
    load: async () => (await rules()).RulePage,
  },
  {
    path: "/series",
    title: "Series",
    load: async () => (await series()).SeriesPage,
    nav: { name: "Series", under: "/series", needs: "series" },
  },
  {
    path: "/plot",
    title: "Plot",
    load: async () => (await series()).PlotPage,
  },
  {
    path: "/schemas",
    title: "Schemas",
    load: async () => (await schemas()).SubjectsPage,
    nav: { name: "Schemas", under: "/schemas", needs: "subject" },
  },
  {
    path: "/schemas/subject",
    title: "Subject",
    load: async () => (await schemas()).SubjectPage,
  },
  {
    path: "/schemas/id/:id",
    title: "Schema",
    load: async () => (await schemas()).IdPage,
  },
  {
    path: "/emitters",
    title: "Emitters",
    load: async () => (await streams()).EmittersPage,
    nav: { name: "Emitters", under: "/emitters", needs: "emitter" },
  },
  {
    path: "/emitters/:emitter",
    title: "Emitter",
    load: async () => (await streams()).EmitterPage,
  },
  {
    path: "/streams",
    title: "Streams",
    load: async () => (await streams()).StreamsPage,
    nav: { name: "Streams", under: "/streams" },
  },
  {
    path: "/access",
    title: "Access",
    load: async () => (await import("../areas/access/access-page.tsx")).Page,
    nav: { name: "Access", under: "/access" },
  },
  {
    path: "/api",
    title: "API",
    load: async () => (await import("../areas/api/api-page.tsx")).Page,
    nav: { name: "API", under: "/api" },
  },
  {
    path: "/find",
    title: "Find",
    load: async () => (await import("../areas/find/find-page.tsx")).Page,
  },
];

export interface Found extends PageProps {
  readonly route: Route;
}

export function findRoute(path: string, among: readonly Route[] = routes): Found | undefined {
  for (const route of among) {
    const params = match(route.path, path);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split("/");
  const given = path.split("/");
  if (expected.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of expected.entries()) {
    const text = decoded(given[at] ?? "");
    if (text === undefined) return undefined;
    if (part.startsWith(":")) params[part.slice(1)] = text;
    else if (part !== text) return undefined;
  }
  return params;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
