/** gRPC server reflection, `v1` and `v1alpha`: what `grpcurl` and `buf curl` ask before they call. */
import type { DescFile, DescService } from "@bufbuild/protobuf";
import { Code, type ConnectRouter } from "@connectrpc/connect";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.ts";
import {
  ServerReflection,
  type ServerReflectionRequest,
} from "../gen/grpc/reflection/v1/reflection_pb.ts";
import {
  ServerReflection as ServerReflectionAlpha,
  type ServerReflectionRequest as ServerReflectionRequestAlpha,
} from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { Descriptors, encodeWithImports } from "./descriptors.ts";

/** The two versions differ in their package alone. */
type Question = (ServerReflectionRequest | ServerReflectionRequestAlpha)["messageRequest"];

type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | {
      case: "allExtensionNumbersResponse";
      value: { baseTypeName: string; extensionNumber: number[] };
    }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

/** `services` is asked once, at the first call, when all of them are mounted. */
export function mountReflection(
  router: ConnectRouter,
  services: () => readonly DescService[],
): void {
  let known: Descriptors | undefined;
  // The details of an error have types of their own, which clients ask for to show them.
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

function answer(descriptors: Descriptors, question: Question): Answer {
  switch (question.case) {
    case "fileByFilename":
      return fileAnswer(descriptors.file(question.value), `file "${cut(question.value)}"`);
    case "fileContainingSymbol":
      return fileAnswer(
        descriptors.fileOfSymbol(question.value),
        `symbol "${cut(question.value)}"`,
      );
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      return fileAnswer(
        descriptors.fileOfExtension(containingType, extensionNumber),
        `extension ${extensionNumber} of "${cut(containingType)}"`,
      );
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = descriptors.extensionNumbers(question.value);
      if (extensionNumber === undefined) return notFound(`message "${cut(question.value)}"`);
      return {
        case: "allExtensionNumbersResponse",
        value: { baseTypeName: question.value, extensionNumber },
      };
    }
    case "listServices": {
      const service = descriptors.serviceNames().map((name) => ({ name }));
      return { case: "listServicesResponse", value: { service } };
    }
    default:
      return error(Code.InvalidArgument, "Cannot answer: the request asks nothing");
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
