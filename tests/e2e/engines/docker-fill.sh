#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# docker-fill.sh: in a host, images made by docker itself out of /share/debian.tar (a real Debian userland) and /share/layer.tar:
# imported, built, committed, dangling.
set -eu
build() {
	docker build --quiet --network none "$@"
}

docker import --change 'CMD ["/bin/sh"]' /share/debian.tar real/debian:imported
mkdir -p /tmp/context
cat >/tmp/context/Dockerfile <<-'FILE'
	FROM real/debian:imported
	RUN cp /bin/busybox /usr/bin/pinger && setcap cap_net_raw=ep /usr/bin/pinger && cp /bin/busybox /usr/bin/tool && setcap cap_setuid,cap_setgid=eip /usr/bin/tool
	RUN chmod u-s /usr/bin/chsh && rm /usr/bin/umount && rm -rf /usr/share && ln /usr/bin/passwd /usr/bin/passwd2
	RUN groupadd --gid 1654 app && useradd --uid 1654 --gid app --no-log-init --no-create-home --groups www-data app
	ENV APP_UID=1654
FILE
build --tag real/runtime:1 /tmp/context
printf 'FROM real/runtime:1\nUSER $APP_UID\n' >/tmp/context/Dockerfile
build --tag real/app:number /tmp/context
docker tag real/app:number registry.example.com:5000/team/app:v1
printf 'FROM real/runtime:1\nRUN rm /usr/bin/tool /usr/bin/pinger && find / -xdev -type f -perm /6000 -exec chmod a-s {} +\nUSER app\n' >/tmp/context/Dockerfile
build --tag real/app:name /tmp/context
cp /share/layer.tar /tmp/context/layer.tar
printf 'FROM scratch\nADD layer.tar /\nUSER 1654:1654\n' >/tmp/context/Dockerfile
build --tag real/added:1 /tmp/context
# The first one is left without a name.
printf 'FROM scratch\nADD layer.tar /\nLABEL second=yes\nUSER 0\n' >/tmp/context/Dockerfile
build --tag real/added:1 /tmp/context
docker run --name changed --network none real/app:number sh -c 'true'
docker cp /bin/busybox changed:/usr/bin/committed
docker commit --change 'USER app:www-data' changed real/committed:1
docker rm changed
