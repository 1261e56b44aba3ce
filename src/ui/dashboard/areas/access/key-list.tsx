/** The keys of the gateway, found by a part of their name or id. */

import { useCallback, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { gatewayNow } from "../../../gateway-time.ts";
import { ConfirmName } from "../../kit/confirm-name.tsx";
import { Empty } from "../../kit/empty.tsx";
import { usePolledPages } from "../../kit/polled-pages.ts";
import { SafeText } from "../../kit/safe-text.tsx";
import { Age, Time } from "../../kit/time.tsx";
import { useQueryText } from "../../shell/place.ts";
import { type Key, listKeys, revokeKey } from "./keys.ts";

const everyMs = 10_000;

/** `created` counts the keys that this page has created: the list is read again for each. */
export function KeyList({ created }: { readonly created: number }) {
  const [q, setQ] = useQueryText("q");
  const read = useCallback((after?: string) => listKeys(q, after), [q, created]);
  const { items: keys, hasMore, more, refresh, failure } = usePolledPages(read, everyMs, idOf);
  const [revoked, setRevoked] = useState<Key>();

  return (
    <>
      <div class="filters">
        <label>
          <span>Part of the name or id</span>
          <input
            type="search"
            spellcheck={false}
            maxLength={200}
            value={q}
            onInput={(event) => setQ(event.currentTarget.value)}
          />
        </label>
      </div>
      <ErrorMessage text={failure} />
      {keys?.length === 0 && (
        <Empty title={q === "" ? "No keys yet" : "No key has this in its name or id"}>
          <p>A key stands for one program or person, and may do what its grants say.</p>
        </Empty>
      )}
      {keys !== undefined && keys.length > 0 && <Table keys={keys} onRevoke={setRevoked} />}
      {hasMore && (
        <div class="buttons">
          <button type="button" onClick={more}>
            More keys
          </button>
        </div>
      )}
      {revoked !== undefined && (
        <Revocation of={revoked} onClose={() => setRevoked(undefined)} onRevoked={refresh} />
      )}
    </>
  );
}

const idOf = ({ id }: Key) => id;

function Table({
  keys,
  onRevoke,
}: {
  readonly keys: readonly Key[];
  readonly onRevoke: (key: Key) => void;
}) {
  return (
    <div class="scroll-x">
      <table class="table">
        <caption class="for-readers">API keys</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Grants</th>
            <th scope="col">Last used</th>
            <th scope="col">Ends</th>
            <th scope="col">Created</th>
            <th scope="col">
              <span class="for-readers">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {keys.map((key) => (
            <tr key={key.id}>
              <td>
                <strong>{key.name}</strong>
                <br />
                <code class="about">{key.id}</code>
              </td>
              <td>
                <Grants grants={key.grants} />
              </td>
              <td>
                {key.last_used_at === null ? (
                  "not yet"
                ) : (
                  <>
                    <Age of={key.last_used_at} /> ago
                  </>
                )}
              </td>
              <td>
                <Ends at={key.expires_at} />
              </td>
              <td>
                <Time of={key.created_at} />
                <br />
                <span class="about">
                  by <SafeText text={key.created_by} max={80} />
                </span>
              </td>
              <td>
                <button type="button" class="danger" onClick={() => onRevoke(key)}>
                  Revoke<span class="for-readers"> {key.name}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Ends({ at }: { readonly at: string | null }) {
  if (at === null) return <>never</>;
  return Date.parse(at) < gatewayNow() ? (
    <span class="badge refused">
      ended <Time of={at} />
    </span>
  ) : (
    <Time of={at} />
  );
}

const grantsShown = 8;

export function Grants({ grants }: { readonly grants: readonly string[] }) {
  const [isOpen, setIsOpen] = useState(false);
  const shown = isOpen ? grants : grants.slice(0, grantsShown);
  return (
    <ul class="grant-list">
      {shown.map((grant, at) => (
        <li key={at}>
          <code>
            <SafeText text={grant} />
          </code>
        </li>
      ))}
      {shown.length < grants.length && (
        <li>
          <button type="button" onClick={() => setIsOpen(true)}>
            {grants.length - shown.length} more
          </button>
        </li>
      )}
    </ul>
  );
}

function Revocation({
  of: key,
  onClose,
  onRevoked,
}: {
  readonly of: Key;
  readonly onClose: () => void;
  readonly onRevoked: () => void;
}) {
  return (
    <ConfirmName
      title={`Revoke ${key.name}`}
      name={key.name}
      action="Revoke the key"
      onClose={onClose}
      onConfirm={async () => {
        await revokeKey(key.id);
        onRevoked();
      }}
    >
      <p>
        It stops working on every node within a second. Its sessions and its open streams end. A
        revoked key cannot be used again.
      </p>
      <p class="about">
        Last used:{" "}
        {key.last_used_at === null ? (
          "not yet"
        ) : (
          <>
            <Time of={key.last_used_at} />, <Age of={key.last_used_at} /> ago
          </>
        )}
      </p>
    </ConfirmName>
  );
}
