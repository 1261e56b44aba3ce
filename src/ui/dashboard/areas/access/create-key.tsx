/** A new key: what it may do, until when, and its secret, which is shown once. */

import { useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { gatewayNow } from "../../../gateway-time.ts";
import { SubmitButton, useWork, WorkForm } from "../../../work.tsx";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Dialog } from "../../kit/dialog.tsx";
import { enter } from "../../shell/session.ts";
import { type GrantRow, GrantsForm, renderRow } from "./grants-form.tsx";
import { createKey } from "./keys.ts";

const dayMs = 86_400_000;
const lifetimes: readonly (readonly [string, number])[] = [
  ["never", 0],
  ["in 7 days", 7],
  ["in 30 days", 30],
  ["in 90 days", 90],
  ["in a year", 365],
];

const everything: readonly GrantRow[] = [
  { action: "read", kind: "*", name: "" },
  { action: "append", kind: "*", name: "" },
  { action: "manage", kind: "*", name: "" },
];
const usual: readonly GrantRow[] = [{ action: "read", kind: "topic", name: "" }];

export function CreateKey({
  isFirst,
  onCreated,
}: {
  /** The gateway is open: this key closes it. */
  readonly isFirst: boolean;
  readonly onCreated: () => void;
}) {
  const [name, setName] = useState(isFirst ? "admin" : "");
  const [rows, setRows] = useState(isFirst ? everything : usual);
  const [days, setDays] = useState(0);
  const work = useWork();
  const [secret, setSecret] = useState<string>();

  const create = async () => {
    const until = new Date(gatewayNow() + days * dayMs).toISOString();
    const { key } = await createKey({
      name: name.trim(),
      grants: rows.map(renderRow),
      ...(days === 0 ? {} : { expires_at: until }),
    });
    setSecret(key);
    // From now on the gateway asks who calls: this page goes on with the key.
    if (isFirst) await enter(key);
    setName("");
    setRows(usual);
    onCreated();
  };

  return (
    <>
      <WorkForm work={work} onSubmit={create}>
        <label>
          <span>Name, for people</span>
          <input
            required
            maxLength={200}
            pattern="[A-Za-z0-9._\-]+"
            title="Letters, digits, dots, underscores and hyphens"
            spellcheck={false}
            autocomplete="off"
            placeholder="orders-producer"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <GrantsForm rows={rows} onChange={setRows} />
        <div role="status">{isFirst && <Lacking grants={rows.map(renderRow)} />}</div>
        <label>
          <span>Ends</span>
          <select
            value={String(days)}
            onChange={(event) => setDays(Number(event.currentTarget.value))}
          >
            {lifetimes.map(([words, count]) => (
              <option key={count} value={String(count)}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <ErrorMessage text={work.failure} />
        <div class="buttons">
          <SubmitButton work={work}>
            {isFirst ? "Create the first key and close the gateway" : "Create the key"}
          </SubmitButton>
        </div>
      </WorkForm>
      {secret !== undefined && <Secret secret={secret} onClose={() => setSecret(undefined)} />}
    </>
  );
}

/** A key gives to others what it has: what the first one lacks, none will have. */
function Lacking({ grants }: { readonly grants: readonly string[] }) {
  const lacking = everything.map(renderRow).filter((grant) => !grants.includes(grant));
  if (lacking.length === 0) return null;
  return (
    <p class="notice">
      The first key lacks <code>{lacking.join(", ")}</code>. Nobody can grant more than they have,
      so no later key can have it either, unless the gateway starts again with{" "}
      <code>SLUICE_ADMIN_KEY</code>.
    </p>
  );
}

function Secret({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <Dialog title="The key, shown this once" onClose={onClose}>
      <p>The gateway keeps its hash alone. Store it now: nobody can show it again.</p>
      <p class="command">
        <code class="secret">{secret}</code>
        <CopyButton text={secret} />
      </p>
      <div class="buttons">
        <button type="button" class="primary" onClick={onClose}>
          It is stored
        </button>
      </div>
    </Dialog>
  );
}
