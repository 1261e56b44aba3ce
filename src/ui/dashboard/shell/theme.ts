/** Light or dark, as the system has it or as the reader chose. It stays in the browser. */

import { useEffect, useState } from "preact/hooks";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "sluice-theme";

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(storedTheme);
  useEffect(() => {
    const { dataset } = document.documentElement;
    if (theme === "system") delete dataset["theme"];
    else dataset["theme"] = theme;
    store(theme);
    // Plots are drawn with the colours that count at that time.
    dispatchEvent(new Event("sluice-theme"));
  }, [theme]);
  return [theme, setTheme];
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(key);
    return themes.find((theme) => theme === stored) ?? "system";
  } catch {
    // A browser may refuse its storage.
    return "system";
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Then it counts for this visit.
  }
}
