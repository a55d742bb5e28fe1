#!/bin/sh
# Installs the Debian packages given as arguments, as root. Their daemons run neither now nor after a restart of the
# machine, because this project starts private instances.
set -e

policy=/usr/sbin/policy-rc.d
marker='# Written by payment-consumer while it installs packages; safe to delete.'
units="$*"
[ -e /lib/systemd/system/epmd.socket ] || units="$units epmd.service epmd.socket"

# Exit status 101 of this program prevents a package from starting its daemon during the installation.
if [ ! -e "$policy" ] || grep -qF "$marker" "$policy"; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 143' HUP INT TERM
  printf '#!/bin/sh\n%s\nexit 101\n' "$marker" >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
# A broken third-party package source must not stop this script: the installation shows whether it matters.
apt-get update || true
apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"

if [ -d /run/systemd/system ]; then
  # shellcheck disable=SC2086 # a list of names
  systemctl disable --now $units || true
else
  # An existing policy of the machine may have allowed the start.
  for package in "$@"; do invoke-rc.d "$package" stop || true; done
fi
