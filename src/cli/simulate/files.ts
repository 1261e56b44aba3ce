/** `sluice simulate files`: spreadsheets as producers. */

import { command } from "../command/command.ts";
import { choice, number, path, text } from "../command/parameters.ts";
import { UsageError } from "../command/usage-error.ts";
import { filesOf } from "../files/directory.ts";
import type { Pace } from "../files/pace.ts";
import { encodings } from "../files/text-pieces.ts";
import { gatewayOptions, jsonOption } from "../gateway/options.ts";

const rateMax = 1e9;

export const files = command({
  name: "files",
  summary: "rows of spreadsheets, at their times",
  description: `Reads the .xlsx and .csv files of --dir at once and sends each row as a JSON record, its fields
named by the first row. By the order of their names the first file goes into the first topic, and so
on; without --topics a file goes into the topic with its name. Rows are sent at the times of their
--time-column, --speed times as fast, or --rate a second of each file. Cells that cannot be read, and
those that the gateway's relations will refuse, are reported by file, sheet, row and column; the
others are sent. While the gateway is unavailable the same rows are retried. Exits with 1 when a file
could not be read, or sent, to its end.`,
  arguments: {},
  options: {
    dir: path({ doc: "folder of the files", value: "DIR" }),
    topics: text({
      doc: "topics of the files in the order of their names, separated by commas",
      value: "TOPIC,TOPIC",
      default: "",
    }),
    speed: number({
      doc: "how many times as fast as the times of the rows (default 1)",
      value: "N",
      min: 0.001,
      max: rateMax,
    }),
    rate: number({
      doc: "rows a second of each file, whatever times they have",
      value: "N",
      min: 0.001,
      max: rateMax,
    }),
    "id-column": text({
      doc: "column of the id: text, never empty",
      value: "NAME",
      default: "message_id",
    }),
    "time-column": text({
      doc: "column of the time at which a row is sent",
      value: "NAME",
      default: "created_at",
    }),
    encoding: choice({
      doc: "encoding of the .csv files, unless a byte order mark says UTF-8",
      value: "NAME",
      choices: encodings,
      default: "utf-8",
    }),
    json: jsonOption,
    ...gatewayOptions,
  },
  examples: [
    {
      line: "sluice simulate files --dir data-samples --topics topic1,topic2,topic3 --rate 10000",
      prints: ["rows sent in"],
    },
  ],
  async run(runtime, { url, dir, topics, speed, rate, idColumn, timeColumn, encoding, json }) {
    if (dir === undefined) {
      throw new UsageError("Cannot run sluice simulate files: --dir is missing, a folder of files");
    }
    const pace = paceFrom(speed, rate);
    const names = topics.split(",").filter((name) => name !== "");
    const found = await filesOf(dir, names);
    const { sendFiles } = await import("./send-files.ts");
    return await sendFiles(runtime, {
      ...{ url, directory: dir, files: found, pace, json },
      reading: { idColumn, timeColumn, encoding },
    });
  },
});

function paceFrom(speed: number | undefined, rate: number | undefined): Pace {
  if (rate === undefined) return { speed: speed ?? 1 };
  if (speed === undefined) return { rate };
  throw new UsageError("Cannot use --speed and --rate together: expected one of them");
}
