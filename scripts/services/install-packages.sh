#!/bin/sh
# Installs the Debian packages named as arguments, as root, and leaves none of their daemons running, neither now nor
# after the next start of the machine: this project starts private instances itself.
set -e

policy=/usr/sbin/policy-rc.d
marker='# Written by payment-consumer while it installs packages; safe to delete.'
units="$*"
[ -e /lib/systemd/system/epmd.socket ] || units="$units epmd.service epmd.socket"

# Exit status 101 of this program forbids a package to start its daemon while it is installed.
if [ ! -e "$policy" ] || grep -qF "$marker" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 143' HUP INT TERM
  printf '#!/bin/sh\n%s\nexit 101\n' "$marker" >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# A foreign package source that is out of order must not stop us: the install itself tells whether it matters.
apt-get update || true
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"

if [ -d /run/systemd/system ]; then
  # shellcheck disable=SC2086 # a list of names
  systemctl disable --now $units || true
else
  # A policy of the machine's own may have allowed the start.
  for package in "$@"; do invoke-rc.d "$package" stop || true; done
fi
