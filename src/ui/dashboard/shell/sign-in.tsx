/** Asks for a key over the page, which keeps what it shows. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../error-message.tsx";
import { SubmitButton, useWork, WorkForm } from "../../work.tsx";
import { enter, useSession } from "./session.ts";

export function SignIn() {
  const { hadBegun } = useSession();
  const [key, setKey] = useState("");
  const work = useWork();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    // Not modal: what is behind it can still be read and copied.
    dialog.current?.show();
  }, []);

  return (
    <dialog ref={dialog} class="sign-in" aria-labelledby="sign-in-title">
      <WorkForm work={work} onSubmit={() => enter(key)} class="">
        <h2 id="sign-in-title">{hadBegun ? "Signed out" : "Sign in"}</h2>
        <p>
          {hadBegun
            ? "The session has ended. With a key the page goes on where it was."
            : "This gateway needs a key."}
        </p>
        <label>
          API key
          <input
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            placeholder="slk_…"
            required
            autofocus
            value={key}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
        </label>
        <ErrorMessage text={work.failure} />
        <div class="buttons">
          <SubmitButton work={work}>Sign in</SubmitButton>
        </div>
      </WorkForm>
    </dialog>
  );
}
