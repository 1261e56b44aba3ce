/** Completion for zsh: a case for each command, with descriptions. */

import type { CompletedCommand, CompletedOption } from "./words.ts";

export function zshScript(commands: readonly CompletedCommand[]): string {
  const groups = commands.filter((one) => one.commands.length > 0);
  return `#compdef sluice
# Completes sluice in zsh: source <(sluice completion zsh), after compinit
_sluice() {
  local cmd= word i
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "\${cmd:+$cmd }$word" in
${groups.map(childCase).join("\n")}
    esac
  done
  case "$cmd $words[CURRENT-1]" in
${commands.flatMap(valueCases).join("\n")}
  esac
  local -a names
  case "$cmd" in
${commands.map(wordCase).join("\n")}
  esac
}
compdef _sluice sluice
`;
}

function childCase({ path, commands }: CompletedCommand): string {
  const names = commands.map(({ name }) => `"${path === "" ? name : `${path} ${name}`}"`);
  return `      ${names.join("|")}) cmd="\${cmd:+$cmd }$word" ;;`;
}

function valueCases({ path, options }: CompletedCommand): string[] {
  return options
    .filter(({ isFlag }) => !isFlag)
    .map(({ name, choices, isPath }) => {
      const files = isPath ? "_files; " : "";
      const action = choices.length > 0 ? `compadd ${choices.join(" ")}; ` : files;
      return `    "${path} ${name}") ${action}return ;;`;
    });
}

function wordCase({ path, commands, options, choices, takesPath }: CompletedCommand): string {
  const described = [
    ...commands.map(({ name, summary }) => zshQuoted(name, summary)),
    ...options.map(({ name, doc }: CompletedOption) => zshQuoted(name, doc)),
  ];
  const more = [
    ...(choices.length > 0 ? [`compadd ${choices.join(" ")}`] : []),
    ...(takesPath ? ["_files"] : []),
  ];
  return `    "${path}") names=(${described.join(" ")}); _describe command names; ${more.join("; ")} ;;`;
}

function zshQuoted(name: string, doc: string): string {
  return `'${`${name}:${doc}`.replaceAll("'", `'\\''`)}'`;
}
