/** `sluice completion`: a script that completes commands, options and their values in a shell. */

import { type Command, command, type CommandGroup } from "./command/command.ts";
import { choice } from "./command/parameters.ts";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { wordsOf } from "./completion/words.ts";
import { zshScript } from "./completion/zsh.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
const shells = ["bash", "zsh", "fish"] as const satisfies readonly (keyof typeof scripts)[];

/** `root` is called when the command runs: it contains this command as well. */
export function createCompletion(root: () => CommandGroup): Command {
  return command({
    name: "completion",
    summary: "print a script that completes commands and options in a shell",
    description: `bash: add  source <(sluice completion bash)  to ~/.bashrc
zsh:  add  source <(sluice completion zsh)   to ~/.zshrc, after compinit
fish: sluice completion fish > ~/.config/fish/completions/sluice.fish`,
    arguments: {
      shell: choice({ doc: shells.join(", "), value: "SHELL", choices: shells, required: true }),
    },
    options: {},
    examples: [{ line: "sluice completion bash", prints: ["complete -F _sluice sluice"] }],
    async run(runtime, { shell }) {
      runtime.print(scripts[shell](wordsOf(root())));
    },
  });
}
