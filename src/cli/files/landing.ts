/** Which cells the gateway's relations will refuse, checked with its mapping before a row is sent. */

import type { Relation } from "../../features/relations/relation.ts";
import { columnTypes } from "../../features/relations/relation.ts";
import { rowFromJson } from "../../features/relations/row.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { request } from "../gateway/request.ts";
import { namesFromPointer } from "../json-pointer.ts";
import type { BadCell, Column, TableRecord } from "./table.ts";

interface RelationsAnswer {
  readonly relations: readonly {
    readonly topic: string;
    readonly relation: string;
    readonly key: readonly string[];
    readonly columns: readonly {
      readonly name: string;
      readonly type: string;
      readonly from: string;
    }[];
  }[];
}

/** The relations of the gateway, by topic. */
export async function relationsOf(url: Gateway): Promise<ReadonlyMap<string, Relation>> {
  const { relations } = await request<RelationsAnswer>(url, "GET", "/v1/relations");
  return new Map(
    relations.map(({ topic, relation, key, columns }) => [
      topic,
      {
        topic,
        name: relation,
        key,
        columns: columns.flatMap(({ name, type, from }) => {
          // A later gateway may know types that this program does not: it checks what it knows.
          const known = columnTypes.find((each) => each === type);
          return known === undefined ? [] : [{ name, type: known, path: namesFromPointer(from) }];
        }),
      },
    ]),
  );
}

/** The cells that the relation will refuse: the record is stored, but not as a row. */
export function refusedCells(
  relation: Relation | undefined,
  record: TableRecord,
  columns: readonly Column[],
): BadCell[] {
  if (relation === undefined) return [];
  const { refusals = [] } = rowFromJson(relation, record.json);
  return refusals.map(({ field, message }) => {
    const [name] = namesFromPointer(field);
    return { row: record.row, column: columns.find((each) => each.name === name), message };
  });
}
