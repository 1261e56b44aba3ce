/**
 * What can be found, and where it is looked for: in the lists of the gateway, which show a caller
 * what it may read. Each source finds a few; a list that the caller may not read finds nothing.
 */

import { Refused, request } from "../../../http.ts";
import type { Me } from "../../../me.ts";
import { hrefTo, segment } from "../../shell/place.ts";
import { mayAny } from "../../shell/session.ts";

export interface Hit {
  /** The name, as it is: shown as text. */
  readonly title: string;
  readonly about: string;
  readonly href: string;
}

export interface Source {
  readonly kind: string;
  /** The kind of grant without which nothing is asked. */
  readonly needs?: string;
  readonly find: (text: string, signal: AbortSignal) => Promise<readonly Hit[]>;
}

const hitsMax = 8;
const textMax = 200;

async function list<Answer>(
  path: string,
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  return await request<Answer>(`${path}?${new URLSearchParams(parameters)}`, { signal });
}

/** The navigation has those that the caller may see. */
const pages: Source = {
  kind: "Pages",
  find(text) {
    const links = [...document.querySelectorAll<HTMLAnchorElement>(".nav a")];
    const hits = links.map((link) => ({
      title: link.textContent,
      about: "page",
      href: link.href,
    }));
    return Promise.resolve(hits.filter(({ title }) => has(title, text)));
  },
};

const topics: Source = {
  kind: "Topics",
  needs: "topic",
  async find(text, signal) {
    const found = await list<{ topics: readonly { name: string }[] }>(
      "/v1/topics",
      { q: text, limit: String(hitsMax) },
      signal,
    );
    return found.topics.map(({ name }) => ({
      title: name,
      about: "topic",
      href: hrefTo(`/topics/${segment(name)}`),
    }));
  },
};

/** As `8mi8wtfaq-23a`. */
const positionPattern = /^[0-9a-z]{2,12}-[0-9a-z]{2,12}(?:-[0-9a-z]{2,12})?$/;

const positions: Source = {
  kind: "Positions",
  needs: "topic",
  async find(text, signal) {
    if (!positionPattern.test(text)) return [];
    const found = await list<{ topics: readonly { name: string }[] }>(
      "/v1/topics",
      { holds: text, limit: String(hitsMax) },
      signal,
    );
    return found.topics.map(({ name }) => ({
      title: text,
      about: `position in the topic ${name}`,
      href: hrefTo(`/topics/${segment(name)}`, { from: text, sel: text }),
    }));
  },
};

const emitters: Source = {
  kind: "Emitters",
  needs: "emitter",
  async find(text, signal) {
    const found = await list<{ emitters: readonly { id: string }[] }>(
      "/log",
      { q: text, limit: String(hitsMax) },
      signal,
    );
    return found.emitters.map(({ id }) => ({
      title: id,
      about: "emitter",
      href: hrefTo(`/emitters/${segment(id)}`),
    }));
  },
};

interface Lifecycle {
  readonly app_id: string;
  readonly message_id: string;
  readonly external_id?: string;
  readonly state: string;
}

const messages: Source = {
  kind: "Messages",
  needs: "app",
  async find(text, signal) {
    const ask = async (parameters: Readonly<Record<string, string>>) => {
      const given = { ...parameters, limit: String(hitsMax) };
      const { lifecycles } = await list<{ lifecycles: readonly Lifecycle[] }>(
        "/v1/messages",
        given,
        signal,
      );
      return lifecycles;
    };
    const [byId, byExternalId] = await Promise.all([
      ask({ id_prefix: text }),
      ask({ external_id: text }),
    ]);
    const known = new Set<string>();
    return [...byId, ...byExternalId].flatMap((one) => {
      const name = JSON.stringify([one.app_id, one.message_id]);
      if (known.has(name) || known.size === hitsMax) return [];
      known.add(name);
      const external = one.external_id === undefined ? "" : `, external id ${one.external_id}`;
      return [
        {
          title: one.message_id,
          about: `message of ${one.app_id}${external}, ${one.state}`,
          href: hrefTo("/messages/one", { app: one.app_id, id: one.message_id }),
        },
      ];
    });
  },
};

