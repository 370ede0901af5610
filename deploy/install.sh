#!/bin/sh
# Installs Branchline on this machine, or updates it. Run as root, in a checkout, after `npm run build`:
#
#   sudo deploy/install.sh
#
# What it does, and nothing else:
#   /usr/lib/branchline, /usr/bin/branchline    the program
#   /usr/share/branchline, /usr/share/doc/…     an example configuration, the guide
#   /etc/branchline/branchline.yaml             that example, only if there is none and the box is not to be enrolled
#   user and group `branchline`                 what the service runs as
#   branchline.service                          enabled; started once the configuration is valid
# To remove it: systemctl disable --now branchline, then delete these files. On Debian, the package that `npm run release` makes
# lays out the same, and is removed by apt.
set -eu
# The account of the service must be able to read the program, however careful the one who installs it is.
umask 022

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
chmod -R a+rX "$lib.new"
rm -rf "$lib"
mv "$lib.new" "$lib"
ln -sf ../lib/branchline/branchline.js "$destination/usr/bin/branchline"
install -D -m 644 "$here/branchline.service" "$destination/usr/lib/systemd/system/branchline.service"
install -D -m 644 "$here/branchline.sysusers" "$destination/usr/lib/sysusers.d/branchline.conf"
install -D -m 644 "$here/branchline.yaml" "$destination/usr/share/branchline/branchline.yaml"

doc=$destination/usr/share/doc/branchline
rm -rf "$doc"
mkdir -p "$doc/docs/reference" "$doc/deploy"
cp "$here/../README.md" "$here/../CHANGELOG.md" "$here/../LICENSE" "$doc"
cp -R "$here/../docs/guide" "$doc/docs"
cp "$here/../docs/reference/configuration.md" "$doc/docs/reference"
for name in asterisk grafana mosquitto telegraf; do cp -R "$here/$name" "$doc/deploy"; done

chmod -R a+rX "$doc"

"$here/postinst"
