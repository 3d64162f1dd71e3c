# shellcheck shell=bash
# A virtual machine and a network namespace that holds the host's end of its only cable. Sourced by `run`.
#
#   machine_start FOLDER ARCH   boots one of that architecture; the folder is the one the guest sees as /host
#   machine_ask NAME SECONDS    runs the script on standard input in the guest, prints its output, returns its status
#   machine_stop                ends it and frees everything; call it from an EXIT trap
#   machine_report              prints what the guest had to say: its journal and its console
#
# The namespace's name is in $NAMESPACE, the two ends of the cable are $HOST_ADDRESS and $GUEST_ADDRESS.

NAMESPACE=ww-vm-$$
HOST_ADDRESS=10.77.0.1
GUEST_ADDRESS=10.77.0.2

machine_folder=
machine_pid=

machine_start() {
  local image console
  local -a processor
  machine_folder=$1
  mkdir -p "$machine_folder"/{ask,answer}
  image=$("$ROOT/tests/vm/build-image" "$2") || return 1
  case $2 in
    # Nehalem has what x264 looks for and nothing that is slow to emulate.
    amd64) console=ttyS0 processor=(qemu-system-x86_64 -machine q35 -cpu Nehalem) ;;
    # The cores of a Raspberry Pi 4.
    arm64) console=ttyAMA0 processor=(qemu-system-aarch64 -machine 'virt,gic-version=3' -cpu cortex-a72) ;;
  esac

  ip netns add "$NAMESPACE"
  ip -n "$NAMESPACE" link set lo up
  ip -n "$NAMESPACE" tuntap add dev cable mode tap
  ip -n "$NAMESPACE" address add "$HOST_ADDRESS/24" dev cable
  ip -n "$NAMESPACE" link set cable up
  # Nothing is behind the guest; but a browser without a default route gathers no addresses for its connections.
  ip -n "$NAMESPACE" route add default via "$GUEST_ADDRESS"

  # No KVM: it is missing or broken on many rented machines, and emulation is quick enough for a small picture.
  # The disk is never written (-snapshot).
  ip netns exec "$NAMESPACE" "${processor[@]}" -accel tcg,thread=multi -smp 2 -m 1024 \
    -nodefaults -nographic -no-reboot -snapshot -monitor none -display none \
    -kernel "$image/kernel" -initrd "$image/initrd" \
    -append "console=$console root=/dev/vda rw quiet panic=-1 systemd.show_status=0 mitigations=off nokaslr random.trust_cpu=1 net.ifnames=0 audit=0" \
    -drive "if=none,id=disk,file=$image/root.ext4,format=raw" -device virtio-blk-pci,drive=disk \
    -device virtio-rng-pci \
    -fsdev "local,id=folder,path=$machine_folder,security_model=none" -device virtio-9p-pci,fsdev=folder,mount_tag=host \
    -netdev tap,id=cable,ifname=cable,script=no,downscript=no -device virtio-net-pci,netdev=cable,romfile= \
    -serial "file:$machine_folder/console.log" </dev/null >"$machine_folder/qemu.log" 2>&1 &
  machine_pid=$!

  machine_wait "$machine_folder/answer/uptime" 180 || return 1
  say "the virtual machine is up, $(cat "$machine_folder/answer/uptime") s by its own clock"
  machine_ask network 20 <<GUEST
modprobe virtio_net
ip link set eth0 up && ip address add $GUEST_ADDRESS/24 dev eth0 && ip route add default via $HOST_ADDRESS
GUEST
}

# machine_wait FILE SECONDS: until the guest has written the file, or the machine is gone.
machine_wait() {
  local end=$((SECONDS + $2))
  until [ -s "$1" ]; do
    kill -0 "$machine_pid" 2>/dev/null || {
      say "the virtual machine ended by itself: $(tail -n 3 "$machine_folder/qemu.log")"
      return 1
    }
    if [ "$SECONDS" -ge "$end" ]; then
      say "the virtual machine did not answer within $2 s (waited for $(basename "$1"))"
      return 1
    fi
    sleep 0.1
  done
}

machine_ask() {
  local name=$1 seconds=$2
  rm -f "$machine_folder/answer/$name.status"
  cat >"$machine_folder/ask/$name.part"
  mv "$machine_folder/ask/$name.part" "$machine_folder/ask/$name.sh"
  machine_wait "$machine_folder/answer/$name.status" "$seconds" || return 1
  cat "$machine_folder/answer/$name.log"
  return "$(cat "$machine_folder/answer/$name.status")"
}

machine_report() {
  echo "── the guest's journal"
  machine_ask report 20 <<<'journalctl --no-pager -o short-monotonic -n 200 _TRANSPORT=journal + _TRANSPORT=stdout + _TRANSPORT=syslog' || true
  echo "── the guest's cameras, sound cards and load"
  machine_ask devices 20 <<<'ls -l /dev/video* /dev/snd; grep . /proc/asound/card*/pcm*/sub*/status; top -b -n 1 | head -n 15' || true
  echo "── the guest's console"
  tail -n 50 "$machine_folder/console.log" 2>/dev/null | tr -cd '\n\t[:print:]' || true
}

machine_stop() {
  if [ -n "$machine_pid" ]; then
    kill "$machine_pid" 2>/dev/null || true
    wait "$machine_pid" 2>/dev/null || true
    machine_pid=
  fi
  if ip netns list | grep -q "^$NAMESPACE\b"; then ip netns delete "$NAMESPACE"; fi
}
