#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""snapshot.py [--age] DIR: every name below DIR with all that would betray a change: inode, mode, owner, size, link target,
extended attributes, and the three times. Reading it changes no time.

--age first sets the access times far back, so that the next access shows (relatime file systems keep newer ones).
The access time of a symbolic link is left out: the kernel has no way to read a link without setting it."""

import os
import stat
import sys

OLD = 946684800


def describe(path, status):
    link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
    times = [status.st_mtime_ns, status.st_ctime_ns]
    if not stat.S_ISLNK(status.st_mode):
        times.append(status.st_atime_ns)
    names = os.listxattr(path, follow_symlinks=False)
    attributes = [(name, os.getxattr(path, name, follow_symlinks=False).hex()) for name in sorted(names)]
    return (f"{os.fsencode(path)!r} {status.st_ino} {status.st_mode:o} {status.st_uid}:{status.st_gid} {status.st_nlink} "
            f"{status.st_size} {times} {link!r} {attributes}")


def walk(top):
    """Directories are read through a descriptor that leaves their access time alone."""
    waiting = [top]
    while waiting:
        path = waiting.pop()
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOATIME | os.O_NOFOLLOW)
        try:
            names = sorted(os.listdir(descriptor))
        finally:
            os.close(descriptor)
        for name in names:
            below = f"{path}/{name}"
            status = os.lstat(below)
            yield below, status
            if stat.S_ISDIR(status.st_mode):
                waiting.append(below)


def main():
    top = sys.argv[-1]
    if "--age" in sys.argv:
        for path, status in list(walk(top)):
            os.utime(path, ns=(OLD * 10**9, status.st_mtime_ns), follow_symlinks=False)
    for path, status in walk(top):
        print(describe(path, status))


main()
