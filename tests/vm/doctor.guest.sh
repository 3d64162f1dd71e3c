# shellcheck shell=bash
plug-in
install -m 755 /host/watchword /usr/bin/watchword
cp /host/watchword.service /host/watchword-retry.timer /etc/systemd/system/
systemd-sysusers /host/watchword.sysusers
systemd-tmpfiles --create /host/watchword.tmpfiles
mkdir -p /etc/watchword
# What an emulated processor can encode.
printf '[video]\nwidth = 320\nheight = 180\nfps = 10\n' >/etc/watchword/config.toml
systemctl daemon-reload
systemctl enable --now watchword
