/**
 * Decodes without knowing any schema: the id that a record carries names it, the registry has its
 * descriptors, and an id never changes its meaning.
 */

import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Registry,
  toJsonString,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { sleep, systemClock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import { isRetryable, retryPauseMs } from "../gateway/retry.ts";
import { failureFromRpcError, type RegistryClient } from "../gateway/rpc-client.ts";
import type { LineDecoder } from "./decoder.ts";

/** The message of a record is the first of its schema's own file. */
interface Schema {
  readonly message: DescMessage;
  /** All types of the set, for what an `Any` holds. */
  readonly types: Registry;
}

/** `report` is called with a line for each schema that is fetched. */
export function createDynamicDecoder(
  registry: RegistryClient,
  report: (line: string) => void,
): LineDecoder {
  const schemas = new Map<number, Schema>();

  async function fetchSchema(id: number): Promise<Schema> {
    const { schema, fileDescriptorSet } = await registry.getDescriptorSet({
      schema: { case: "id", value: id },
    });
    const types = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
    const name = schema?.messages[0] ?? "";
    const message = types.getMessage(name);
    if (message === undefined) {
      throw new Failure("invalid", `Cannot decode with schema ${id}: it declares no message`);
    }
    const { subject = "", version = 0 } = schema ?? {};
    const known = subject === "" ? "no subject has it" : `${subject} version ${version}`;
    report(`schema ${id}: ${name}, ${known}`);
    return { message, types };
  }

  async function schemaOf(id: number, signal: AbortSignal): Promise<Schema> {
    for (let attempts = 0; ; attempts++) {
      const known = schemas.get(id);
      if (known !== undefined) return known;
      try {
        schemas.set(id, await fetchSchema(id));
      } catch (error) {
        const failure = failureFromRpcError(error);
        if (!isRetryable(failure) || signal.aborted) throw failure;
        const pauseMs = retryPauseMs(attempts, failure);
        report(`Cannot fetch schema ${id}: ${failure.message}. Again in ${seconds(pauseMs)} s`);
        await sleep(systemClock, pauseMs, signal);
      }
    }
  }

  return {
    async decode({ value, schemaId }, signal) {
      if (schemaId === 0) throw new Failure("invalid", "Cannot decode: it names no schema");
      const { message, types } = await schemaOf(schemaId, signal);
      try {
        return toJsonString(message, fromBinary(message, value), { registry: types });
      } catch (cause) {
        const reason = `its bytes are not a message of schema ${schemaId}`;
        throw new Failure("invalid", `Cannot decode as "${message.typeName}": ${reason}`, {
          cause,
        });
      }
    },
  };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}
