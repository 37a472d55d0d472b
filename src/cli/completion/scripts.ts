/** What a shell reads once; it then asks `tracer complete` at each press of the key. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** bash takes a colon for the end of a word, so what is before the last one is cut off again. */
const bash = `_tracer() {
  local line="\${COMP_LINE:0:COMP_POINT}" word words reply cut
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  word="\${words[-1]}"
  cut="\${word%"\${word##*:}"}"
  COMPREPLY=()
  while IFS= read -r reply; do COMPREPLY+=("\${reply#"$cut"}"); done < <(tracer complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _tracer tracer
`;

const zsh = `#compdef tracer
_tracer() {
  local -a replies
  replies=("\${(@f)$(tracer complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  replies=(\${replies:#})
  if (( \${#replies} )); then compadd -a replies; else _files; fi
}
compdef _tracer tracer
`;

const fish = `function __tracer_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l replies (tracer complete -- $words[2..-1] 2>/dev/null)
  if test (count $replies) -gt 0
    printf '%s\\n' $replies
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c tracer -f -a '(__tracer_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
