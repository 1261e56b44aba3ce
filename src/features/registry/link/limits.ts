/** Bounds of a schema. Real ones stay far below; hostile ones are refused early. */
export const schemaLimits = {
  /** Bytes of the descriptor set as it is sent. */
  bytesMax: 4 * 1024 * 1024,
  filesMax: 1000,
  /** Number of messages of all files, including map entries. */
  messagesMax: 20_000,
  /** Number of messages, fields, enums, values, options and the like of all files: objects in memory. */
  elementsMax: 250_000,
  /** Number of fields in the encoding of the descriptors: the cost of decoding them. */
  wireFieldsMax: 1_500_000,
  /** Depth of nesting, in levels of the descriptor's encoding. */
  depthMax: 64,
  /** Characters of a full name: checks quoted and join names. */
  nameCharsMax: 1000,
  /** Characters of a file's path. */
  pathCharsMax: 1000,
  /** Number of problems that are listed; the rest is counted. */
  problemsMax: 1000,
} as const;
