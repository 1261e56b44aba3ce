import { expect, test } from "bun:test";
import type { Position } from "../../core/position.ts";
import type { RequestedStart } from "../../hub/subscriber.ts";
import { lastEventId, requestedStart, startQuery } from "./starting.ts";

const token = "8mi8wtfaq-23a";
const other = "8mi8wtfaq-10";
const at = (sequence: number): Position => ({ epoch: 1_763_732_542_130, sequence, index: 0 });

interface Texts {
  readonly after?: string;
  readonly tail?: string;
  readonly last?: string;
  readonly lastEventId?: string;
}

function parsed({ after, tail, last, lastEventId: inQuery }: Texts): RequestedStart {
  return requestedStart(
    {
      after: startQuery.after.parse(after, "after"),
      tail: startQuery.tail.parse(tail, "tail"),
      lastEventId: startQuery.lastEventId.parse(inQuery, "lastEventId"),
    },
    { "Last-Event-ID": lastEventId["Last-Event-ID"].parse(last, "last-event-id") },
  );
}

test.each<readonly [Texts, RequestedStart]>([
  [{}, "live"],
  [{ after: token }, at(118)],
  [{ after: "earliest" }, "earliest"],
  [{ tail: "0" }, { tail: 0 }],
  [{ tail: "1000" }, { tail: 1000 }],
  [{ after: token, tail: "5" }, at(118)],
  [{ last: other, after: token }, at(0)],
  [{ last: other, tail: "5" }, at(0)],
  [{ last: "", after: token }, at(118)],
  [{ last: "" }, "live"],
  [{ lastEventId: other, after: token, tail: "5" }, at(0)],
  [{ last: token, lastEventId: other }, at(118)],
  [{ lastEventId: "", after: token }, at(118)],
])("%j starts at %j", (texts, start) => {
  expect(parsed(texts)).toEqual(start);
});

test.each<readonly [Texts, string]>([
  [{ after: "" }, 'Cannot parse position ""'],
  [{ after: "latest" }, 'Cannot parse position "latest"'],
  [{ last: "earliest" }, 'Cannot parse position "earliest"'],
  [{ tail: "1001" }, 'Cannot use tail "1001": expected a whole number from 0 to 1000'],
  [{ tail: "-1" }, 'Cannot use tail "-1"'],
  [{ tail: "" }, 'Cannot use tail ""'],
])("%j is refused: %s", (texts, says) => {
  expect(() => parsed(texts)).toThrow(says);
});
