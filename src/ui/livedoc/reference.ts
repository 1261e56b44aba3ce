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

export function showReference(selector: string): void {
  const { SwaggerUIBundle } = globalThis as { readonly SwaggerUIBundle?: SwaggerUi };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  follow();
  dark.addEventListener("change", follow);

  SwaggerUIBundle?.({
    url: gatewayUrl("/openapi.json").href,
    dom_id: selector,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    // Every call but the endless ones is short, so that trying it is one click.
    tryItOutEnabled: true,
    persistAuthorization: false,
    // The validator would send the document to a service of Swagger's authors.
    validatorUrl: null,
    plugins: [endlessOperations],
  });
}
