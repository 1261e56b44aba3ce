/** Completion for fish: a line for each command and each option, valid where its command was typed. */

import type { CompletedCommand } from "./words.ts";

export function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(linesOf);
  return `# Completes sluice in fish: sluice completion fish > ~/.config/fish/completions/sluice.fish
function __sluice_at
  set -l typed
  set -l known ${commands
    .filter(({ path }) => path !== "")
    .map(({ path }) => fishQuoted(path))
    .join(" ")}
  for word in (commandline -opc)[2..-1]
    if contains -- (string join -- ' ' $typed $word) $known
      set -a typed $word
    end
  end
  test "$typed" = "$argv"
end
complete -c sluice -f
${lines.join("\n")}
`;
}

function linesOf({ path, commands, options, choices, takesPath }: CompletedCommand): string[] {
  const at = `complete -c sluice -n ${fishQuoted(`__sluice_at ${path}`.trimEnd())}`;
  return [
    ...commands.map(({ name, summary }) => `${at} -a ${name} -d ${fishQuoted(summary)}`),
    ...options.map(({ name, doc, isFlag, choices: values, isPath }) => {
      const value = isPath ? " -r -F" : " -x";
      const words = values.length > 0 ? ` -a ${fishQuoted(values.join(" "))}` : "";
      return `${at} -l ${name.slice(2)} -d ${fishQuoted(doc)}${isFlag ? "" : value}${words}`;
    }),
    ...(choices.length > 0 ? [`${at} -a ${fishQuoted(choices.join(" "))}`] : []),
    ...(takesPath ? [`${at} -F`] : []),
  ];
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
