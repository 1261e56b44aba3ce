/** Tries a record while it is typed: the gateway checks it and stores nothing. */

import { useEffect, useState } from "preact/hooks";
import { type Fault, messageOf, Refused } from "../../../http.ts";
import { type Draft, sendRecord } from "./send-api.ts";

export interface Tried {
  readonly isGood: boolean;
  readonly words: string;
  /** What is wrong, by field. */
  readonly faults: readonly Fault[];
}

const pauseMs = 400;

export function useTry(topic: string, draft: Draft): Tried {
  const [tried, setTried] = useState<Tried>({ isGood: true, words: "", faults: [] });
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      tryRecord(topic, draft)
        .then((outcome) => isCurrent && setTried(outcome))
        .catch((error: unknown) => {
          if (isCurrent) setTried({ isGood: false, words: messageOf(error), faults: [] });
        });
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [topic, draft]);
  return tried;
}

async function tryRecord(topic: string, draft: Draft): Promise<Tried> {
  const wrong = wrongDraft(draft);
  if (wrong !== undefined) {
    return { isGood: false, words: wrong, faults: [{ field: "value", message: wrong }] };
  }
  try {
    const { accepted, refused } = await sendRecord(topic, draft, true);
    const [first] = refused;
    if (accepted > 0 && first === undefined) {
      return { isGood: true, words: "The topic would take this record.", faults: [] };
    }
    return { isGood: false, words: first?.message ?? "It would be refused.", faults: refused };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { isGood: false, words: error.message, faults: error.errors };
  }
}

/** What is wrong with the texts of a draft; undefined where the gateway can be asked. */
export function wrongDraft(draft: Draft): string | undefined {
  return (
    (draft.isBytes ? wrongBase64("The value", draft.value) : wrongJson(draft.value)) ??
    wrongHeader(draft)
  );
}

/** Asked here: the gateway would log a request that is refused for each letter that is typed. */
function wrongJson(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `The value is not JSON: ${messageOf(error)}`;
  }
}

function wrongHeader({ headers }: Draft): string | undefined {
  const bytes = headers.filter(({ isBytes }) => isBytes);
  return bytes
    .map(({ name, value }) => wrongBase64(`The header ${name}`, value))
    .find((wrong) => wrong !== undefined);
}

function wrongBase64(what: string, text: string): string | undefined {
  try {
    atob(text.trim());
    return undefined;
  } catch {
    return `${what} is not base64`;
  }
}
