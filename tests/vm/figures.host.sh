# shellcheck shell=bash
# shellcheck disable=SC2154 # $folder is run's
[ "$ARCH" = arm64 ] || die "there are figures of arm64 alone: tests/vm/run figures arm64"
board_packages release "$folder/packages"
