# shellcheck shell=bash
# What is tested in a virtual machine: executables and packages, for the folder that it sees. Sourced by `run`.
#
#   executable FILE                 the debug build, or $WATCHWORD_BIN, as FILE
#   debug_packages FOLDER           both .debs of this machine's processor, of the debug build
#   board_packages quick FOLDER     both .debs of arm64, of cross/build.sh; built where there are none or they are old
#   board_packages release FOLDER   the same, of the profile that people get, whatever is there
#   next_package DEB FOLDER         a package like DEB, of a later version, with a configuration file that differs

TARGET=${CARGO_TARGET_DIR:-$ROOT/target}

executable() {
  if [ -z "${WATCHWORD_BIN:-}" ]; then
    scripts/build-page
    cargo build --package watchword
    # The tests out here run it too.
    export WATCHWORD_BIN=$TARGET/debug/watchword
  fi
  # A tenth of the size, for a machine that reads it through its host.
  objcopy --strip-debug "$WATCHWORD_BIN" "$1"
}

debug_packages() {
  debug_executables "$1/built"
  # The tests out here run it too.
  export WATCHWORD_BIN=${WATCHWORD_BIN:-$TARGET/debug/watchword}
  cross/package --fast "$(dpkg --print-architecture)" "$1/built" "$1"
}

board_packages() {
  local profile=$1 ready
  ready=$(find target/packages -name 'watchword_*_arm64.deb' 2>/dev/null | head -n 1)
  if [ "$profile" = release ] || [ -z "$ready" ] || [ -n "$(find Cargo.lock daemon systemd cross web/src -newer "$ready" -type f -print -quit)" ]; then
    cross/build.sh arm64 --profile "$profile"
  fi
  mkdir -p "$2"
  cp target/packages/watchword_*_arm64.deb target/packages/watchword-server_*_arm64.deb "$2"
}

next_package() {
  local tree=$2/next version
  mkdir -p "$2"
  rm -rf "$tree"
  dpkg-deb --raw-extract "$1" "$tree"
  version=$(dpkg-deb --field "$1" Version)
  sed -i "s/^Version: .*/Version: $version+later/" "$tree/DEBIAN/control"
  echo '# A later version says more.' >>"$tree/etc/watchword/config.toml"
  # Quick to unpack in an emulated machine.
  dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$2" >/dev/null
  rm -rf "$tree"
}
