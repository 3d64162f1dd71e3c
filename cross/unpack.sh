# shellcheck shell=bash
# Debian's packages unpacked into a folder, of any release and architecture, without root and without a trace in this
# machine's own package database. Sourced after scripts/common.sh, never run.
#
#   unpack FOLDER RELEASE ARCH closure PACKAGE...   these and all that they depend on
#   unpack FOLDER RELEASE ARCH alone PACKAGE...     these alone
#   kept NAME FILE... -- COMMAND...                 a folder of the cache, made by COMMAND FOLDER unless it is there
#
# What ASSUMED names counts as installed already: it is not downloaded, nor what only it needs.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
ASSUMED=()

unpack() {
  local folder=$1 release=$2 arch=$3 how=$4 apt archive
  shift 4
  apt=$(mktemp -d)
  # In a shell of its own, so that whatever happens in it, the lists and archives of packages go away.
  (
    trap 'rm -rf "$apt"' EXIT
    apt_tree "$apt" "$release" "$arch"
    export APT_CONFIG=$apt/apt.conf
    # A mirror that is just being filled has lists and archives that do not fit each other, for a moment.
    retry 5 fetch "$apt" "$how" "$@" ||
      die "Debian $release's packages for $arch could not be downloaded; apt's messages are above. Try again in a while."
    merged_usr "$folder"
    for archive in "$apt"/cache/archives/*.deb; do
      dpkg-deb --fsys-tarfile "$archive" | tar --extract --directory="$folder" --no-same-owner --keep-directory-symlink \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*'
    done
  )
}

# apt_tree FOLDER RELEASE ARCH: apt's settings, lists and database, apart from this machine's.
apt_tree() {
  local apt=$1 release=$2 arch=$3 mirror
  mirror=$(debian_mirror /debian) ||
    die "apt on this machine knows no Debian mirror: set WATCHWORD_DEBIAN_MIRROR to one, as in https://HOST/debian"
  [ -f "$KEYRING" ] || die "Debian's keys are missing: install debian-archive-keyring (scripts/install cross does)"
  mkdir -p "$apt"/lists/partial "$apt"/cache/archives/partial
  echo "deb [signed-by=$KEYRING] $mirror $release main" >"$apt/sources.list"
  : >"$apt/status"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::State::status "$apt/status";
Dir::State::lists "$apt/lists"; Dir::Cache "$apt/cache"; APT::Architecture "$arch"; APT::Architectures { "$arch"; };
APT::Install-Recommends "false"; APT::Sandbox::User "$(id -un)"; Acquire::Languages "none"; Acquire::Retries "3";
Debug::NoLocking "true";
CONF
}

fetch() { # apt's folder, closure or alone, packages
  local apt=$1 how=$2
  shift 2
  apt-get -qq update || return 1
  # In the very version that the archive has, because others depend on it; without what it depends on itself; and on
  # hold, because apt would take that difference for a newer build.
  if [ "${#ASSUMED[@]}" -gt 0 ]; then
    apt-cache --no-all-versions show "${ASSUMED[@]}" | sed -n -E '/^(Version|Architecture|Multi-Arch|Provides):|^$/p
      /^Package:/ { p; s/.*/Status: hold ok installed/p; }' >"$apt/installed" || return 1
    mv "$apt/installed" "$apt/status"
  fi
  case $how in
    closure) apt-get -qq -y -o Dpkg::Use-Pty=0 --download-only install "$@" >/dev/null ;;
    alone) (cd "$apt/cache/archives" && apt-get -qq download "$@") ;;
    *) die "unpack takes closure or alone, not '$how'" ;;
  esac
}

# merged_usr FOLDER: /bin, /lib and the like are links into /usr, as on every Debian since 12. Before any package, else
# the old paths in some would make folders of them.
merged_usr() {
  local name
  for name in bin sbin lib lib64; do
    mkdir -p "$1/usr/$name"
    [ -e "$1/$name" ] || ln -s "usr/$name" "$1/$name"
  done
}

# kept NAME FILE... -- COMMAND...: prints $CACHE/cross/NAME-HASH. The hash is of the files, which say how it is made, and
# of the command. The folder appears under its name when it is whole. Once a script, as its last command.
kept() {
  local name=$1 sum
  local -a files=()
  shift
  while [ "$1" != -- ]; do
    files+=("$1")
    shift
  done
  shift
  sum=$({ cat "${files[@]}" && echo "$*"; } | sha256sum | cut -c -16)
  kept_folder=$CACHE/cross/$name-$sum
  if [ ! -d "$kept_folder" ]; then
    trap 'rm -rf "$kept_folder.$$.part"' EXIT
    mkdir -p "$kept_folder.$$.part"
    "$@" "$kept_folder.$$.part" >&2
    # Somebody else may have been quicker.
    mv -T "$kept_folder.$$.part" "$kept_folder" 2>/dev/null || [ -d "$kept_folder" ]
  fi
  in_use "$kept_folder"
  echo "$kept_folder"
}
