/** The selected emitter or topic, as the address bar has it: `#emitter/web-1`, `#topic/orders`. */

export interface Target {
  readonly kind: "emitter" | "topic";
  readonly name: string;
  readonly stream: string;
  readonly pages: string;
}

export function emitterTarget(id: string): Target {
  const name = encodeURIComponent(id);
  return { kind: "emitter", name: id, stream: `/sse/log/${name}`, pages: `/log/${name}` };
}

export function topicTarget(topic: string): Target {
  const path = `/v1/topics/${encodeURIComponent(topic)}`;
  return { kind: "topic", name: topic, stream: `${path}/sse`, pages: `${path}/records` };
}

export function targetHash({ kind, name }: Pick<Target, "kind" | "name">): string {
  return `#${kind}/${encodeURIComponent(name)}`;
}

export function parseHash(hash: string): Target | undefined {
  const match = /^#(emitter|topic)\/(.+)$/.exec(hash);
  if (match === null) return undefined;
  try {
    const name = decodeURIComponent(match[2] ?? "");
    return match[1] === "emitter" ? emitterTarget(name) : topicTarget(name);
  } catch {
    // A percent sign that was typed by hand: no name has one.
    return undefined;
  }
}
