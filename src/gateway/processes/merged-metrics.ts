/** Prometheus' text of several processes as one: each sample says which process it is of. */

export interface ProcessText {
  readonly process: number;
  readonly text: string;
}

/** Families keep their order, and their help and type once: the format allows no second time. */
export function mergeMetrics(texts: readonly ProcessText[]): string {
  const families = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  for (const { process, text } of texts) {
    let family = { head: [] as string[], samples: [] as string[] };
    for (const line of text.split("\n")) {
      const [, name] = /^# HELP (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        family = families.get(name) ?? { head: [], samples: [] };
        families.set(name, family);
      }
      if (line.startsWith("#")) {
        if (!family.head.includes(line)) family.head.push(line);
      } else if (line !== "") family.samples.push(labelled(line, process));
    }
  }
  const blocks = [...families.values()].map(({ head, samples }) =>
    [...head, ...samples].join("\n"),
  );
  return blocks.length === 0 ? "" : `${blocks.join("\n\n")}\n`;
}

/** `name{labels} value` or `name value`. */
function labelled(line: string, process: number): string {
  const end = /[{ ]/.exec(line)?.index ?? line.length;
  const [name, rest] = [line.slice(0, end), line.slice(end)];
  const own = `process="${process}"`;
  return rest.startsWith("{") ? `${name}{${own},${rest.slice(1)}` : `${name}{${own}}${rest}`;
}
