/** A field and what is found, for the page and the palette: arrows choose, Enter goes there. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ErrorMessage } from "../../../error-message.tsx";
import { SafeText } from "../../kit/safe-text.tsx";
import { type Hit, soughtText } from "./sources.ts";
import { type Finding, useFind } from "./use-find.ts";

export function FindBox({
  text,
  setText,
  onGo,
}: {
  readonly text: string;
  readonly setText: (text: string) => void;
  /** After a hit was followed. */
  readonly onGo?: () => void;
}) {
  const finding = useFind(text);
  const hits = finding.groups.flatMap((group) => group.hits);
  const [chosen, setChosen] = useState(0);
  const [isGoing, setIsGoing] = useState(false);
  const at = Math.min(chosen, hits.length - 1);
  const list = useRef<HTMLDivElement>(null);
  const listId = useId();

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setChosen(Math.max(0, Math.min(hits.length - 1, at + step)));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      setIsGoing(true);
    }
  };
  // Enter may be faster than the answers: it goes to the first hit once that is there.
  const isOfText = finding.text === soughtText(text);
  useEffect(() => {
    if (!isGoing || !isOfText) return;
    if (hits.length > 0 || !finding.isBusy) setIsGoing(false);
    list.current?.querySelector<HTMLAnchorElement>('[aria-selected="true"]')?.click();
  }, [isGoing, isOfText, hits.length, finding.isBusy]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at]);

  return (
    <div class="find">
      <label>
        <span>A name, an id, a tag, or a position</span>
        <input
          type="text"
          role="combobox"
          list={undefined}
          autofocus
          spellcheck={false}
          autocomplete="off"
          aria-expanded={hits.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          {...(hits.length > 0 ? { "aria-activedescendant": `${listId}-${at}` } : {})}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setChosen(0);
            setIsGoing(false);
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <ErrorMessage text={finding.failure} />
      <Status text={text} finding={finding} count={hits.length} />
      <div ref={list} id={listId} role="listbox" aria-label="What was found" class="found">
        {groupsWithPlaces(finding).map(({ kind, hits: some, from }) => (
          <div key={kind} role="group" aria-label={kind}>
            <h3 aria-hidden="true">{kind}</h3>
            {some.map((hit, i) => (
              <Found
                key={`${hit.href} ${hit.about}`}
                hit={hit}
                id={`${listId}-${from + i}`}
                isChosen={from + i === at}
                {...(onGo === undefined ? {} : { onGo })}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

function groupsWithPlaces({ groups }: Finding) {
  let from = 0;
  return groups.map((group) => {
    const placed = { ...group, from };
    from += group.hits.length;
    return placed;
  });
}

function Found({
  hit,
  id,
  isChosen,
  onGo,
}: {
  readonly hit: Hit;
  readonly id: string;
  readonly isChosen: boolean;
  readonly onGo?: () => void;
}) {
  return (
    <a
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      href={hit.href}
      onClick={() => onGo?.()}
    >
      <SafeText text={hit.title} max={120} />{" "}
      <span class="about">
        <SafeText text={hit.about} max={160} />
      </span>
    </a>
  );
}

function Status({
  text,
  finding: { isBusy, failure },
  count,
}: {
  readonly text: string;
  readonly finding: Finding;
  readonly count: number;
}) {
  let words = "";
  if (text.trim() === "") {
    words =
      "Topics, series, subjects, ack rules and apps by a part of their name; emitters and messages by its beginning; external ids, schema ids and positions as a whole.";
  } else if (count > 0) words = count === 1 ? "One hit" : `${count} hits`;
  else if (!isBusy && failure === undefined) words = "Nothing that you may read has this name.";
  else if (isBusy) words = "Looking…";
  return (
    <p class="about" role="status">
      {words}
    </p>
  );
}
