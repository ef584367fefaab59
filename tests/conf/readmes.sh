#!/bin/bash
# readmes.sh BIN_DIR PLUGIN...: the README of a plugin names, in backquotes, every key of its schema,
# and every capability that it keeps.
set -euo pipefail
readonly BIN=$1
ROOT=$(dirname "${BASH_SOURCE[0]}")/../..
readonly ROOT
shift
status=0

for plugin in "$@"; do
  readme=$ROOT/plugins/$plugin/README.md
  [[ -e $readme ]] || readme=$ROOT/ipam/$plugin/README.md
  if [[ ! -e $readme ]]; then
    echo "$plugin has no README.md"
    status=1
    continue
  fi
  keys=$("$BIN/$plugin" --schema | jq -r '[.. | objects | .properties? // empty | keys[]] | unique[]')
  for key in $keys; do
    if ! grep -qE "\`([a-zA-Z.]*\.)?$key(\.[a-zA-Z.]*)?\`" "$readme"; then
      echo "${readme#"$ROOT/"}: does not name \`$key\`"
      status=1
    fi
  done
  for capability in $("$BIN/$plugin" --help | sed -n 's/^Capabilities .*: //p'); do
    if ! grep -qw "$capability" "$readme"; then
      echo "${readme#"$ROOT/"}: does not name $capability"
      status=1
    fi
  done
done
exit "$status"
