import type { EnumDescriptorProto } from "@bufbuild/protobuf/wkt";
import { quoted } from "../../../core/failure.ts";
import type { Declared } from "./declarations.ts";
import type { Problems } from "./problems.ts";
import { checkRanges, inRanges } from "./ranges.ts";

/** Checks the parts of an enum, except for names, which `Symbols` checks. */
export function checkEnum(
  { name, proto, file }: Declared<EnumDescriptorProto>,
  problems: Problems,
) {
  const [first] = proto.value;
  if (first === undefined) problems.add(name, "is an enum without a value, expected one at least");
  else if (file.syntax === "proto3" && first.number !== 0) {
    problems.add(name, `begins with ${quoted(first.name)} = ${first.number}, expected 0 in proto3`);
  }
  // An enum's ranges include their end, unlike a message's.
  const reserved = checkRanges(
    name,
    "reserved",
    proto.reservedRange.map(({ start, end }) => ({ start, end: end + 1 })),
    { min: -(2 ** 31), max: 2 ** 31 },
    problems,
  );
  const reservedNames = new Set(proto.reservedName);
  const byNumber = new Map<number, string>();
  for (const value of proto.value) {
    const at = `${name}.${value.name}`;
    const taken = byNumber.get(value.number);
    if (taken !== undefined && proto.options?.allowAlias !== true) {
      problems.add(
        at,
        `has the number ${value.number} of ${quoted(taken)}, expected a free one or the option allow_alias`,
      );
    }
    byNumber.set(value.number, value.name);
    if (inRanges(value.number, reserved)) {
      problems.add(at, `has the number ${value.number}, which the enum reserves`);
    }
    if (reservedNames.has(value.name)) problems.add(at, "has a name that the enum reserves");
  }
}
