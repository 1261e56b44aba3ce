import { expect, test } from "bun:test";
import { rowFromPage } from "./record.ts";

const given = { position: "11-11", time: "2026-11-29T10:00:00Z" };

test("JSON with a member base64 is JSON, whatever its content type says", () => {
  for (const content_type of ["application/json", "application/protobuf"]) {
    const row = rowFromPage({ ...given, content_type, size: 17, data: { base64: "aGk=" } });
    expect([row.isBytes, row.value]).toEqual([false, '{"base64":"aGk="}']);
  }
});

test("what the gateway writes as base64 is bytes, also where it is cut, or claims to be JSON", () => {
  for (const content_type of ["application/json", "application/octet-stream"]) {
    const whole = rowFromPage({ ...given, content_type, size: 2, data: { base64: "aGk=" } });
    expect([whole.isBytes, whole.value]).toEqual([true, "aGk="]);
    const cut = rowFromPage({ ...given, content_type, size: 900, cut: { base64: "aGk=" } });
    expect([cut.isBytes, cut.isCut]).toEqual([true, true]);
  }
});
