/** The key of a person, in exchange for a session. */

import { useEffect, useState } from "preact/hooks";
import { type Me, readMe, signIn, signOut } from "../me.ts";
import { gatewayUrl } from "../root.ts";
import { SubmitButton, useWork, WorkButton, WorkForm } from "../work.tsx";

export function LoginForm() {
  const [me, setMe] = useState<Me>();
  const [key, setKey] = useState("");
  const work = useWork();
  const look = async () => setMe(await readMe());
  useEffect(() => work.run(look), []);
  const enter = async () => {
    await signIn(key.trim());
    location.assign(gatewayUrl("/ui"));
  };
  const leave = async () => {
    await signOut();
    await look();
  };

  return (
    <main>
      <WorkForm work={work} onSubmit={enter} class="login">
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
        {work.failure !== undefined && (
          <p class="failure" role="alert">
            {work.failure}
          </p>
        )}
        <div class="buttons">
          <SubmitButton work={work}>Sign in</SubmitButton>
          {me?.kind === "key" && (
            <WorkButton work={work} onPress={leave}>
              Sign out
            </WorkButton>
          )}
        </div>
      </WorkForm>
    </main>
  );
}

const openText = "This gateway is open: nobody needs to sign in until its first key is created.";
