#!/bin/sh
# container.sh BOX REPOSITORY COMMAND...: what a container runtime does with an image. BOX holds upper (what the image adds to this
# machine's files), work and root; BOX/../shared is seen as /experiment. To be called as PID 1 of new PID, mount and UTS namespaces.
set -e
box=$1 repository=$2 root=$1/root
shift 2
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" "$root"
mkdir -p "$root/app" "$root/experiment" "$root$repository"
mount --bind "$box/../shared" "$root/experiment"
mount --bind "$repository" "$root$repository"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
hostname "${box##*/}"
exec chroot "$root" env -C /app -- "$@"
