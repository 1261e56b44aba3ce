/** What a schema may at most hold. Real ones stay far below; hostile ones end here, early. */
export const schemaLimits = {
  /** Bytes of the descriptor set as it is sent. */
  bytesMax: 4 * 1024 * 1024,
  filesMax: 1000,
  /** Messages of all files, map entries included. */
  messagesMax: 20_000,
  /** Messages, fields, enums, values, options and the like of all files: objects in memory. */
  elementsMax: 250_000,
  /** Fields of the descriptors' own encoding: what decoding costs. */
  wireFieldsMax: 1_500_000,
  /** How deep messages nest, counted in levels of the descriptor's encoding. */
  depthMax: 64,
  /** Characters of a full name: checks quote and join them. */
  nameCharsMax: 1000,
  /** Characters of a file's path. */
  pathCharsMax: 1000,
  /** Problems that are told one by one; the rest is counted. */
  problemsMax: 1000,
} as const;
