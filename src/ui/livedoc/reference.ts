/** Swagger UI, which its script defines as a global, for the gateway's OpenAPI document. */

import { gatewayUrl } from "../root.ts";

interface SwaggerUi {
  (options: Readonly<Record<string, unknown>>): unknown;
}

/** The part of an immutable map that is used here. */
interface Spec {
  getIn(path: readonly string[]): unknown;
}

interface System {
  readonly specSelectors: { specJson(): Spec };
  readonly React: { createElement(type: string, props: null, text: unknown): unknown };
}

type Allow = (state: unknown, path: string, method: string) => boolean;

/** Try-it waits for the end of a response. Streams and sockets have none; the panel watches them. */
const endlessOperations = () => ({
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor:
          (original: Allow, system: System) => (state: unknown, path: string, method: string) =>
            system.specSelectors.specJson().getIn(["paths", path, method, "x-endless"]) !== true &&
            original(state, path, method),
      },
    },
  },
});

/** The name of an operation stands in the button that opens it, where a link would be a control within a control. */
const plainNames = () => ({
  wrapComponents: {
    DeepLink:
      (_original: unknown, { React }: System) =>
      ({ text }: { readonly text: unknown }) =>
        React.createElement("span", null, text),
  },
});

const dark = matchMedia("(prefers-color-scheme: dark)");

function setTheme(): void {
  const root = document.documentElement;
  const isDark = (root.dataset["theme"] ?? (dark.matches ? "dark" : "light")) === "dark";
  root.classList.toggle("dark-mode", isDark);
}

/** The system's theme, or the one that was chosen in the dashboard. Adding a listener again changes nothing. */
function followTheme(): void {
  setTheme();
  dark.addEventListener("change", setTheme);
  addEventListener("sluice-theme", setTheme);
}

export function showReference(selector: string): void {
  const { SwaggerUIBundle } = globalThis as { readonly SwaggerUIBundle?: SwaggerUi };
  followTheme();
  SwaggerUIBundle?.({
    url: gatewayUrl("/openapi.json").href,
    dom_id: selector,
    deepLinking: true,
    // Swagger UI stops in the middle where it draws more than about 135 operations at once.
    docExpansion: "none",
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    // Every call but the endless ones is short, so that trying it is one click.
    tryItOutEnabled: true,
    persistAuthorization: false,
    // The validator would send the document to a service of Swagger's authors.
    validatorUrl: null,
    plugins: [endlessOperations, plainNames],
  });
}
