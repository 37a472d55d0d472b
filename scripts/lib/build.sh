# bpf/ with make, src/ with tsc into dist/, web/ with Vite into dist/web/. Expects $root, say.sh, node.sh.

build_bpf() {
  [ -f "$root/bpf/Makefile" ] || return 0
  make -s -C "$root/bpf" -q 2>/dev/null && return 0
  say "building bpf/"
  quietly "$toolchain/log/bpf.log" make -C "$root/bpf" ||
    fail "bpf/ could not be built" "the end of the output is above; make -C bpf repeats it"
  "$toolchain_node" scripts/generate-layout.ts || fail "the record layout could not be read from build/bpf/layout.o"
}

# What dist/ was built from: every source with size and time of change.
source_fingerprint() {
  find "$root/src" "$root/scripts/generate-schema.ts" "$root/tsconfig.json" "$root/node_modules/.installed-lock.json" \
    -type f -printf '%P %s %T@\n' | sort | cksum
}

build_src() {
  fingerprint=$(source_fingerprint)
  [ "$fingerprint" = "$(cat "$root/dist/.built-from" 2>/dev/null)" ] && return 0
  say "building src/"
  "$toolchain_node" scripts/generate-schema.ts || fail "the JSON Schema could not be generated from src/model"
  # Into a folder of its own first: a failed build leaves the last good one, a deleted source leaves no file behind.
  fresh=$toolchain/dist
  rm -rf "$fresh"
  quietly "$toolchain/log/tsc.log" "$toolchain_node" node_modules/typescript/bin/tsc -p . --outDir "$fresh" ||
    fail "src/ could not be compiled" "the compiler's output is above"
  source_fingerprint >"$fresh/.built-from"
  [ ! -d dist/web ] || mv dist/web "$fresh/web"
  rm -rf dist
  mv "$fresh" dist
}

# The page is made of web/ and the nouns that it shares with src/.
page_fingerprint() {
  find "$root/web" "$root/vite.config.ts" "$root/src/model" "$root/src/words" "$root/src/base" "$root/node_modules/.installed-lock.json" \
    -type f -printf '%P %s %T@\n' | sort | cksum
}

build_web() {
  fingerprint=$(page_fingerprint)
  [ "$fingerprint" = "$(cat "$root/dist/web/.built-from" 2>/dev/null)" ] && return 0
  say "building web/"
  fresh=$toolchain/dist-web
  quietly "$toolchain/log/vite.log" "$toolchain_node" --disable-warning=ExperimentalWarning \
    node_modules/vite/bin/vite.js build -c vite.config.ts --configLoader native --outDir "$fresh" ||
    fail "web/ could not be built" "the output is above"
  page_fingerprint >"$fresh/.built-from"
  rm -rf dist/web
  mv "$fresh" dist/web
}
