#!/usr/bin/env bash
# The README's two commands, as printed, on a Debian with Node and git and nothing else. As root; debootstrap asks the mirror that apt is configured
# with, npm inside asks what npm outside asks, and the machine's own Node is the Node.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
bare=$(mktemp -d)
trap 'rm -rf --one-file-system "$bare"' EXIT
SECONDS=0
say() { printf 'bare Debian: %s (%s s)\n' "$*" "$SECONDS"; }

command -v debootstrap >/dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends debootstrap >/dev/null; }
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' | awk -v suite="$codename" '$2 == suite && !site { site = $1 } END { print site }')
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
http_proxy=${http_proxy:-} https_proxy=${https_proxy:-} debootstrap --variant=minbase --include=git "$codename" "$bare" "$mirror" >"$bare.log" 2>&1 || { tail -n 20 "$bare.log"; exit 1; }
rm -f "$bare.log"

# the machine's own Node with its npm, and what it needs to reach the registry: configuration, certificates, names
put() { [ ! -e "$1" ] || install -D -m 600 "$1" "$bare$2"; }
npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
mkdir -p "$bare/usr/lib/node_modules"
cp -L "$(command -v node)" "$bare/usr/bin/node"
cp -r "$npm" "$bare/usr/lib/node_modules/npm"
for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$bare/usr/bin/$name"; done
put "$(npm config get globalconfig)" /usr/etc/npmrc
put "$(npm config get userconfig)" /srv/.npmrc
for path in /etc/resolv.conf /etc/hosts "$(npm config get cafile)" "${NODE_EXTRA_CA_CERTS:-}"; do put "$path" "$path"; done
git clone --quiet "$root" "$bare/srv/drainlint"
say "installed from its mirror: $(grep -c '^Package: ' "$bare/var/lib/dpkg/status") packages, Node $(node -p process.versions.node)"

# inside: a mount and a PID namespace, an empty environment but for what names proxies and certificates
inside() {
  unshare --mount --pid --fork --propagation private sh -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" &&
    exec chroot "$0" /usr/bin/env -i HOME=/srv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
    "$bare" $(env | grep -iE '^(https?_proxy|no_proxy|node_extra_ca_certs)=' || true) bash -c "cd /srv/drainlint && $1" </dev/null
}
mapfile -t commands < <(sed -n '/^## Two commands/,/^## /{s/^    //p}' "$root/README.md")
[ "${#commands[@]}" -eq 2 ] || { echo 'bare Debian: the README has no two commands under "Two commands"'; exit 1; }
for command in "${commands[@]}"; do
  inside "$command" >"$bare/log" 2>&1 || { tail -n 60 "$bare/log"; echo "bare Debian: '$command' ended with an error"; exit 1; }
  say "'$command' worked: $(sed 's|\x1b\[[0-9;]*m||g' "$bare/log" | grep -E '^error\[celery|^ *Tests ' | tail -n 1 | cut -c 1-80)"
done
