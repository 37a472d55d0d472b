# npm test: every test that this host can run, all of them even after a failure, and at the end what ran, what did not,
# and why. Expects scripts/run's functions.

run_every_test() {
  report=$(mktemp -d)
  trap 'rm -rf "$report"; give_back' EXIT
  failed=0
  step "lint and format" biome check
  step "types of sources and tests" "$node" node_modules/typescript/bin/tsc -p tsconfig.test.json
  step "types of the page" "$node" node_modules/typescript/bin/tsc -p web
  rootless_steps "$node"
  floor_step
  kernel_step
  browser_step
  say ""
  say "what ran:"
  cat "$report/steps" >&2
  exit "$failed"
}

# row NAME RESULT SECONDS [DETAIL]
row() { printf '  %-34s %-8s %5s s  %s\n' "$1" "$2" "$3" "${4:-}" >>"$report/steps"; }

# step NAME COMMAND…: what the command leaves in $report/detail is shown in the summary.
step() {
  step_name=$1
  shift
  say "== $step_name"
  rm -f "$report/detail"
  started=$(date +%s)
  result=ok
  "$@" || { result=FAILED; failed=1; }
  row "$step_name" "$result" $(($(date +%s) - started)) "$(cat "$report/detail" 2>/dev/null || true)"
}

# rootless_steps NODE: unit tests, then those of the command.
rootless_steps() {
  version=$("$1" -p process.versions.node)
  step "unit tests, Node $version" tests_under "$1" vitest.config.ts
  step "command tests, Node $version" tests_under "$1" vitest.command.config.ts
}

# tests_under NODE CONFIG
tests_under() (
  node=$1
  TRACER_TEST_SUMMARY=$report/detail vitest --config "$2"
)

# Unit and command tests once more on the oldest Node that is supported, unless it is the one that just ran them.
floor_step() {
  if floor_node=$(fetch_node floor); then
    rootless_steps "$floor_node"
  else
    failed=1
    row "unit tests, Node $node_floor" FAILED 0 "could not be fetched"
  fi
}

kernel_step() {
  why_not=$(why_no_kernel_tests)
  if [ -n "$why_not" ]; then
    say "== kernel tests: skipped, $why_not"
    row "kernel tests" skipped 0 "$why_not"
    return
  fi
  step "kernel tests, Linux $(uname -r)" as_root "run the kernel tests (namespaces, eBPF programs)" \
    env TRACER_TEST_SUMMARY="$report/detail" "$root/scripts/run" test:kernel
}

# As root where that is possible: then against a real daemon too.
browser_step() {
  . "$root/scripts/lib/browser.sh"
  if ! ensure_browser; then
    say "== browser tests: skipped, no Chromium"
    row "browser tests" skipped 0 "needs Chromium (package chromium), which could not be installed"
    return
  fi
  if [ -z "$(why_no_kernel_tests)" ]; then
    step "browser tests" as_root "run the browser tests against a real daemon" \
      env TRACER_TEST_SUMMARY="$report/detail" "$root/scripts/run" test:browser
  else
    step "browser tests" env TRACER_TEST_SUMMARY="$report/detail" "$root/scripts/run" test:browser
  fi
}

# Prints why this host can run no kernel test at all; single tests skip themselves and say why.
why_no_kernel_tests() {
  if ! can_become_root; then
    echo "not root, and sudo is not there or may not ask for a password"
  elif [ ! -e /sys/kernel/btf/vmlinux ]; then
    echo "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF, Linux 5.2)"
  elif is_root && ! unshare --net true 2>/dev/null; then
    echo "no network namespace may be made here (an unprivileged container?)"
  fi
}
