/** A schema's text, with the numbers of its lines. */

import { useMemo } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { VirtualList } from "../../kit/virtual-list.tsx";
import { hrefTo, segment } from "../../shell/place.ts";
import { MessageNames } from "./message-names.tsx";
import type { VersionText } from "./registry.ts";
import { subjectHref } from "./subject-href.ts";

const rowHeight = 20;
/** Characters of a line that are drawn. */
const lineMax = 2000;

export function TextView({ of: version }: { readonly of: VersionText }) {
  const { text, messages, references, id, guid, file, is_rendered: isRendered } = version;
  const lines = useMemo(() => linesOf(text), [text]);
  return (
    <>
      <dl class="facts-list">
        <dt>Schema id</dt>
        <dd>
          <a href={hrefTo(`/schemas/id/${segment(String(id))}`)}>{id}</a>{" "}
          <span class="about">
            GUID <code>{guid}</code>
          </span>
        </dd>
        <dt>File</dt>
        <dd>
          <code>
            <SafeText text={file} />
          </code>
          {isRendered && <span class="about"> · descriptors were sent; this text is rendered</span>}
        </dd>
        <dt>Messages</dt>
        <dd>
          {messages.length === 0 && "none"}
          <MessageNames names={messages} max={20} />
        </dd>
        {references.length > 0 && (
          <>
            <dt>Imports</dt>
            <dd>
              {references.map(({ name, subject, version: number }, at) => (
                <span key={name}>
                  {at > 0 && ", "}
                  <code>
                    <SafeText text={name} />
                  </code>{" "}
                  from{" "}
                  <a href={subjectHref(subject, { v: number })}>
                    <SafeText text={subject} /> v{number}
                  </a>
                </span>
              ))}
            </dd>
          </>
        )}
      </dl>
      <div class="buttons">
        <CopyButton text={text} label="Copy the text" />
      </div>
      <VirtualList
        class="code"
        count={lines.length}
        rowHeight={rowHeight}
        label="Text of the schema"
        row={(at) => (
          <div key={at} role="listitem" class="code-line">
            <span class="line-number">{at + 1}</span>
            <SafeText text={lines[at] ?? ""} max={lineMax} />
          </div>
        )}
      />
    </>
  );
}

/** Without the line end at the end. */
export function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines;
}
