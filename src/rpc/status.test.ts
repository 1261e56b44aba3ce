import { expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { Failure, failureCodes } from "../core/failure.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.ts";
import { connectErrorFrom } from "./status.ts";

test("names the field and the record of each issue", () => {
  const failure = new Failure("invalid", "Cannot take it", {
    errors: [
      { field: "topic", code: "invalid", message: "it is empty" },
      { index: 3, field: "value", code: "too_large", message: "it is 2 MiB" },
      { index: 4, field: "", code: "invalid", message: "it does not decode" },
    ],
  });
  const error = connectErrorFrom(failure);
  expect([error.code, error.rawMessage]).toEqual([Code.InvalidArgument, "Cannot take it"]);
  expect(
    error
      .findDetails(BadRequestSchema)[0]
      ?.fieldViolations.map(({ field, reason, description }) => [field, reason, description]),
  ).toEqual([
    ["topic", "INVALID", "it is empty"],
    ["records[3].value", "TOO_LARGE", "it is 2 MiB"],
    ["records[4]", "INVALID", "it does not decode"],
  ]);
});

test("tells where reading can go on", () => {
  const error = connectErrorFrom(new Failure("position_gone", "Trimmed", { position: "8x-11" }));
  expect(error.code).toBe(Code.OutOfRange);
  expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
    reason: "POSITION_GONE",
    domain: "sluice",
    metadata: { position: "8x-11" },
  });
  expect(error.findDetails(RetryInfoSchema)).toEqual([]);
});

test("says when to come back, exactly", () => {
  const failure = new Failure("overloaded", "Full", { retryAfterMs: 1250 });
  expect(connectErrorFrom(failure).findDetails(RetryInfoSchema)[0]?.retryDelay).toMatchObject({
    seconds: 1n,
    nanos: 250_000_000,
  });
});

test("what HTTP clients should retry later has a RetryInfo", () => {
  const retryable = failureCodes.filter(
    (code) => connectErrorFrom(new Failure(code, "x")).findDetails(RetryInfoSchema).length > 0,
  );
  expect(retryable).toEqual(["overloaded", "unavailable", "shutting_down"]);
});

test("a cause stays here", () => {
  const error = connectErrorFrom(new Error("password=hunter2"));
  expect(error.code).toBe(Code.Internal);
  expect(error.rawMessage).not.toContain("hunter2");
  expect(error.cause).toBeUndefined();
  expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({});
  expect(error.details).toHaveLength(1);
});

test("a status passes as it is", () => {
  const error = new ConnectError("as it is", Code.DataLoss);
  expect(connectErrorFrom(error)).toBe(error);
});
