/** The bar at the top: the gateway's state, search, the zone, the theme, and who is signed in. */

import { useEffect } from "preact/hooks";
import { messageOf, Refused, request } from "../../http.ts";
import { gatewayUrl } from "../../root.ts";
import { usePolled } from "../kit/polled.ts";
import { hrefTo } from "./place.ts";
import { Search } from "./search.tsx";
import { leave, useSession } from "./session.ts";
import { type Theme, themes, useTheme } from "./theme.ts";
import { useZone } from "./zone.ts";

const readyMs = 5000;

export function Bar() {
  return (
    <header class="bar">
      <a class="brand" href={hrefTo("/")}>
        <img src={gatewayUrl("/ui/assets/icon.svg").href} alt="" width="26" height="26" />
        Sluice
      </a>
      <State />
      <span class="bar-space" />
      <Search />
      <ZoneSwitch />
      <ThemeSwitch />
      <Caller />
    </header>
  );
}

type Ready = "ready" | "not ready" | "away";

async function readReady(): Promise<{ readonly state: Ready; readonly why?: string }> {
  try {
    await request("/readyz");
    return { state: "ready" };
  } catch (error) {
    const isAway = error instanceof Refused && error.status === 0;
    return { state: isAway ? "away" : "not ready", why: messageOf(error) };
  }
}

const words = {
  ready: "Ready",
  "not ready": "Not ready",
  away: "The gateway does not answer",
} as const;

function State() {
  const { answer, refresh } = usePolled(readReady, readyMs);
  useEffect(() => {
    // A laptop that wakes up, or a network that comes back, need not wait for the next turn.
    addEventListener("online", refresh);
    return () => removeEventListener("online", refresh);
  }, [refresh]);
  if (answer === undefined) return null;
  return (
    <span
      class={`badge ${answer.state === "ready" ? "live" : "refused"}`}
      role="status"
      {...(answer.why === undefined ? {} : { title: answer.why })}
    >
      {words[answer.state]}
    </span>
  );
}

function ZoneSwitch() {
  const [zone, setZone] = useZone();
  return (
    <label class="switch">
      <span>Times</span>
      <select
        value={zone}
        onChange={(event) => setZone(event.currentTarget.value === "utc" ? "utc" : "local")}
      >
        <option value="local">{localZoneName()}</option>
        <option value="utc">UTC</option>
      </select>
    </label>
  );
}

function localZoneName(): string {
  return `Here (${Intl.DateTimeFormat().resolvedOptions().timeZone})`;
}

const themeNames: Readonly<Record<Theme, string>> = {
  system: "As the system",
  light: "Light",
  dark: "Dark",
};

function ThemeSwitch() {
  const [theme, setTheme] = useTheme();
  return (
    <label class="switch">
      <span>Theme</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = themes.find((one) => one === event.currentTarget.value);
          if (chosen !== undefined) setTheme(chosen);
        }}
      >
        {themes.map((one) => (
          <option key={one} value={one}>
            {themeNames[one]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Caller() {
  const { me } = useSession();
  if (me?.closed !== true || me.kind === "anonymous") return null;
  const isReader = me.grants.every((grant) => grant.startsWith("read "));
  return (
    <span class="caller">
      <strong>{me.name}</strong>
      {isReader && <span class="about">read only</span>}
      {me.kind === "key" && (
        <button type="button" onClick={() => void leave()}>
          Sign out
        </button>
      )}
    </span>
  );
}
