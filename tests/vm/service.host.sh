# shellcheck shell=bash
# The packages that the guest installs, and a later one of the device's, for the upgrade.

# shellcheck disable=SC2154 # $folder is run's
debug_packages "$folder/packages"
# shellcheck disable=SC2154
next_package "$folder"/packages/watchword_*.deb "$folder/later"
