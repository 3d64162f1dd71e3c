# shellcheck shell=bash
# What compiles and links for TARGET, told to Cargo and the crates in environment variables. Sourced after
# architectures.sh, never run.
#
#   use_rust             exports RUSTC and RUSTDOC: this machine's own where it can, else Debian's. A `cargo` is in PATH.
#   use_c_compiler LINK  exports what builds C, reads headers and links, against the folder LINK. Another folder compiles
#                        everything anew
#
# Variables that end in a target's name are read for that target alone: what runs during the build is built as usual.

use_rust() {
  local tools
  if own_rust_builds "$TARGET"; then
    say "compiling for $ARCH with this machine's Rust $(rust_version)"
    export RUSTC=rustc RUSTDOC=rustdoc
    return
  fi
  tools=$("$ROOT/cross/debian-rust")
  export RUSTC=$tools/run/rustc RUSTDOC=$tools/run/rustdoc
  # A Cargo of this machine's that is new enough keeps to its owner's settings.
  if ! at_least "$(rust_version)" "$RUST_NEEDED" || ! have cargo; then PATH=$tools/run:$PATH; fi
  say "compiling for $ARCH with Debian's $("$RUSTC" --version)"
}

# own_rust_builds TARGET: whether this machine's Rust is new enough and has that target's standard library, by rustup
# or by its distribution.
own_rust_builds() {
  local folder
  at_least "$(rust_version)" "$RUST_NEEDED" && have cargo || return 1
  folder=$(rustc --print target-libdir --target "$1" 2>/dev/null) || return 1
  compgen -G "$folder/libstd-*" >/dev/null
}

use_c_compiler() {
  local link=$1 crate=${TARGET//-/_} upper
  upper=${crate^^}
  have "$GNU-gcc" || die "$GNU-gcc is missing: scripts/install cross installs it"
  # Paths of this machine would otherwise be in the messages of the executables.
  local -a flags=("-Clink-arg=--sysroot=$link" "--remap-path-prefix=$ROOT=watchword"
    "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src=crates")
  export "CARGO_TARGET_${upper}_LINKER=$GNU-gcc" "CARGO_TARGET_${upper}_RUSTFLAGS=${flags[*]}"
  export "CC_$crate=$GNU-gcc" "AR_$crate=$GNU-ar" "CFLAGS_$crate=--sysroot=$link"
  export "PKG_CONFIG_ALLOW_CROSS_$crate=1" "PKG_CONFIG_SYSROOT_DIR_$crate=$link" "PKG_CONFIG_PATH_$crate="
  export "PKG_CONFIG_LIBDIR_$crate=$link/usr/lib/$GNU/pkgconfig:$link/usr/share/pkgconfig"
  # The kernel's video headers are read with libclang.
  export "BINDGEN_EXTRA_CLANG_ARGS_$crate=--sysroot=$link -I$link/usr/include/$GNU"
}
