/** gRPC server reflection, `v1` and `v1alpha`, which `grpcurl` and `buf curl` query before a call. */

import type { DescFile, DescService } from "@bufbuild/protobuf";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { isPublic } from "../core/access/need.ts";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { serviceAccess } from "./access.ts";
import { Descriptors, encodeWithImports } from "./descriptors.ts";

/** The two versions differ in their package alone. */
type Query = (ServerReflectionRequest | ServerReflectionRequestAlpha)["messageRequest"];

type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | {
      case: "allExtensionNumbersResponse";
      value: { baseTypeName: string; extensionNumber: number[] };
    }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

const described = isPublic(
  "it describes the same services on every node, as their published .proto files do, and no data",
);

export const reflectionAccess = new Map([
  ...serviceAccess(ServerReflection, { serverReflectionInfo: described }),
  ...serviceAccess(ServerReflectionAlpha, { serverReflectionInfo: described }),
]);

/** `services` is called once, at the first request: by then all of them are mounted. */
export function mountReflection(
  router: ConnectRouter,
  services: () => readonly DescService[],
): void {
  let known: Descriptors | undefined;
  // Clients look up the types of an error's details to show them.
  const descriptors = () =>
    (known ??= new Descriptors(services(), [file_google_rpc_error_details]));
  router.service(ServerReflection, {
    async *serverReflectionInfo(requests) {
      for await (const originalRequest of requests) {
        const messageResponse = answer(descriptors(), originalRequest.messageRequest);
        yield { validHost: originalRequest.host, originalRequest, messageResponse };
      }
    },
  });
  router.service(ServerReflectionAlpha, {
    async *serverReflectionInfo(requests) {
      for await (const originalRequest of requests) {
        const messageResponse = answer(descriptors(), originalRequest.messageRequest);
        yield { validHost: originalRequest.host, originalRequest, messageResponse };
      }
    },
  });
}

function answer(descriptors: Descriptors, query: Query): Answer {
  switch (query.case) {
    case "fileByFilename":
      return fileAnswer(descriptors.file(query.value), `file "${cut(query.value)}"`);
    case "fileContainingSymbol":
      return fileAnswer(descriptors.fileOfSymbol(query.value), `symbol "${cut(query.value)}"`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = query.value;
      return fileAnswer(
        descriptors.fileOfExtension(containingType, extensionNumber),
        `extension ${extensionNumber} of "${cut(containingType)}"`,
      );
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = descriptors.extensionNumbers(query.value);
      if (extensionNumber === undefined) return notFound(`message "${cut(query.value)}"`);
      return {
        case: "allExtensionNumbersResponse",
        value: { baseTypeName: query.value, extensionNumber },
      };
    }
    case "listServices": {
      const service = descriptors.serviceNames().map((name) => ({ name }));
      return { case: "listServicesResponse", value: { service } };
    }
    default:
      return error(Code.InvalidArgument, "Cannot answer: the request is empty");
  }
}

function fileAnswer(file: DescFile | undefined, what: string): Answer {
  if (file === undefined) return notFound(what);
  return {
    case: "fileDescriptorResponse",
    value: { fileDescriptorProto: encodeWithImports(file) },
  };
}

function notFound(what: string): Answer {
  return error(Code.NotFound, `There is no ${what}`);
}

function error(errorCode: Code, errorMessage: string): Answer {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}

function cut(name: string): string {
  return name.slice(0, 200);
}
