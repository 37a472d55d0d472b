# Chromium, for the tests of the page alone: nothing else needs it, so nothing else waits for it. Expects $root, say.sh, root.sh.

# Either name: distributions differ.
has_browser() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

# Fails where there is none and none can be installed.
ensure_browser() {
  has_browser && return 0
  command -v apt-get >/dev/null && can_become_root || return 1
  browser_package=$(awk '$1 == "browser" { print $3 }' "$root/scripts/host-tools.txt")
  say "installing the Debian package $browser_package, for the tests of the page"
  as_root "install a browser for the tests of the page" "$root/scripts/setup" --apt-install "$browser_package" && has_browser
}
