/** Completion for bash: one case for what a command takes, one for the values of its options. */

import type { CompletedCommand } from "./words.ts";

export function bashScript(commands: readonly CompletedCommand[]): string {
  const groups = commands.filter((one) => one.commands.length > 0);
  return `# Completes sluice in bash: source <(sluice completion bash)
_sluice() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path= word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${path:+$path }$word" in
${groups.flatMap(childCases).join("\n")}
    esac
  done
  COMPREPLY=()
  case "$path $prev" in
${commands.flatMap(valueCases).join("\n")}
  esac
  case "$path" in
${commands.map(wordCase).join("\n")}
  esac
}
complete -F _sluice sluice
`;
}

function childCases({ path, commands }: CompletedCommand): string[] {
  const names = commands.map(({ name }) => `"${path === "" ? name : `${path} ${name}`}"`);
  return [`      ${names.join("|")}) path=\${path:+$path }$word ;;`];
}

function valueCases({ path, options }: CompletedCommand): string[] {
  return options
    .filter(({ isFlag }) => !isFlag)
    .map(({ name, choices, isPath }) => {
      const words =
        choices.length > 0 ? `COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$cur"))` : "";
      const files = isPath ? `compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur"))` : "";
      const action = [words, files, "return"].filter((text) => text !== "").join("; ");
      return `    "${path} ${name}") ${action} ;;`;
    });
}

function wordCase({ path, commands, options, choices, takesPath }: CompletedCommand): string {
  const words = [...commands, ...options].map(({ name }) => name).concat(choices);
  const files = takesPath
    ? ` [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); };`
    : "";
  return `    "${path}") COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$cur"));${files} ;;`;
}
