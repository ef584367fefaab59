#!/bin/bash
# conflists.sh BIN_DIR: every conflist of the tree is what the schemas of its plugins allow.
set -euo pipefail
BIN=$1
HERE=$(dirname "${BASH_SOURCE[0]}")
readonly BIN HERE
readonly ROOT=$HERE/../..
status=0

# schema_for TYPE [IPAM TYPE]: the keys of both.
schema_for() {
  local type
  for type in "$@"; do
    "$BIN/$type" --schema
  done | jq -s 'reduce .[] as $one ({}; . * $one)'
}

# check_plugin CONFLIST POSITION
check_plugin() {
  local types plugin faults
  plugin=$(jq --argjson i "$2" '.name as $name | .plugins[$i] + {name: $name}' "$1")
  mapfile -t types < <(jq -r '.type, .ipam.type // empty' <<<"$plugin")
  faults=$(jq -r --argjson schema "$(schema_for "${types[@]}")" -f "$HERE/schema.jq" <<<"$plugin")
  if [[ -n $faults ]]; then
    echo "${1#"$ROOT/"}: plugin $2 (${types[*]}):"
    echo "$faults"
    status=1
  fi
}

# is_built CONFLIST: one of a plugin that this build leaves out (PATCHBAY_OVS) is not checked.
is_built() {
  local type
  for type in $(jq -r '.plugins[].type' "$1"); do
    [[ $type != ovs || -x $BIN/$type ]] || return 1
  done
}

shopt -s nullglob
count=0
for conflist in "$ROOT"/conf/*.conflist "$ROOT"/conf/*/*.conflist "$ROOT"/plugins/*/example.conflist \
  "$ROOT"/ipam/*/example.conflist; do
  is_built "$conflist" || continue
  jq -e '.name and .cniVersion and (.plugins | length > 0)' "$conflist" >/dev/null
  for ((i = 0; i < $(jq '.plugins | length' "$conflist"); i++)); do
    check_plugin "$conflist" "$i"
    count=$((count + 1))
  done
done
echo "$count plugin configurations checked"
exit "$status"
