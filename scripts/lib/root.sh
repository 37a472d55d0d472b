# Steps that need root: as root directly, else through sudo, saying what for. Expects $root and say.sh.

is_root() { [ "$(id -u)" -eq 0 ]; }

# Without a terminal sudo cannot ask for a password: only then is one that needs it no way to root.
can_become_root() {
  is_root && return 0
  command -v sudo >/dev/null || return 1
  [ -t 0 ] || sudo -n true 2>/dev/null
}

# become_root WHY COMMAND…: the shell ends here and the command takes its place.
become_root() {
  root_why=$1
  shift
  is_root && exec "$@"
  can_become_root || fail "root is needed to $root_why, and sudo is not there or may not ask for a password" \
    "run the same command as root"
  say "calling sudo to $root_why"
  exec sudo -- env ${NO_COLOR:+NO_COLOR="$NO_COLOR"} "$@"
}

# as_root WHY COMMAND…
as_root() (become_root "$@")

# What root writes below the checkout belongs to the checkout's owner, whoever called sudo.
give_back() {
  is_root || return 0
  [ "$(stat -c %u "$root")" -ne 0 ] || return 0
  find "$root" -xdev -uid 0 -exec chown -h --reference="$root" {} + 2>/dev/null || true
}
