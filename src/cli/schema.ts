/** `sluice schema`: the registry of a running gateway. */
import { parseArgs } from "node:util";
import { gatewayUrl } from "./args.ts";
import { type Command, UsageError } from "./command.ts";
import { verbs } from "./schema/verbs.ts";

export const schema: Command = {
  summary: "register, check, list, fetch, delete and watch schemas",
  usage: `sluice schema register SUBJECT FILE [--dry-run]   FILE.proto, else a descriptor set
              check SUBJECT FILE
                [--root DIR]... [--reference PATH=SUBJECT[@N]]...
              list [SUBJECT] [--deleted]
              get ID | SUBJECT@N | SUBJECT@latest | FULL.NAME [--out SET]
              delete SUBJECT[@N] [--permanent]
              config SUBJECT | all [NONE | BACKWARD | ... | default]
              watch [SUBJECT]
              [--url http://localhost:9000]`,
  async run(runtime, args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: "string", default: "http://localhost:9000" },
        root: { type: "string", multiple: true, default: [] },
        reference: { type: "string", multiple: true, default: [] },
        out: { type: "string" },
        deleted: { type: "boolean", default: false },
        permanent: { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
      },
    });
    const [name = "", ...rest] = positionals;
    const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
    if (verb === undefined) {
      throw new UsageError(
        `There is no verb "${name}": expected one of ${Object.keys(verbs).join(", ")}`,
      );
    }
    await verb(runtime, rest, {
      url: gatewayUrl(values.url),
      roots: values.root,
      references: values.reference,
      out: values.out,
      deleted: values.deleted,
      permanent: values.permanent,
      dryRun: values["dry-run"],
    });
  },
};
