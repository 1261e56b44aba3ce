import {
  Edition,
  type FileDescriptorProto,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { descriptorsOf, ownFile } from "../link/descriptors.ts";
import type { LinkedSchema } from "../link/linked.ts";
import type { FileContext } from "./field.ts";
import { Lines } from "./lines.ts";
import { stringLiteral } from "./literals.ts";
import { renderScope } from "./message.ts";
import { createTypeNamer } from "./names.ts";
import { optionTexts } from "./option-text.ts";

/**
 * The schema's own file as .proto text, which compiles to the same schema. It has no comments,
 * because canonical descriptor sets have none. An option whose declaration is not in the set is
 * left out.
 */
export function renderProto(schema: LinkedSchema): string {
  const file = ownFile(schema).proto;
  const registry = descriptorsOf(schema);
  const context: FileContext = {
    syntax: file.syntax,
    registry,
    nameOf: createTypeNamer(registry),
  };
  const lines = new Lines();
  lines.add(file.syntax === "editions" ? `edition = "${editionText(file)}";` : syntaxText(file));
  if (file.package !== "") {
    lines.gap();
    lines.add(`package ${file.package};`);
  }
  lines.gap();
  for (const text of importTexts(file)) lines.add(`import ${text};`);
  lines.gap();
  for (const text of [...optionTexts(file.options, registry), ...sourceFeatures(file)]) {
    lines.add(`option ${text};`);
  }
  renderScope(lines, context, {
    name: file.package,
    messages: file.messageType,
    enums: file.enumType,
    extensions: file.extension,
  });
  for (const service of file.service) {
    lines.gap();
    renderService(lines, context, file.package, service);
  }
  return lines.text();
}

/**
 * Features that descriptors do not have, because only the source needs them. Without these, compilers
 * would refuse names and uses that they accepted in the source.
 */
function sourceFeatures({ edition, options }: FileDescriptorProto): string[] {
  if (edition < Edition.EDITION_2024) return [];
  const { enforceNamingStyle = 0, defaultSymbolVisibility = 0 } = options?.features ?? {};
  return [
    ...(enforceNamingStyle === 0 ? ["features.enforce_naming_style = STYLE_LEGACY"] : []),
    ...(defaultSymbolVisibility === 0 ? ["features.default_symbol_visibility = EXPORT_ALL"] : []),
  ];
}

function syntaxText(file: FileDescriptorProto): string {
  return `syntax = "${file.syntax === "" ? "proto2" : file.syntax}";`;
}

function editionText(file: FileDescriptorProto): string {
  return Edition[file.edition].replace("EDITION_", "");
}

function importTexts(file: FileDescriptorProto): string[] {
  const open = new Set(file.publicDependency);
  const weak = new Set(file.weakDependency);
  return [
    ...file.dependency.map((path, at) => {
      if (open.has(at)) return `public ${stringLiteral(path)}`;
      return weak.has(at) ? `weak ${stringLiteral(path)}` : stringLiteral(path);
    }),
    ...file.optionDependency.map((path) => `option ${stringLiteral(path)}`),
  ];
}

function renderService(
  lines: Lines,
  { registry, nameOf }: FileContext,
  scope: string,
  service: ServiceDescriptorProto,
): void {
  const name = scope === "" ? service.name : `${scope}.${service.name}`;
  lines.block(`service ${service.name}`, () => {
    for (const text of optionTexts(service.options, registry)) lines.add(`option ${text};`);
    for (const method of service.method) {
      const input = `${method.clientStreaming ? "stream " : ""}${nameOf(method.inputType, name)}`;
      const output = `${method.serverStreaming ? "stream " : ""}${nameOf(method.outputType, name)}`;
      const head = `rpc ${method.name}(${input}) returns (${output})`;
      const options = optionTexts(method.options, registry);
      if (options.length === 0) {
        lines.add(`${head};`);
        continue;
      }
      lines.block(head, () => {
        for (const text of options) lines.add(`option ${text};`);
      });
    }
  });
}
