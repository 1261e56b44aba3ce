/** Swagger UI, which its own script left on the window, over our document. */

interface SwaggerUi {
  (options: Readonly<Record<string, unknown>>): unknown;
}

/** As much of an immutable map as is looked at. */
interface Spec {
  getIn(path: readonly string[]): unknown;
}

interface System {
  readonly specSelectors: { specJson(): Spec };
}

type Allow = (state: unknown, path: string, method: string) => boolean;

/** Try-it waits for the end of an answer: streams and sockets have none, they are watched above. */
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
    url: "/openapi.json",
    dom_id: selector,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    // Every call but the endless ones is a short one: trying is one click.
    tryItOutEnabled: true,
    persistAuthorization: false,
    // It would send the document to a service of its makers.
    validatorUrl: null,
    plugins: [endlessOperations],
  });
}
