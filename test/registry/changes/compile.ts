import { create, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type LinkedSchema, linkSchema } from "../../../src/features/registry/link/linked.ts";
import { compileProtos } from "../../support/protos.ts";
import type { Change } from "./change.ts";

/** Names of all rows have to differ in one compilation: this ends each, and is cut off after it. */
const mark = /__\d+[ba]/g;

export interface CompiledChange {
  readonly before: LinkedSchema;
  readonly after: LinkedSchema;
}

/** Compiles and links all changes with one call of the compiler. */
export async function compileChanges(changes: readonly Change[]): Promise<CompiledChange[]> {
  const texts: Record<string, string> = {};
  for (const [row, change] of changes.entries()) {
    const syntax = change.syntax ?? "proto3";
    for (const [side, when] of sides) {
      const id = `__${row}${side}`;
      const head = `syntax = "${typeof syntax === "string" ? syntax : syntax[when]}";`;
      const name = change.renamesPackage === true && when === "after" ? "u" : "t";
      const body = change[when].replaceAll("$d", `d${id}`);
      texts[`t${id}.proto`] = `${head} package ${name}${id}; ${body}`;
      const imported = change.imports?.[when];
      if (imported !== undefined) texts[`d${id}.proto`] = `${head} package d${id}; ${imported}`;
    }
  }
  const all = fromBinary(FileDescriptorSetSchema, await compileProtos(texts));
  return changes.map((_, row) => {
    const [before, after] = sides.map(([side]) => {
      const file = all.file.filter(({ name }) => name.includes(`__${row}${side}`));
      const json = toJson(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
      const unmarked: unknown = JSON.parse(JSON.stringify(json).replaceAll(mark, ""));
      const set = fromJson(FileDescriptorSetSchema, unmarked as typeof json);
      return linkSchema(toBinary(FileDescriptorSetSchema, set), "t.proto");
    });
    if (before === undefined || after === undefined) throw new Error(`row ${row} is not compiled`);
    return { before, after };
  });
}

const sides = [
  ["b", "before"],
  ["a", "after"],
] as const;
