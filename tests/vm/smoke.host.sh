# shellcheck shell=bash
# shellcheck disable=SC2154 # $folder is run's
case $ARCH in
  arm64) board_packages quick "$folder/packages" ;;
  *) debug_packages "$folder/packages" ;;
esac
