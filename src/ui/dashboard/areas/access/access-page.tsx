/** `/ui/access`: who may call the gateway, and what the reader of the page may do. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { usePolled } from "../../kit/polled.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { may, useMe, useSession } from "../../shell/session.ts";
import { CreateKey } from "./create-key.tsx";
import { Ends, Grants, KeyList } from "./key-list.tsx";
import { type Caller, readCaller } from "./keys.ts";

const everyMs = 30_000;

export function Page() {
  const me = useMe();
  const { number } = useSession();
  const [created, setCreated] = useState(0);
  const mayManage = may(me, "manage", "node:keys");
  const isOpen = me?.closed === false;
  return (
    <div class="page">
      <h1>Access</h1>
      <Own key={number} />
      {mayManage && (
        <section class="card access-part" aria-labelledby="new-key">
          <h2 id="new-key">{isOpen ? "The first key" : "New key"}</h2>
          {isOpen && <Opening />}
          <CreateKey isFirst={isOpen} onCreated={() => setCreated((count) => count + 1)} />
        </section>
      )}
      {mayManage && !isOpen && (
        <section class="access-part" aria-labelledby="keys">
          <h2 id="keys">Keys</h2>
          <KeyList created={created} />
          <p class="about">
            Each creation and revocation is a line of the gateway's log, with the level{" "}
            <code>audit</code> and with who did it.
          </p>
        </section>
      )}
      {!mayManage && (
        <p class="about">
          Keys are shown to those who may manage them: with the grant <code>manage node:keys</code>.
        </p>
      )}
    </div>
  );
}

/** An open gateway: what it means, and what the first key changes. */
function Opening() {
  return (
    <>
      <p>
        This gateway is <strong>open</strong>: everybody who reaches it may do everything. It
        becomes closed with its first key.
      </p>
      <p class="notice" role="note">
        The first key closes the gateway for all other callers, on all nodes, within a second. From
        then on they need a key as well. It must have <code>manage node:keys</code> and not end,
        because it creates the others. This page stays signed in with it.
      </p>
    </>
  );
}

function Own() {
  const { answer, failure } = usePolled(readCaller, everyMs);
  return (
    <section class="access-part" aria-labelledby="own">
      <h2 id="own">You</h2>
      <ErrorMessage text={failure} />
      {answer !== undefined && <CallerFacts of={answer} />}
    </section>
  );
}

const kindWords: Readonly<Record<string, string>> = {
  anonymous: "without a credential",
  key: "with an API key",
  token: "with a token",
  certificate: "with a client certificate",
};

function CallerFacts({ of: caller }: { readonly of: Caller }) {
  return (
    <dl class="facts-list">
      <dt>Called</dt>
      <dd>
        <SafeText text={caller.name} /> <span class="about">{kindWords[caller.kind]}</span>
      </dd>
      <dt>In logs</dt>
      <dd>
        <code>
          <SafeText text={caller.principal} />
        </code>
      </dd>
      <dt>Ends</dt>
      <dd>
        <Ends at={caller.expires_at} />
      </dd>
      <dt>May</dt>
      <dd>
        {caller.grants.length === 0 ? "nothing" : <Grants grants={caller.grants} />}
        {!caller.closed && <span class="about">as everybody: the gateway is open</span>}
      </dd>
    </dl>
  );
}
