#!/bin/sh
# Installs those of the packages in packages.txt that are missing: `install_packages.sh build` or
# `install_packages.sh build test`. Does nothing, and needs no rights, when all are there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
wanted=$(awk -v sections="$*" '
  BEGIN { n = split(sections, list, " "); for (i = 1; i <= n; i++) take["[" list[i] "]"] = 1 }
  /^#/ || /^$/ { next }
  /^\[/ { on = ($1 in take); next }
  on { print }' "$here/packages.txt")

missing=
for package in $wanted; do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null 2>&1; then
  as_root=sudo
else
  echo "these Debian packages are missing, and installing them needs root or sudo:$missing" >&2
  exit 1
fi
echo "installing:$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