interface AppList {
  readonly apps: readonly { readonly app_id: string }[];
  readonly next: string | null;
}

const apps: Source = {
  kind: "Apps",
  needs: "app",
  async find(text, signal) {
    const found: string[] = [];
    // An answer looks at a bounded number of apps, and says where to go on.
    for (let next: string | null = ""; next !== null && found.length < hitsMax;) {
      const from: Readonly<Record<string, string>> = next === "" ? {} : { after: next };
      const asked = { q: text, limit: String(hitsMax), ...from };
      const page: AppList = await list<AppList>("/v1/apps", asked, signal);
      found.push(...page.apps.map(({ app_id: id }) => id));
      ({ next } = page);
    }
    return found.slice(0, hitsMax).map((id) => ({
      title: id,
      about: "app",
      href: hrefTo("/apps/one", { app: id }),
    }));
  },
};

const series: Source = {
  kind: "Series",
  needs: "series",
  async find(text, signal) {
    const found = await list<{ series: readonly { tag: string }[] }>(
      "/v1/series",
      { q: text, limit: String(hitsMax) },
      signal,
    );
    return found.series.map(({ tag }) => ({
      title: tag,
      about: "series",
      href: hrefTo("/series", { q: tag }),
    }));
  },
};

const rules: Source = {
  kind: "Ack rules",
  needs: "rule",
  async find(text, signal) {
    const found = await list<{ ack_rules: readonly { name: string }[] }>(
      "/v1/ack-rules",
      { q: text, limit: String(hitsMax) },
      signal,
    );
    return found.ack_rules.map(({ name }) => ({
      title: name,
      about: "ack rule",
      href: hrefTo(`/rules/${segment(name)}`),
    }));
  },
};

const subjects: Source = {
  kind: "Schemas",
  needs: "subject",
  async find(text, signal) {
    const isId = /^\d{1,9}$/.test(text) && Number(text) > 0;
    const [ofId, ofName] = await Promise.all([
      isId
        ? unless404(
            list<{ id: number; file: string }>(
              `/v1/registry/schemas/${Number(text)}`,
              { limit: "1" },
              signal,
            ),
          )
        : undefined,
      list<{ subjects: readonly { subject: string; latest: { version: number; id: number } }[] }>(
        "/v1/registry/subjects",
        { q: text, limit: String(hitsMax) },
        signal,
      ),
    ]);
    const hits = ofName.subjects.map(({ subject, latest: { version, id } }) => ({
      title: subject,
      about: `subject, v${version}, id ${id}`,
      href: hrefTo("/schemas/subject", { s: subject }),
    }));
    if (ofId === undefined) return hits;
    const { id, file } = ofId;
    const named = {
      title: String(id),
      about: `schema id, ${file}`,
      href: hrefTo(`/schemas/id/${id}`),
    };
    return [named, ...hits];
  },
};

const sources: readonly Source[] = [
  topics,
  positions,
  messages,
  emitters,
  series,
  subjects,
  rules,
  apps,
  pages,
];

/** Those of which the caller may see something. */
export function sourcesFor(me: Me | undefined): readonly Source[] {
  return sources.filter(({ needs }) => needs === undefined || mayAny(me, needs));
}

/** As it is looked for: lists take texts of a bounded length. */
export function soughtText(text: string): string {
  return text.trim().slice(0, textMax);
}

/** What a list refuses, because the caller may not read it or the text cannot be a name there, finds nothing. */
export async function findIn(
  source: Source,
  text: string,
  signal: AbortSignal,
): Promise<readonly Hit[]> {
  try {
    return await source.find(text, signal);
  } catch (error) {
    if (error instanceof Refused && !error.isPassing) return [];
    throw error;
  }
}

function has(name: string, text: string): boolean {
  return name.toLowerCase().includes(text.toLowerCase());
}

async function unless404<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    const isAbsent = error instanceof Refused && (error.status === 404 || error.status === 403);
    if (isAbsent) return undefined;
    throw error;
  }
}
