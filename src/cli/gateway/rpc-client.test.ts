import { expect, test } from "bun:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { Failure, failureCodes } from "../../core/failure.ts";
import { connectErrorFrom } from "../../rpc/status.ts";
import { failureFromRpcError } from "./rpc-client.ts";

test("what the gateway says of a failure arrives as it was", () => {
  for (const code of failureCodes) {
    const sent = new Failure(code, "Cannot do it", { position: "p", retryAfterMs: 1500 });
    const { message, position, retryAfterMs, ...got } = failureFromRpcError(connectErrorFrom(sent));
    expect({ code: got.code, message, position, retryAfterMs }).toEqual({
      code,
      message: "Cannot do it",
      position: "p",
      retryAfterMs: 1500,
    });
  }
});

test("a status without details is a cut connection, unless its code is unambiguous", () => {
  const codeOf = (code: Code) => failureFromRpcError(new ConnectError("gone", code)).code;
  expect([Code.Aborted, Code.Internal, Code.Unknown, Code.Canceled].map(codeOf)).toEqual(
    Array.from({ length: 4 }, () => "unavailable"),
  );
  expect(codeOf(Code.Unimplemented)).toBe("method_not_allowed");
  expect(codeOf(Code.PermissionDenied)).toBe("forbidden");
  expect(failureFromRpcError(new Error("socket closed")).code).toBe("unavailable");
});
