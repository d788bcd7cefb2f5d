#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docker-truth.sh OUT: in a host, what dockerd itself says about its images (those of `docker images`) and shows of them:
#   OUT/images.json  docker image inspect
#   OUT/ID.run       what a container of the image is, or why it is refused; only for the ids in OUT/wanted
#   OUT/mounted      "ID PATH": the image's root file system as the engine's graph driver mounts it
set -eu
out=$1
root=/var/lib/docker
mkdir -p "$out"
docker image ls --quiet --no-trunc | sort -u >"$out/ids"
xargs docker image inspect <"$out/ids" >"$out/images.json"

# The image's own entry point may be anything: whom it runs as does not depend on it.
export out
# shellcheck disable=SC2016
xargs -P 2 -n 1 sh -c 'docker run --rm --network none -v /bin/busybox:/busybox:ro --entrypoint /busybox "$0" \
	grep -E "^(Uid|Gid|Groups):" /proc/self/status >"$out/${0#sha256:}.run" 2>&1 || true' <"$out/wanted"

driver=$(docker info --format '{{.Driver}}' 2>/dev/null)
format='{{.Id}} {{len .RootFS.Layers}} {{range $key, $path := .GraphDriver.Data}}{{$key}}={{$path}} {{end}}'
xargs docker image inspect --format "$format" <"$out/ids" | while read -r id layers data; do
	upper='' lower=''
	for pair in $data; do
		case $pair in
		UpperDir=*) upper=${pair#*=} ;;
		LowerDir=*) lower=${pair#*=} ;;
		esac
	done
	mnt=/mnt/${id#sha256:}
	mkdir -p "$mnt"
	case $driver:$layers in
	*:0) continue ;;
	overlay2:1) mount --bind "$upper" "$mnt" ;;
	overlay2:*) mount -t overlay -o "ro,lowerdir=$upper:$lower" overlay "$mnt" ;;
	vfs:*)
		# The driver has one whole tree for each container.
		container=$(docker create --entrypoint /none "$id" </dev/null)
		mnt=$root/vfs/dir/$(cat "$root/image/vfs/layerdb/mounts/$container/mount-id")
		;;
	esac
	echo "$id $mnt"
done >"$out/mounted"
