import type { DescMessage } from "@bufbuild/protobuf";
import { file_google_protobuf_descriptor } from "@bufbuild/protobuf/wkt";

/** The messages of google/protobuf/descriptor.proto, by full name: those of options among them. */
export const descriptorMessages: ReadonlyMap<string, DescMessage> = new Map(
  file_google_protobuf_descriptor.messages.map((message) => [message.typeName, message]),
);
