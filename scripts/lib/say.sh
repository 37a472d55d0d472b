# What the scripts say, all of it on stderr: one line a step, the whole output of a step only when it fails.

say() { printf '%s\n' "tracer: $*" >&2; }

# fail MESSAGE [HINT]: the same shape as the messages of the tracer command.
fail() {
  printf '%s\n' "tracer: error: $1" >&2
  [ $# -lt 2 ] || printf '%s\n' "  hint: $2" >&2
  exit 1
}

# quietly LOG COMMAND…: the output goes to LOG; its end is shown if the command fails.
quietly() {
  quietly_log=$1
  shift
  mkdir -p "$(dirname "$quietly_log")"
  "$@" >"$quietly_log" 2>&1 </dev/null && return 0
  quietly_status=$?
  tail -n 30 "$quietly_log" | sed 's/^/  | /' >&2
  return "$quietly_status"
}
