# What comes from npm: a newer Node where needed, and node_modules. Expects $root, say.sh, node.sh.
# The registry is the one that npm is configured for.

npm_log=$toolchain/log/npm.log

# npm under our Node once it is there: under an older one npm leaves out the optional packages that ask for a newer, among
# them native parts of the test runner. That there is no network is found after seconds, not after npm's usual minute.
run_npm() {
  command -v npm >/dev/null || fail "npm is not installed" "install the package npm, or Node $node_floor or newer, which brings it"
  set -- --loglevel=error --fetch-retry-mintimeout=2000 --fetch-retry-maxtimeout=10000 "$@"
  # A home that cannot be written to (a service account's, a read-only container's) leaves no place for the cache.
  [ -n "${HOME:-}" ] && [ -w "$HOME" ] || set -- --cache "$toolchain/npm-cache" "$@"
  (PATH=$toolchain/bin:$PATH && quietly "$npm_log" npm "$@")
}

# fail_npm WHAT: tells network trouble from the rest.
fail_npm() {
  if grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT' "$npm_log"; then
    fail "$1: the npm registry cannot be reached" "check the network; npm config get registry and npm config get proxy say where npm looks"
  fi
  fail "$1" "the end of npm's output is above, all of it in $npm_log"
}

# fetch_node main|floor: prints the path of a pinned Node below .toolchain, which is fetched once.
fetch_node() {
  architecture=$(node_architecture) ||
    fail "there is no packed Node for $(uname -m)" "install Node $node_floor or newer yourself"
  read -r version sha512 <<EOF
$(pinned_node "$1" "$architecture")
EOF
  folder=$toolchain/node-$version-$architecture
  if [ ! -x "$folder/bin/node" ]; then
    say "fetching Node $version from npm into .toolchain"
    unpack_node "node-linux-$architecture" "$version" "$sha512" "$folder"
  fi
  printf '%s\n' "$folder/bin/node"
}

# unpack_node PACKAGE VERSION SHA512 FOLDER
unpack_node() {
  fresh=$4.new
  rm -rf "$fresh"
  mkdir -p "$fresh"
  run_npm pack "$1@$2" --pack-destination "$fresh" || fail_npm "npm could not fetch $1 $2"
  archive=$fresh/$1-$2.tgz
  printf '%s  %s\n' "$3" "$archive" | sha512sum --check --status || fail "$1 $2 is not the file that it should be (SHA-512)"
  tar -xzf "$archive" -C "$fresh" --strip-components=1 package/bin/node package/LICENSE
  rm "$archive"
  "$fresh/bin/node" --version >/dev/null || fail "the packed Node $2 does not run here" "install Node $node_floor or newer yourself"
  rm -rf "$4"
  mv "$fresh" "$4"
}

# Makes .toolchain/bin/node lead to a Node that is new enough.
ensure_node() {
  [ -x "$toolchain_node" ] && node_is_new_enough "$toolchain_node" && return 0
  wanted=$(system_node) || wanted=$(fetch_node main)
  mkdir -p "$toolchain/bin"
  # Below .toolchain a relative link, so that the checkout can be moved.
  case $wanted in "$toolchain"/*) wanted=../${wanted#"$toolchain"/} ;; esac
  ln -sfn "$wanted" "$toolchain_node"
}

# node_modules as the lock file has it; a copy of the lock file in it says so.
ensure_node_modules() {
  cmp -s "$root/package-lock.json" "$root/node_modules/.installed-lock.json" && return 0
  say "installing npm packages"
  run_npm ci --ignore-scripts --no-audit --no-fund || fail_npm "npm could not install the packages of package-lock.json"
  cp "$root/package-lock.json" "$root/node_modules/.installed-lock.json"
}
