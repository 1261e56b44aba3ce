/** What a record is written in: every version that its schema is registered as, with a link to each. */

import { SafeText } from "../../kit/safe-text.tsx";
import { hrefTo } from "../../shell/place.ts";
import type { RecordRow } from "./record.ts";

export function SchemaLinks({ schema }: { readonly schema: NonNullable<RecordRow["schema"]> }) {
  const { id, name, subjects = [] } = schema;
  return (
    <>
      {subjects.map(({ subject, version }) => (
        <span key={`${subject} ${version}`}>
          <a href={hrefTo("/schemas/subject", { s: subject, v: String(version) })}>
            <SafeText text={subject} max={200} /> v{version}
          </a>
          {" · "}
        </span>
      ))}
      <a href={hrefTo(`/schemas/id/${id}`)}>id {id}</a>
      {name !== undefined && (
        <>
          {" · "}
          <SafeText text={name} max={200} />
        </>
      )}
    </>
  );
}
