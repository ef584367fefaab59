# shellcheck shell=bash disable=SC2034
# What the scripts share: where things are, which packages they need, and how they report progress.
# Sourced by bash scripts that have set -euo pipefail.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT

# What ccache keeps serves every checkout, wherever it is.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

# Debian packages, by what they are for.
readonly BUILD_PACKAGES=(
  cmake ninja-build g++ pkg-config ccache
  libnl-3-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libgtest-dev libbenchmark-dev libcli11-dev
  nettle-dev
  openvswitch-source libssl-dev make python3
)
readonly DEMO_PACKAGES=(iproute2 iputils-ping nftables jq)
# What tests/clients drives. These packages enable services of their own (containerd, podman, lxc-net
# with its lxcbr0); none is started by installing them, and the tests use none of them.
readonly CLIENT_PACKAGES=(
  busybox-static containerd lxc podman runc python3-grpcio python3-protobuf protobuf-compiler
  golang-go golang-github-appc-cni-dev
)
readonly VM_PACKAGES=(qemu-system-x86 busybox-static cpio kmod xz-utils)
readonly TEST_PACKAGES=(
  "${DEMO_PACKAGES[@]}" "${CLIENT_PACKAGES[@]}" "${VM_PACKAGES[@]}"
  containernetworking-plugins iptables libcap2-bin strace valgrind procps openvswitch-switch openssl
)
readonly LINT_PACKAGES=(clang clang-tidy clang-format)
# The runtime of libFuzzer and the sanitizers does not come with clang; llvm-symbolizer (llvm) makes stacks
# readable.
readonly FUZZ_PACKAGES=(clang libclang-rt-dev llvm)

if [[ -t 1 ]]; then
  readonly BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
  readonly BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

die() {
  echo "${RED}$(basename "$0"): $*${PLAIN}" >&2
  exit 1
}

require_root() {
  [[ $EUID -eq 0 ]] || die "needs root (network namespaces, packages): sudo $0 $*"
}

now_ms() {
  local now=${EPOCHREALTIME/[.,]/}
  echo $((now / 1000))
}

# seconds_since MS: "12.3 s" since now_ms gave MS.
seconds_since() {
  local ms=$(($(now_ms) - $1))
  printf '%d.%03d s' $((ms / 1000)) $((ms % 1000))
}

# step TITLE COMMAND...: says what is done, does it, and says how long it took. A failure ends the
# script (set -e) and is reported by on_exit.
STEP=''
step() {
  STEP=$1
  STEP_BEGUN=$(now_ms)
  shift
  echo "${BOLD}==> $STEP${PLAIN}"
  "$@"
  echo "    ${GREEN}done${PLAIN} ${DIM}in $(seconds_since "$STEP_BEGUN")${PLAIN}"
  STEP=''
}

on_exit() {
  local status=$?
  allow_services
  give_build_back
  if [[ $status -ne 0 && -n $STEP ]]; then
    echo "    ${RED}failed${PLAIN} after $(seconds_since "$STEP_BEGUN"): $STEP" >&2
  fi
}
trap on_exit EXIT

missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
    awk '$2 == "installed" { print $1 }') || true
  printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "$installed") || true
}

# install_packages NAME...: by apt, and only what is not there. Nothing is removed for it: where Docker's
# own containerd.io is installed, Debian's containerd is a conflict to be settled by a person.
install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "    no apt here; these are taken to be installed: $*"
    return 0
  fi
  local missing
  mapfile -t missing < <(missing_packages "$@" | sort -u)
  if [[ ${#missing[@]} -eq 0 ]]; then
    echo "    all $# packages are there"
    return 0
  fi
  echo "    missing: ${missing[*]}"
  local apt=(apt-get -q -o DPkg::Lock::Timeout=300)
  export DEBIAN_FRONTEND=noninteractive
  "${apt[@]}" update || echo "    apt-get update failed; going on with the lists that are there"
  forbid_services
  "${apt[@]}" install -y --no-install-recommends --no-remove "${missing[@]}"
  allow_services
}

# While packages are installed, no service of theirs is started: openvswitch-switch would start its
# daemons, and every test has daemons of its own. A policy that is there already is left alone.
readonly SERVICE_POLICY=/usr/sbin/policy-rc.d
FORBIDS_SERVICES=false

forbid_services() {
  [[ ! -e $SERVICE_POLICY ]] || return 0
  FORBIDS_SERVICES=true
  printf '#!/bin/sh\nexit 101\n' >"$SERVICE_POLICY"
  chmod 755 "$SERVICE_POLICY"
}

allow_services() {
  if [[ $FORBIDS_SERVICES == true ]]; then
    rm -f "$SERVICE_POLICY"
    FORBIDS_SERVICES=false
  fi
}

# Under sudo, what was built belongs to who called it and not to root.
give_build_back() {
  if [[ -n ${SUDO_UID:-} && -n ${SUDO_GID:-} && -d $ROOT/build ]]; then
    chown -R "$SUDO_UID:$SUDO_GID" "$ROOT/build"
  fi
}

# build_preset NAME [TARGET...]: configures when need be, then builds (everything without TARGET).
build_preset() {
  local preset=$1
  shift
  (
    cd "$ROOT" || exit
    cmake --preset "$preset" --log-level=NOTICE
    cmake --build --preset "$preset" -j "$(nproc)" ${1:+--target "$@"}
  )
}

# How often the fuzzers of the last run_tests have executed what they test.
print_fuzzing() {
  sed -n 's/^fuzz: /    /p' "$ROOT/build/asan/Testing/Temporary/LastTest.log" | sort
}

# run_tests PRESET [CTEST ARGUMENTS...]: a test that has to be skipped counts as failed, unless the test
# "vm" runs it too. One more at a time than there are processors, for all of them wait for the kernel.
run_tests() {
  local preset=$1
  shift
  PATCHBAY_REQUIRE_KERNEL=1 ctest --test-dir "$ROOT/build/$preset" --output-on-failure \
    --no-tests=error -j $(($(nproc) + 1)) "$@"
}
