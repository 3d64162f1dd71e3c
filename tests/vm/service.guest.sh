# shellcheck shell=bash
plug-in
# As an owner would with `systemctl edit`. The shipped unit gives a loop that hangs longer; here a test waits for it.
mkdir -p /etc/systemd/system/watchword.service.d
printf '[Service]\nWatchdogSec=8\n' >/etc/systemd/system/watchword.service.d/test.conf
