#!/usr/bin/env bash
# Builds the executables and packages for a board, on this machine, so that they run on Debian 12 and 13 and on Raspberry
# Pi OS 12 and 13.
#
#   cross/build.sh arm64              a 64-bit board: Raspberry Pi 3, 4, 5, Zero 2, Rockchip, Jetson
#   cross/build.sh armhf              a 32-bit system on an ARMv7 processor or later
#   cross/build.sh amd64              a PC or server
#   cross/build.sh arm64 --profile quick    compiles in a fraction of the time; slower, for a trial
#
# Leaves target/packages/watchword_VERSION_ARCH.deb and watchword-server_VERSION_ARCH.deb, and the executables in
# target/cross/ARCH. What is missing on this machine is installed (root or sudo); cross/README.md says what is used.

started=$SECONDS
. "$(dirname "$0")/../scripts/common.sh"
. "$(dirname "$0")/architectures.sh"
. "$(dirname "$0")/toolchain.sh"
cd "$ROOT"

usage() { die "usage: cross/build.sh arm64|armhf|amd64 [--profile release|quick]"; }

profile=release
[ $# -ge 1 ] || usage
architecture "$1"
shift
while [ $# -gt 0 ]; do
  case $1 in
    --profile)
      [ $# -ge 2 ] || usage
      profile=$2
      shift 2
      ;;
    *) usage ;;
  esac
done

executables=target/cross/$ARCH
packages=target/packages
times=
# The server has features of its own of what it shares with the device, and for a trial that is not worth compiling
# nearly everything twice.
server=(--no-default-features)
if [ "$profile" != release ]; then server+=(--features device-crates); fi

# timed NAME COMMAND...: runs it and remembers the seconds.
timed() {
  local name=$1 since=$SECONDS
  shift
  "$@"
  times+=$(printf '  %-32s %5d s' "$name" $((SECONDS - since)))$'\n'
}

prepare() {
  scripts/install cross
  scripts/build-page
  use_rust
  # Before the compiler is told what boards need: cargo-deb runs here.
  scripts/install package
  link=$(cross/system "$ARCH" link)
  use_c_compiler "$link"
}

# compile NAME FEATURES...: one executable, stripped, as $executables/NAME.
compile() {
  local name=$1
  shift
  # A folder apart: this machine's own builds have another compiler as a rule, and would be thrown away.
  CARGO_TARGET_DIR=target/cross/cargo cargo build --locked --package watchword --profile "$profile" --target "$TARGET" "$@" ||
    die "$name did not compile for $ARCH; the compiler's messages are above"
  "$GNU-strip" -o "$executables/$name" "target/cross/cargo/$TARGET/$profile/watchword"
}

sizes() { # files
  local file
  for file in "$@"; do printf '  %-48s %8.2f MB\n' "$file" "$(($(stat -c %s "$file") / 10000))e-2"; done
}

mkdir -p "$executables" "$packages"
rm -f "$executables"/watchword{,-server} "$packages"/watchword{,-server}_*_"$ARCH.deb"

timed "what is needed, and the page" prepare
timed "watchword" compile watchword
timed "watchword-server" compile watchword-server "${server[@]}"
cross/gate "$ARCH" "$executables"/watchword{,-server}
timed "packages" cross/package "$ARCH" "$executables" "$packages"

shopt -s nullglob
printf '\n%s for %s, profile %s\n' "$(sed -n 's/^version = "\(.*\)"/Watchword \1/p' Cargo.toml | head -n 1)" "$ARCH" "$profile"
sizes "$executables"/watchword{,-server} "$packages"/watchword{,-server}_*_"$ARCH.deb"
printf '%s  %-32s %5d s\n' "$times" "in all" $((SECONDS - started))
