/** What `/v1/registry` answers and takes. */

import { z } from "zod";
import { jsonBody } from "../../../../http/endpoint/answer.ts";
import { countShape, timeShape } from "../../../../http/endpoint/shapes.ts";
import { type DifferenceType, differenceTypes } from "../../compatibility/difference.ts";
import { compatibilities, registryModes } from "../../registry-port.ts";

const numberShape = z.int().min(1);
export const subjectShape = z.string().min(1).max(255);
const compatibilityShape = z.enum(compatibilities);
const modeShape = z.enum(registryModes);

export const versionShape = z
  .object({
    version: numberShape,
    id: numberShape.describe("The schema's global id"),
    file: z.string().describe("Path of the schema's own file"),
    messages: z.array(z.string()).describe("Full names of the messages that it declares"),
    registered_at: timeShape,
    deleted: z.boolean().describe("Deleted softly: its id is still readable"),
  })
  .meta({ id: "RegistryVersion" });

export const versionExample = {
  version: 2,
  id: 17,
  file: "acme/v1/watch.proto",
  messages: ["acme.v1.Watch"],
  registered_at: "2026-11-21T10:02:11.420Z",
  deleted: false,
};

export const subjectsShape = z.object({
  subjects: z.array(
    z.object({
      subject: subjectShape,
      versions: countShape.describe("Number of versions"),
      latest: versionShape,
      compatibility: compatibilityShape.nullable().describe("null: that of all subjects"),
      mode: modeShape.nullable().describe("null: that of all subjects"),
    }),
  ),
  next: subjectShape.nullable().describe("As `after`, gives those that follow"),
});

export const versionsShape = z.object({
  versions: z.array(versionShape),
  next: numberShape.nullable().describe("As `before`, gives the earlier ones"),
});

const referenceShape = z.object({
  name: z.string().describe("The import's path"),
  subject: subjectShape,
  version: numberShape,
});

export const oneVersionShape = z.object({
  subject: subjectShape,
  version: numberShape,
  id: numberShape,
  guid: z.string(),
  file: z.string(),
  messages: z.array(z.string()),
  deleted: z.boolean(),
  references: z.array(referenceShape).describe("Those that the caller may read"),
  text: z.string().describe("As it was sent; rendered where descriptors were sent"),
  is_rendered: z.boolean().describe("Whether `text` was rendered from descriptors"),
});

const typeShape = z.enum(Object.keys(differenceTypes) as [DifferenceType, ...DifferenceType[]]);
const directionShape = z
  .enum(["BACKWARD", "FORWARD"])
  .describe("BACKWARD: the later one reads what the earlier wrote. FORWARD: the other way round");

const differenceShape = z.object({
  type: typeShape,
  path: z
    .string()
    .describe("Names of messages, then a field's or value's number: `#/Watch/Reading/3`"),
  message: z.string(),
  direction: directionShape,
});

export const changesShape = z.object({
  from: numberShape,
  to: numberShape,
  compatibility: compatibilityShape.describe("What counts for the subject now"),
  changes: z.array(
    differenceShape.extend({
      breaks: z.boolean().describe("Whether the reader does not understand what was written"),
      forbidden: z.boolean().describe("Whether that is what the compatibility forbids"),
    }),
  ),
  more: z.boolean().describe("Whether there are more changes than these"),
});

const nodeShape = z.object({
  subject: subjectShape,
  version: numberShape,
  id: numberShape,
  deleted: z.boolean(),
});

export const referencesShape = z.object({
  versions: z.array(
    nodeShape.extend({
      level: z.int().describe("0: the version itself; above 0: imported; below 0: importing"),
    }),
  ),
  imports: z.array(
    z.object({
      name: z.string().describe("The import's path"),
      from: z.object({ subject: subjectShape, version: numberShape }),
      to: z.object({ subject: subjectShape, version: numberShape }),
    }),
  ),
  more: z.boolean().describe("Whether there are more than these"),
});

const seen = { first_seen_at: timeShape, last_seen_at: timeShape };

export const topicUsesShape = z.object({
  topics: z.array(
    z.object({
      topic: z.string(),
      id: numberShape.describe("The schema that was seen last"),
      schemas: countShape.describe("Number of schemas that were seen"),
      ...seen,
    }),
  ),
  next: z.string().nullable().describe("As `after`, gives those that follow"),
});

export const schemaUsesShape = z.object({
  schemas: z.array(
    z.object({
      id: numberShape,
      ...seen,
      subjects: z
        .array(z.object({ subject: subjectShape, version: numberShape }))
        .describe("Some of those that have it, and that the caller may read"),
    }),
  ),
  next: numberShape.nullable().describe("As `before`, gives those that follow"),
});

export const schemaShape = z.object({
  id: numberShape,
  guid: z.string(),
  file: z.string(),
  messages: z.array(z.string()),
  versions: z.array(
    z.object({ subject: subjectShape, version: numberShape, deleted: z.boolean() }),
  ),
  next: countShape.nullable().describe("As `offset`, gives those that follow"),
});

export const templateShape = z.object({
  id: numberShape,
  message: z.string().describe("Full name of the message"),
  messages: z.array(z.string()).describe("Those that the schema declares"),
  template: z.unknown().describe("Protobuf JSON with each field's default"),
});

export const verdictShape = z.object({
  compatible: z.boolean(),
  compatibility: compatibilityShape,
  existing: z
    .object({ version: numberShape, id: numberShape })
    .nullable()
    .describe("The version that has this schema already"),
  messages: z.array(z.string()).describe("Full names of the messages that it declares"),
  reasons: z
    .array(
      differenceShape.extend({
        version: countShape.describe("The earlier version with which it is not compatible"),
      }),
    )
    .describe("Why it is not compatible"),
  more: z.boolean().describe("Whether there are more reasons than these"),
});

export const registeredShape = z.object({
  subject: subjectShape,
  version: countShape.describe("0 in a dry run where it would be a new one"),
  id: countShape.describe("0 in a dry run where it would be a new one"),
  existed: z.boolean().describe("Whether the subject had it before"),
});

export const deletedShape = z.object({
  versions: z.array(numberShape).describe("Those that were deleted"),
});

export const settingsShape = z.object({
  compatibility: compatibilityShape.describe("What counts"),
  mode: modeShape.describe("What counts"),
  own_compatibility: compatibilityShape.nullable().describe("null: that of all subjects"),
  own_mode: modeShape.nullable().describe("null: that of all subjects"),
});

export const settingsBody = jsonBody(
  z.strictObject({
    compatibility: compatibilityShape
      .nullable()
      .optional()
      .describe("null removes the subject's own setting; left out: unchanged"),
    mode: modeShape
      .nullable()
      .optional()
      .describe("null removes the subject's own setting; left out: unchanged"),
  }),
  { example: { compatibility: "FULL" } },
);

const exampleText =
  'syntax = "proto3";\npackage acme.v1;\n\nmessage Watch {\n  string id = 1;\n  int32 bpm = 2;\n}\n';

export const textBody = jsonBody(
  z.strictObject({
    text: z.string().describe("A `.proto` file"),
    references: z
      .array(referenceShape.extend({ version: z.int().min(0).describe("0: the newest") }))
      .optional()
      .describe("Imports that are schemas of this registry"),
  }),
  { example: { text: exampleText } },
);
