// SPDX-License-Identifier: Apache-2.0

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The hidden command that the scripts call with the words typed so far; it prints one candidate a line. */
export const COMPLETE_COMMAND = '__complete';
/** Printed alone: the shell's own completion of file names. */
export const FILES = ':files';

const bash = `# bash completion of undermesh: source <(undermesh completion bash)
_undermesh() {
  local line value
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == '${FILES}' ]]; then
      compopt -o default
      return
    fi
    printf -v value %q "\${line%%$'\\t'*}"
    COMPREPLY+=("$value")
  done < <(undermesh ${COMPLETE_COMMAND} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _undermesh undermesh
`;

const zsh = `#compdef undermesh
# zsh completion of undermesh: source <(undermesh completion zsh)
_undermesh() {
  local -a lines values shown
  local line
  lines=("\${(@f)$(undermesh ${COMPLETE_COMMAND} -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    if [[ $line == '${FILES}' ]]; then
      _files
      return
    fi
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  compadd -l -d shown -a values
}
if [[ \${funcstack[1]} == _undermesh ]]; then
  _undermesh "$@"
else
  compdef _undermesh undermesh
fi
`;

const fish = `# fish completion of undermesh: undermesh completion fish | source
function __undermesh_complete
  set -l words (commandline -opc)
  set -a words (commandline -ct | string collect --allow-empty)
  set -l lines (command undermesh ${COMPLETE_COMMAND} -- $words[2..] 2>/dev/null)
  if test "$lines" = '${FILES}'
    __fish_complete_path (commandline -ct)
  else if set -q lines[1]
    printf '%s\\n' $lines
  end
end
complete -c undermesh -f -a '(__undermesh_complete)'
`;

/** Scripts that teach a shell to complete what \`undermesh\` takes: they ask the program itself. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };
