#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""gnu_tars.py FOLDER OUT: makes FOLDER, a small tree with all that tar and setcap can put into one, and OUT, an OCI layout with
an image "FORMAT:COMPRESSION" for each format that GNU tar writes. Needs root."""

import os
import subprocess
import sys

from image import Image, write_layout

FORMATS = {
    "v7": ["--format=v7"],
    "ustar": ["--format=ustar"],
    "oldgnu": ["--format=oldgnu"],
    "gnu": ["--format=gnu"],
    "pax": ["--format=pax", "--xattrs", "--xattrs-include=*"],
    "pax-times": ["--format=pax", "--xattrs", "--xattrs-include=*", "--pax-option=globexthdr.name=global,comment=all"],
}
# What a format cannot hold is left out of its tar.
LONG = ["--exclude=./usr/share/*"]
OPTIONS = {"v7": LONG + ["--exclude=./dev", "--exclude=./usr/bin/large-ids", "--exclude=./usr/bin/fifo"],
           "ustar": ["--exclude=./usr/share/long", "--exclude=./usr/bin/large-ids"]}


def tree(folder):
    script = """
    umask 022
    mkdir -p etc usr/bin usr/share/long dev
    printf 'root:x:0:0::/:/bin/sh\\napp:x:1654:1654::/:/bin/sh\\n' >etc/passwd
    printf 'root:x:0:\\napp:x:1654:\\n' >etc/group
    for name in su 'with blank' new; do echo "$name" >"usr/bin/$name"; chmod 4755 "usr/bin/$name"; done
    ln usr/bin/su usr/bin/sudo
    ln -s su usr/bin/link
    echo sgid >usr/bin/sgid; chown 5:6 usr/bin/sgid; chmod 2711 usr/bin/sgid
    echo ids >usr/bin/large-ids; chown 4000000000:3000000000 usr/bin/large-ids; chmod 6755 usr/bin/large-ids
    echo plain >usr/bin/plain
    cp /bin/true usr/bin/ping; setcap cap_net_raw=ep usr/bin/ping
    cp /bin/true usr/bin/web; setcap cap_net_bind_service+p usr/bin/web
    mkdir -m 2775 usr/share/group
    name=$(printf 'p%.0s' $(seq 150)); echo long >"usr/share/long/$name"; chmod 4755 "usr/share/long/$name"
    deep=usr/share/long; for i in $(seq 12); do deep=$deep/a-directory-with-a-long-name-$i; done
    mkdir -p "$deep"; echo deep >"$deep/su"; chmod 4755 "$deep/su"
    mkfifo usr/bin/fifo
    mknod dev/null c 1 3
    """
    os.makedirs(folder)
    subprocess.run(["bash", "-euc", script], cwd=folder, check=True)


def main():
    folder, out = sys.argv[1:]
    tree(folder)
    images = []
    for i, (name, options) in enumerate(FORMATS.items()):
        tar = subprocess.run(["tar", "--create", "--file", "-", "--directory", folder, "--sort=name", "--numeric-owner",
                              *options, *OPTIONS.get(name, []), "."], stdout=subprocess.PIPE, check=True).stdout
        compression = ("gzip", "zstd", "none")[i % 3]
        images.append(Image(f"{name}:{compression}", [tar], "1654", compression=compression))
    write_layout(out, images)


main()
