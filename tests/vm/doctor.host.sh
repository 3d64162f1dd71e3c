# shellcheck shell=bash
# The executable and what systemd needs to run it, without a package around them.

# shellcheck disable=SC2154 # $folder is run's
executable "$folder/watchword"
cp systemd/watchword.service systemd/watchword-retry.timer systemd/watchword.sysusers systemd/watchword.tmpfiles "$folder/"
