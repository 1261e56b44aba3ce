/** `/ui/api`: the reference of the API in the frame. Swagger UI and its styles are loaded with it. */

import { useEffect, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { messageOf } from "../../../http.ts";
import { showReference } from "../../../livedoc/reference.ts";
import { gatewayUrl } from "../../../root.ts";
import { hrefTo } from "../../shell/place.ts";
import { loadScript, loadStyles } from "./files.ts";

export function Page() {
  const [failure, setFailure] = useState<string>();
  const [isShown, setIsShown] = useState(false);
  useEffect(() => {
    let isOver = false;
    const load = async () => {
      await Promise.all([
        loadStyles("/livedoc/assets/swagger-ui.css"),
        loadStyles("/livedoc/assets/reference.css"),
        loadScript("/livedoc/assets/swagger-ui-bundle.js"),
      ]);
      await nameOperation();
      if (isOver) return;
      showReference("#reference");
      setIsShown(true);
    };
    load().catch((error: unknown) => setFailure(messageOf(error)));
    return () => {
      isOver = true;
    };
  }, []);
  return (
    <div class="page api-page">
      <div class="page-head">
        <h1>API</h1>
        <p class="about">
          <a href={gatewayUrl("/openapi.json").href}>openapi.json</a> ·{" "}
          <a href={gatewayUrl("/livedoc").href}>on a page alone</a> · streams are watched on{" "}
          <a href={hrefTo("/streams")}>Streams</a>
        </p>
      </div>
      <ErrorMessage text={failure} />
      {!isShown && failure === undefined && <p class="about">Loading the reference…</p>}
      <div id="reference" />
    </div>
  );
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
}

/** Swagger UI opens `#/Topics/listTopics`; links may name the operation alone: `#listTopics`. */
async function nameOperation(): Promise<void> {
  const name = decodeURIComponent(location.hash.slice(1));
  if (name === "" || name.startsWith("/")) return;
  const response = await fetch(gatewayUrl("/openapi.json"));
  const { paths } = (await response.json()) as Document;
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const found = operations.find(({ operationId }) => operationId === name);
  if (found === undefined) return;
  const tag = (found.tags?.[0] ?? "").replaceAll(" ", "_");
  history.replaceState(null, "", `#/${tag}/${name}`);
}
