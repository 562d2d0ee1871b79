#!/usr/bin/env bash
# Two builds of HEAD, each in a clone of its own with another path, time zone, locale and home, come to the same tarball, byte for byte.
# `reproducible.sh FOLDER` leaves it there, with its bill of materials. Needs git, npm and its registry.
set -euo pipefail
umask 022 # npm packs each file with its mode
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:+$(mkdir -p "$1" && cd "$1" && pwd)}
work=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

build() { # build FOLDER [VARIABLE=VALUE…]
  git clone --quiet "$root" "$1"
  cd "$1"
  env "${@:2}" npm ci --no-audit --no-fund --silent
  env "${@:2}" npm pack --ignore-scripts --silent
}

build "$work/first" >/dev/null & pid=$!
(build "$work/a second build/somewhere else" TZ=Asia/Kathmandu LC_ALL=C LANG=C SOURCE_DATE_EPOCH=86400)
wait "$pid"

cd "$work/first"
tarball=$(echo drainlint-*.tgz)
second="$work/a second build/somewhere else"
diff -r dist "$second/dist" || { echo 'reproducible: the builds differ'; exit 1; }
cmp "$tarball" "$second/$tarball" || { diff <(tar -tvzf "$tarball") <(tar -tvzf "$second/$tarball") || true; echo 'reproducible: the tarballs differ'; exit 1; }
echo "reproducible: $(sha256sum "$tarball"), twice"
[ -z "$out" ] || { cp "$tarball" "$out"; npm sbom --omit=dev --sbom-format=cyclonedx --package-lock-only >"$out/drainlint.cdx.json"; }
