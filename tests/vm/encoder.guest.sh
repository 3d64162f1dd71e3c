# shellcheck shell=bash
# A board with an encoder in its chip, and the executable as a service of systemd. Each start makes a word of its own.

# No microphone: an emulated processor has enough to do.
modprobe vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x3
modprobe fake-h264-enc
udevadm settle
v4l2-ctl --device /dev/video0 --set-dv-bt-timings index=5 >/dev/null
install -D /host/watchword /usr/local/bin/watchword

cat >/run/watchword.toml <<'CONFIG'
# The virtual encoder compresses nothing, and an emulated processor sends what it makes.
[video]
width = 320
height = 180
bitrate = 500000

[audio]
source = "none"
CONFIG

cat >/usr/local/sbin/start-watchword <<'START'
#!/bin/bash
systemctl stop watchword 2>/dev/null
rm -f /run/watchword.out
systemd-run --quiet --collect --unit=watchword --property=Type=notify --property=StateDirectory=watchword \
  --property=StandardOutput=file:/run/watchword.out --property=StandardError=journal \
  --setenv=GST_REGISTRY=/var/cache/gst-registry.bin \
  /usr/local/bin/watchword --config /run/watchword.toml --log info,watchword_media=debug run --new-word
for attempt in $(seq 200); do grep -q Word /run/watchword.out && exec cat /run/watchword.out; sleep 0.1; done
echo "the executable shows no word after 20 s"
exit 1
START
chmod +x /usr/local/sbin/start-watchword
