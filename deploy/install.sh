#!/bin/sh
# Installs Branchline on this machine, or updates it. Run as root, from an unpacked release or after `npm run build`:
#
#   sudo deploy/install.sh
#
# What it does, and nothing else:
#   /usr/lib/branchline, /usr/bin/branchline    the program
#   /etc/branchline/branchline.yaml             an example configuration, only if there is none and the box is not to be enrolled
#   user and group `branchline`                 what the service runs as
#   branchline.service                          enabled; started once the configuration is valid
# To remove it: systemctl disable --now branchline, then delete these files.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
program=$here/../dist
destination=${DESTDIR:-}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

[ -n "$destination" ] || [ "$(id -u)" -eq 0 ] || fail "run it as root: sudo $0"
[ -f "$program/branchline.js" ] || fail "there is no $program/branchline.js; build it with: npm run build"
node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null ||
  fail "Node.js 20.19 or newer is needed; see https://nodejs.org/en/download"

# The new program is complete before it takes the place of the old one.
lib=$destination/usr/lib/branchline
mkdir -p "$destination/usr/lib" "$destination/usr/bin"
rm -rf "$lib.new"
cp -R "$program" "$lib.new"
rm -rf "$lib"
mv "$lib.new" "$lib"
ln -sf ../lib/branchline/branchline.js "$destination/usr/bin/branchline"
# What is installed by hand counts more than what head office gave before.
for name in trial tried current before dropped starts; do rm -f "$destination/var/lib/branchline/releases/$name"; done

install -D -m 644 "$here/branchline.service" "$destination/usr/lib/systemd/system/branchline.service"
install -D -m 644 "$here/branchline.sysusers" "$destination/usr/lib/sysusers.d/branchline.conf"
[ -n "$destination" ] || systemd-sysusers branchline.conf

configuration=$destination/etc/branchline/branchline.yaml
if [ ! -e "$configuration" ] && [ ! -e /boot/firmware/branchline-enrol.yaml ]; then
  install -D -m 640 "$here/branchline.yaml" "$configuration"
  [ -n "$destination" ] || chown -R root:branchline "$destination/etc/branchline"
fi

[ -z "$destination" ] || exit 0
[ -d /run/systemd/system ] || { echo "Installed. systemd does not run here: start it with: branchline run"; exit 0; }
systemctl daemon-reload
systemctl enable branchline
if branchline check /etc/branchline/branchline.yaml; then
  systemctl restart branchline
  echo "Branchline runs. See: sudo branchline status"
else
  echo "Edit /etc/branchline/branchline.yaml, then: systemctl start branchline"
fi
