# shellcheck shell=bash
# The architectures that Watchword is built for, and what each is called by whom. Sourced, never run.
#
#   architecture arm64    sets ARCH and the names below, or ends the script with a sentence
#
#   TARGET     Rust's name                 GNU    GCC's, and Debian's name of the folder of libraries
#   EMULATOR   QEMU's, of the processor
#
# HOST is the architecture of this machine, in Debian's words.

# Set here and used by the scripts that source this file.
# shellcheck disable=SC2034
{
  ARCHITECTURES="arm64 armhf amd64"
  HOST=$(dpkg --print-architecture)
}

# shellcheck disable=SC2034
architecture() {
  ARCH=$1
  case $ARCH in
    arm64) TARGET=aarch64-unknown-linux-gnu GNU=aarch64-linux-gnu EMULATOR=qemu-aarch64 ;;
    armhf) TARGET=armv7-unknown-linux-gnueabihf GNU=arm-linux-gnueabihf EMULATOR=qemu-arm ;;
    amd64) TARGET=x86_64-unknown-linux-gnu GNU=x86_64-linux-gnu EMULATOR=qemu-x86_64 ;;
    armel | armv6*) die "'$ARCH' is ARMv6 (Raspberry Pi 1, Zero without a 2): not supported, see cross/README.md" ;;
    *) die "Watchword is built for arm64, armhf and amd64, not for '$ARCH'" ;;
  esac
}
