# shellcheck shell=bash
# What every script here shares: where things are, how to say what went wrong, how to try again. Sourced, never run.

set -euo pipefail

# Set here and used by the scripts that source this file.
# shellcheck disable=SC2034
{
  ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  RUST_NEEDED=1.92
  NODE_NEEDED=20.19
}
# A cache makes the next run quicker and may be deleted at any time: each thing in it is named after what it was
# made from, so nothing in it is ever out of date.
CACHE=${WATCHWORD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/watchword}
TOOLS=$CACHE/tools

# Tools that were installed because the system had none come first, so that an old Node of the system is not used.
for bin in "$TOOLS/node/bin" "$TOOLS/bin"; do
  if [ -d "$bin" ]; then PATH=$bin:$PATH; fi
done
export PATH

# say SENTENCE: tells the person what happens now.
say() { printf '» %s\n' "$*" >&2; }

# die SENTENCE: ends the script with what went wrong and what to do about it.
die() {
  printf '✗ %s\n' "$*" >&2
  exit 1
}

# in_use FOLDER: a folder of the cache that is used now. Its neighbours that nobody used for a month go away.
in_use() {
  touch "$1" 2>/dev/null || true
  find "$(dirname "$1")" -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf {} + 2>/dev/null || true
}

have() { command -v "$1" >/dev/null 2>&1; }

# at_least HAVE WANTED: compares dotted versions; an empty HAVE is older than everything.
at_least() { [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# retry TIMES COMMAND...: for what fails because of a network that is away for a moment.
retry() {
  local times=$1 n=1
  shift
  until "$@"; do
    if [ "$n" -ge "$times" ]; then return 1; fi
    say "that failed; trying again in $((n * 5)) s: $*"
    sleep $((n * 5))
    n=$((n + 1))
  done
}

# debian_mirror ENDING: the mirror that this machine's own packages come from, of the archive whose address ends so
# (/debian, -security); fails where there is none. On a system that is no Debian, WATCHWORD_DEBIAN_MIRROR names the first.
debian_mirror() {
  local ending=$1
  if [ "$ending" = /debian ] && [ -n "${WATCHWORD_DEBIAN_MIRROR:-}" ]; then
    echo "${WATCHWORD_DEBIAN_MIRROR%/}"
  else
    # shellcheck disable=SC2016 # the dollar is apt's
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed 's#/$##' | grep -m1 -- "$ending\$"
  fi
}

# as_root COMMAND...: runs it directly, or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "this needs root and there is no sudo here. Run as root: $*"
  fi
}

# rust_version, node_version: the dotted version, or nothing where there is none.
rust_version() { rustc --version 2>/dev/null | cut -d' ' -f2 | cut -d- -f1 || true; }
node_version() { node --version 2>/dev/null | tr -d v || true; }
