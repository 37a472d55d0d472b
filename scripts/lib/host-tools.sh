# Compilers, headers and network tools of the host, as host-tools.txt lists them. Expects $root, say.sh, root.sh.

host_tools_table=$root/scripts/host-tools.txt

host_has() {
  case $1 in
    command) command -v "$2" >/dev/null ;;
    header) [ -e "/usr/include/$2" ] || [ -e "/usr/local/include/$2" ] || ls /usr/include/*/"$2" >/dev/null 2>&1 ;;
  esac
}

# missing_host_tools [guest]: prints the rows of the table that the host lacks, all but the browser's.
missing_host_tools() {
  grep -E '^(command|header) ' "$host_tools_table" | while read -r kind name packages; do
    case $packages in *guest) [ "${1:-}" = guest ] || continue ;; *) [ "${1:-}" != guest ] || continue ;; esac
    host_has "$kind" "$name" || printf '%s %s %s\n' "$kind" "$name" "$packages"
  done
}

# Without the package lists apt knows nothing; with old ones it asks for files that are gone: refresh and try once more.
apt_install() {
  ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 || apt_get update || return 1
  apt_get install --yes --no-install-recommends "$@" && return 0
  apt_get update && apt_get install --yes --no-install-recommends "$@"
}

apt_get() { env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@"; }

# ensure_host_tools [guest]
ensure_host_tools() {
  missing=$(missing_host_tools "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || fail_missing "$missing"
  packages=$(printf '%s\n' "$missing" | awk '{ print $3 }' | sort -u | paste -sd ' ')
  can_become_root || fail "root is needed to install $packages, and sudo is not there or may not ask for a password" \
    "as root: apt-get install --no-install-recommends $packages"
  tools_for="compiler for bpf/, network tools for the practice cluster"
  [ $# -eq 0 ] || tools_for="QEMU, for tests on other kernels"
  say "installing Debian packages ($tools_for): $packages"
  # Through the set-up script, because sudo runs commands and no shell functions.
  # shellcheck disable=SC2086
  as_root "install Debian packages" "$root/scripts/setup" --apt-install $packages ||
    fail "apt-get could not install: $packages" "is the package mirror reachable, and is apt's list of sources in order?"
  missing=$(missing_host_tools "$@")
  [ -z "$missing" ] || fail_missing "$missing"
}

fail_missing() {
  say "missing on this host (and no apt-get here that brings it):"
  printf '%s\n' "$1" | awk '
    { printf "  %-8s %-17s for the %-6s Debian: %s, Fedora: %s, Arch: %s\n", $1, $2, $6, $3, $4, $5 }' >&2
  fail "the host lacks what is listed above" "install it with your package manager, then run the same command again"
}
