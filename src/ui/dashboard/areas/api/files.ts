/** Files that a page loads once for a visit. */

import { gatewayUrl } from "../../../root.ts";

const loading = new Map<string, Promise<void>>();

export function loadScript(path: string): Promise<void> {
  return load(path, () => {
    const script = document.createElement("script");
    script.src = gatewayUrl(path).href;
    return script;
  });
}

export function loadStyles(path: string): Promise<void> {
  return load(path, () => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = gatewayUrl(path).href;
    return link;
  });
}

/** A file that could not be loaded is tried again the next time. */
function load(path: string, create: () => HTMLElement): Promise<void> {
  const known = loading.get(path);
  if (known !== undefined) return known;
  const loaded = new Promise<void>((resolve, reject) => {
    const element = create();
    element.addEventListener("load", () => resolve());
    element.addEventListener("error", () => {
      loading.delete(path);
      element.remove();
      reject(new Error("A file of the reference cannot be loaded: the gateway does not answer"));
    });
    document.head.append(element);
  });
  loading.set(path, loaded);
  return loaded;
}
