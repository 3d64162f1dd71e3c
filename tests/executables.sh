# shellcheck shell=bash
# The debug build's executables, as packages take them. Sourced after scripts/common.sh, in the checkout's folder.
#
#   debug_executables FOLDER    `watchword` and `watchword-server` in this folder; the first is $WATCHWORD_BIN, where that
#                               names one that is built already

debug_executables() {
  mkdir -p "$1"
  scripts/build-page
  # Copied at once, for both are built under the same name; the server first, because other tests expect the whole one there.
  local built=${CARGO_TARGET_DIR:-$ROOT/target}/debug/watchword
  cargo build --package watchword --no-default-features
  objcopy --strip-all "$built" "$1/watchword-server"
  if [ -z "${WATCHWORD_BIN:-}" ]; then cargo build --package watchword; fi
  objcopy --strip-all "${WATCHWORD_BIN:-$built}" "$1/watchword"
}
