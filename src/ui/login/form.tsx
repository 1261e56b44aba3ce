/** The key of a person, in exchange for a session. */

import { useEffect, useState } from "preact/hooks";
import { messageOf } from "../http.ts";
import { type Me, readMe, signIn, signOut } from "../me.ts";
import { gatewayUrl } from "../root.ts";

export function LoginForm() {
  const [me, setMe] = useState<Me>();
  const [key, setKey] = useState("");
  const [failure, setFailure] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  const run = (work: () => Promise<void>) => {
    setIsBusy(true);
    setFailure(undefined);
    work().then(
      () => setIsBusy(false),
      (error: unknown) => {
        setIsBusy(false);
        setFailure(messageOf(error));
      },
    );
  };
  useEffect(() => run(async () => setMe(await readMe())), []);
  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    run(async () => {
      await signIn(key.trim());
      location.assign(gatewayUrl("/ui"));
    });
  };
  const onSignOut = () =>
    run(async () => {
      await signOut();
      setMe(await readMe());
    });

  return (
    <main>
      <form class="login" onSubmit={onSubmit}>
        <h1>
          <img src={gatewayUrl("/login/assets/icon.svg").href} alt="" width="26" height="26" />
          Sluice
        </h1>
        {me?.kind === "key" ? (
          <p>
            You are signed in with the key <strong>{me.name}</strong>.
          </p>
        ) : (
          <p>{me?.closed === false ? openText : "This gateway needs a key."}</p>
        )}
        <label>
          API key
          <input
            type="password"
            name="key"
            autocomplete="current-password"
            spellcheck={false}
            placeholder="slk_…"
            required
            autofocus
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        {failure !== undefined && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <div class="buttons">
          <button class="primary" type="submit" disabled={isBusy}>
            Sign in
          </button>
          {me?.kind === "key" && (
            <button type="button" disabled={isBusy} onClick={onSignOut}>
              Sign out
            </button>
          )}
        </div>
      </form>
    </main>
  );
}

const openText = "This gateway is open: nobody needs to sign in until its first key is created.";
