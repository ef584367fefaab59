#!/bin/bash
# readme.sh BIN_DIR README: the commands of the README's section on patchbay do what it says, on a host of
# their own.
# shellcheck disable=SC2016  # the backquotes are the README's
set -euo pipefail
if [[ ${3:-} != inside ]]; then
  user=()
  [[ $EUID -eq 0 ]] || user=(--user --map-root-user)
  exec unshare "${user[@]}" --net --mount --propagation private "$0" "$1" "$2" inside
fi
readonly BIN=$1 README=$2

mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /etc
mount -t tmpfs tmpfs /var/lib
ip link set lo up
cd "$(dirname "$README")"

# The first block of commands of the section.
commands() {
  sed -n '/^## `patchbay`/,/^## /p' "$README" | sed -n 's/^    //p'
}

[[ $(commands | wc -l) -gt 10 ]]
commands >/run/commands
PATH=$BIN:$PATH bash -euxo pipefail /run/commands

left=$(find /var/lib/cni/results -type f)
if [[ -n $left ]]; then
  echo "left behind: $left"
  exit 1
fi
