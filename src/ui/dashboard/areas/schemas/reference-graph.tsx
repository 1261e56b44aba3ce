/** What a version imports and what imports it: layers from left to right, with lines between them. */

import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { type Graph, type GraphVersion, readGraph } from "./registry.ts";
import { subjectHref } from "./subject-href.ts";

const everyMs = 30_000;

export function ReferenceGraph({
  subject,
  version,
}: {
  readonly subject: string;
  readonly version: number;
}) {
  const send = useCallback(() => readGraph(subject, version), [subject, version]);
  const { answer, failure } = usePolled(send, everyMs);
  return (
    <>
      <ErrorMessage text={failure} />
      {answer !== undefined && <Layers graph={answer} />}
    </>
  );
}

interface Line {
  readonly key: string;
  readonly path: string;
}

function Layers({ graph }: { readonly graph: Graph }) {
  const box = useRef<HTMLDivElement>(null);
  const [lines, setLines] = useState<readonly Line[]>([]);
  const layers = useMemo(() => {
    const levels = Map.groupBy(graph.versions, ({ level }) => level);
    // What imports a version stands on the left of it: a change flows to the left.
    return [...levels].toSorted(([a], [b]) => a - b);
  }, [graph]);

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const draw = () => setLines(linesBetween(element, graph));
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [graph]);

  const importing = graph.versions.filter(({ level }) => level < 0).length;
  const imported = graph.versions.filter(({ level }) => level > 0).length;
  return (
    <>
      <p>
        {importing === 0 && imported === 0
          ? "It imports no schema of the registry, and none imports it."
          : `It imports ${imported}, and ${importing} import it, directly or through others.`}
        {graph.more && " There are more than are shown."}
      </p>
      <div class="scroll-x">
        <div class="graph" ref={box}>
          <svg class="graph-lines" aria-hidden="true">
            {lines.map(({ key, path }) => (
              <path key={key} d={path} />
            ))}
          </svg>
          {layers.map(([level, versions]) => (
            <section key={level} class="layer" aria-label={layerName(level)}>
              <h3>{layerName(level)}</h3>
              <ul>
                {versions.map((one) => (
                  <Box key={keyOf(one)} of={one} graph={graph} />
                ))}
              </ul>
            </section>
          ))}
        </div>
      </div>
    </>
  );
}

function layerName(level: number): string {
  if (level === 0) return "This version";
  const steps = Math.abs(level) === 1 ? "" : ` over ${Math.abs(level)} steps`;
  return level > 0 ? `Imported${steps}` : `Importing${steps}`;
}

function Box({ of: one, graph }: { readonly of: GraphVersion; readonly graph: Graph }) {
  const paths = graph.imports.filter(({ to }) => keyOf(to) === keyOf(one)).map(({ name }) => name);
  return (
    <li>
      <a
        class={`graph-box ${one.level === 0 ? "current" : ""}`}
        data-key={keyOf(one)}
        href={subjectHref(one.subject, { v: one.version, tab: "refs" })}
      >
        <SafeText text={one.subject} max={60} />
        <span class="about">
          v{one.version} · id {one.id}
          {one.deleted && " · deleted"}
        </span>
        {paths.length > 0 && (
          <span class="about">
            as <SafeText text={[...new Set(paths)].join(", ")} max={80} />
          </span>
        )}
      </a>
    </li>
  );
}

function keyOf({
  subject,
  version,
}: {
  readonly subject: string;
  readonly version: number;
}): string {
  return `${version}:${subject}`;
}

/** From the right edge of what imports to the left edge of what is imported. */
function linesBetween(box: HTMLElement, { imports }: Graph): readonly Line[] {
  const origin = box.getBoundingClientRect();
  const places = new Map<string, DOMRect>();
  for (const element of box.querySelectorAll<HTMLElement>("[data-key]")) {
    places.set(element.dataset["key"] ?? "", element.getBoundingClientRect());
  }
  return imports.flatMap(({ from, to, name }) => {
    const start = places.get(keyOf(from));
    const end = places.get(keyOf(to));
    if (start === undefined || end === undefined) return [];
    const x1 = start.right - origin.left;
    const y1 = start.top + start.height / 2 - origin.top;
    const x2 = end.left - origin.left;
    const y2 = end.top + end.height / 2 - origin.top;
    const bend = Math.max(16, Math.abs(x2 - x1) / 2);
    const numbers = [x1 + bend, y1, x2 - bend, y2, x2, y2].map((one) => one.toFixed(1)).join(" ");
    return [
      {
        key: `${keyOf(from)} ${keyOf(to)} ${name}`,
        path: `M${x1.toFixed(1)} ${y1.toFixed(1)}C${numbers}`,
      },
    ];
  });
}
