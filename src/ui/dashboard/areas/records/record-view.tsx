/** One record: what is known of it, and its value decoded, as text or as bytes. */

import { useEffect, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { renderBytes } from "../../../format.ts";
import { messageOf, Refused } from "../../../http.ts";
import { gatewayUrl } from "../../../root.ts";
import { closesOnEscape } from "../../kit/close-keys.ts";
import { CopyButton } from "../../kit/copy-button.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { nsFromTime } from "../../kit/time-text.ts";
import { Time } from "../../kit/time.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { FieldColumns } from "./field-columns.tsx";
import { type RecordRow, rowFromPage } from "./record.ts";
import { SchemaLinks } from "./schema-links.tsx";
import { ValueView } from "./value-view.tsx";
import { readRecord, readText, recordPath } from "./value.ts";
import type { RecordsView } from "./view.ts";

/** Until a record is read again that the gateway did not answer. */
const retryMs = 2000;

export interface OpenRecordProps {
  readonly topic: string;
  readonly position: string;
  readonly view: RecordsView;
  readonly maySend: boolean;
  readonly close: () => void;
}

export function OpenRecord({ topic, position, view, maySend, close }: OpenRecordProps) {
  const { key } = view;
  const [row, setRow] = useState<RecordRow>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    const leaving = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      try {
        setRow(rowFromPage(await readRecord(topic, position, key, leaving.signal)));
        setFailure(undefined);
      } catch (error) {
        if (leaving.signal.aborted) return;
        setFailure(messageOf(error));
        if (error instanceof Refused && error.isPassing) {
          retry = setTimeout(() => void read(), retryMs);
        }
      }
    };
    setFailure(undefined);
    void read();
    return () => {
      clearTimeout(retry);
      leaving.abort();
    };
  }, [topic, position, key]);
  const shown = row?.position === position ? row : undefined;

  return (
    <section class="record-view" aria-label="One record" onKeyDown={closesOnEscape(close)}>
      <div class="record-head">
        <h2>
          <SafeText text={position} />
        </h2>
        <button type="button" onClick={close} title="Esc">
          Close
        </button>
      </div>
      <ErrorMessage text={failure} />
      {shown !== undefined && (
        <>
          <Facts row={shown} />
          <Copies topic={topic} row={shown} view={view} maySend={maySend} />
          <FieldColumns row={shown} view={view} />
          <ValueView key={position} topic={topic} row={shown} view={view} />
        </>
      )}
    </section>
  );
}

function Facts({ row }: { readonly row: RecordRow }) {
  const headers = Object.entries(row.headers);
  return (
    <dl class="facts-list">
      <dt>Key</dt>
      <dd>
        {row.key === undefined ? (
          <span class="look-absent">no key</span>
        ) : (
          <SafeText text={row.key} max={1000} />
        )}
      </dd>
      <dt>Time</dt>
      <dd>
        <Time of={row.time} />
      </dd>
      {row.received !== undefined && (
        <>
          <dt>Received</dt>
          <dd>
            <Time of={row.received} />
            <Difference told={row.time} received={row.received} />
          </dd>
        </>
      )}
      <dt>Size</dt>
      <dd>
        {renderBytes(row.size)}
        {row.size >= 1024 && ` (${row.size} bytes)`}, <SafeText text={row.contentType} />
      </dd>
      {row.schema !== undefined && (
        <>
          <dt>Schema</dt>
          <dd>
            <SchemaLinks schema={row.schema} />
          </dd>
        </>
      )}
      {headers.map(([name, value]) => (
        <HeaderFact key={name} name={name} value={value} />
      ))}
    </dl>
  );
}

function HeaderFact({
  name,
  value,
}: {
  readonly name: string;
  readonly value: string | { readonly base64: string };
}) {
  return (
    <>
      <dt>
        <SafeText text={name} max={100} />
      </dt>
      <dd>
        {typeof value === "string" ? (
          <SafeText text={value} max={1000} />
        ) : (
          <>
            base64 <SafeText text={value.base64} max={1000} />
          </>
        )}
      </dd>
    </>
  );
}

const second = 1_000_000_000n;

/** The producer's clock and the gateway's may differ: shown where it is more than a second. */
function Difference({ told, received }: { readonly told: string; readonly received: string }) {
  let ns: bigint;
  try {
    ns = nsFromTime(received) - nsFromTime(told);
  } catch {
    return null;
  }
  if (ns > -second && ns < second) return null;
  const seconds = Number(ns / 1_000_000n) / 1000;
  return (
    <span class="warn">
      {seconds > 0
        ? ` ${seconds} s after the producer's time`
        : ` ${-seconds} s before the producer's time`}
    </span>
  );
}

/** A part of a shell command. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function Copies({
  topic,
  row,
  view,
  maySend,
}: {
  readonly topic: string;
  readonly row: RecordRow;
  readonly view: RecordsView;
  readonly maySend: boolean;
}) {
  const ofKey = view.key === undefined ? "" : `?key=${encodeURIComponent(view.key)}`;
  const path = recordPath(topic, row.position);
  const valueUrl = gatewayUrl(`${path}/value${ofKey}`).href;
  const wholeValue = () => (row.isCut || row.isBytes ? readText(topic, row, view.key) : row.value);
  const all = async () => {
    const answer = await fetch(gatewayUrl(`${path}?decode=json${ofKey.replace("?", "&")}`));
    if (!answer.ok) throw new Error(`The gateway answered ${answer.status}`);
    return (await answer.text()).trimEnd();
  };
  const link = () =>
    new URL(
      hrefTo(`/topics/${segment(topic)}`, { sel: row.position, key: view.key }),
      location.href,
    ).href;
  return (
    <div class="buttons">
      <CopyButton label="Copy value" text={wholeValue} />
      <CopyButton label="Copy JSON" text={all} />
      <CopyButton label="Copy curl" text={`curl -s ${quote(gatewayUrl(path + ofKey).href)}`} />
      <CopyButton label="Copy link" text={link} />
      <a class="button" href={valueUrl} download="">
        Download
      </a>
      {maySend && (
        <a class="button" href={hrefTo(`/topics/${segment(topic)}/send`, { like: row.position })}>
          Send again…
        </a>
      )}
    </div>
  );
}
