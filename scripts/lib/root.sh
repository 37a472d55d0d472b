# Steps that need root: as root directly, else through sudo, saying what for. Expects $root and say.sh.

is_root() { [ "$(id -u)" -eq 0 ]; }

# Without a terminal sudo cannot ask for a password: only then is one that needs it no way to root.
can_become_root() {
  is_root && return 0
  command -v sudo >/dev/null || return 1
  [ -t 0 ] || sudo -n true 2>/dev/null
}

# as_root WHY COMMAND…
as_root() {
  as_root_why=$1
  shift
  if is_root; then
    "$@"
    return
  fi
  can_become_root || fail "root is needed to $as_root_why, and sudo is not there or may not ask for a password" \
    "run the same command as root"
  say "calling sudo to $as_root_why"
  sudo -- "$@"
}

# What root writes below the checkout belongs to the checkout's owner, whoever called sudo.
give_back() {
  is_root || return 0
  [ "$(stat -c %u "$root")" -ne 0 ] || return 0
  find "$root" -xdev -uid 0 -exec chown -h --reference="$root" {} + 2>/dev/null || true
}
