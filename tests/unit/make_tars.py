#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_tars.py FOLDER: writes tars of a small tree and of a folder of this machine by whatever tar programs there are, and
beside each NAME a NAME.lines with what Python's tarfile finds in it. Prints the names."""

import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zlib

KINDS = ((tarfile.TarInfo.islnk, "h"), (tarfile.TarInfo.issym, "l"), (tarfile.TarInfo.ischr, "c"), (tarfile.TarInfo.isblk, "b"),
         (tarfile.TarInfo.isdir, "d"), (tarfile.TarInfo.isfifo, "p"), (tarfile.TarInfo.isreg, "-"))
CAPABILITY = bytes([1, 0, 0, 2, 0, 0x20]) + bytes(14)


def make_tree(root):
    (root / "dir" / "deep").mkdir(parents=True)
    (root / "empty").write_bytes(b"")
    for size in (1, 511, 512, 513, 70000):
        (root / f"file{size}").write_bytes(bytes(i * 7 % 251 for i in range(size)))
    (root / "dir" / "link").symlink_to("../file1")
    (root / "dir" / ("l" * 120)).symlink_to("t" * 150 + "/" + "u" * 100)
    os.link(root / "file513", root / "dir" / "hard")
    long = root / ("p" * 90) / ("q" * 90) / ("r" * 90)
    long.mkdir(parents=True)
    (long / ("n" * 99)).write_bytes(b"long")
    (root / ("m" * 100)).write_bytes(b"hundred")
    (root / "sp ace\nand\u00e9").write_bytes(b"odd")
    (root / os.fsdecode(b"\xff\xfe")).write_bytes(b"odder")
    os.mkfifo(root / "fifo")
    (root / "set-id").write_bytes(b"s")
    (root / "set-id").chmod(0o6755)
    with open(root / "sparse", "wb") as file:
        for at in (0, 100000, 300000, 500000, 700000, 900000):
            file.seek(at)
            file.write(b"data" * 100)
        file.truncate(1234567)


def short_tree(root, tree):
    """What every format can hold."""
    shutil.copytree(tree / "dir", root / "dir", symlinks=True, ignore=lambda *_: ["l" * 120])
    shutil.copy2(tree / "file513", root / "file513")
    shutil.copy2(tree / "set-id", root / "set-id")


def python_tar(path, form, tree):
    def odd(info):
        info.uid, info.gid = (3000000, 4000000) if info.name.endswith("file1") else (0, 5)
        if form == tarfile.PAX_FORMAT and info.name.endswith("file512"):
            info.pax_headers = {"SCHILY.xattr.security.capability": os.fsdecode(CAPABILITY)}
        return info

    with tarfile.open(path, "w", format=form, errors="surrogateescape") as tar:
        tar.add(tree, "./", filter=odd)
        for kind, major, minor in ((tarfile.CHRTYPE, 5, 1), (tarfile.BLKTYPE, 259, 70000)):
            info = tarfile.TarInfo(f"dev{major}")
            info.type, info.devmajor, info.devminor = kind, major, minor
            tar.addfile(info)


def describe(tar, info):
    kind = next(letter for test, letter in KINDS if test(info))
    regular = kind == "-"
    crc = 0
    if regular:
        file = tar.extractfile(info)
        while chunk := file.read(1 << 20):
            crc = zlib.crc32(chunk, crc)
    device = (info.devmajor, info.devminor) if kind in "cb" else (0, 0)
    line = "%s %s %s %o %d %d %d,%d %d %08x" % (
        kind, os.fsencode(info.name).hex(), os.fsencode(info.linkname).hex() if kind in "hl" else "", info.mode & 0o7777, info.uid,
        info.gid, *device, info.size if regular else 0, crc)
    capability = info.pax_headers.get("SCHILY.xattr.security.capability")
    return line + (" " + os.fsencode(capability).hex() if capability is not None else "")


def main():
    out = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        tree, small = pathlib.Path(scratch) / "tree", pathlib.Path(scratch) / "small"
        tree.mkdir()
        small.mkdir()
        make_tree(tree)
        short_tree(small, tree)
        for form, name in ((tarfile.USTAR_FORMAT, "ustar"), (tarfile.GNU_FORMAT, "gnu"), (tarfile.PAX_FORMAT, "pax")):
            python_tar(out / f"python-{name}.tar", form, small if name == "ustar" else tree)
        runs = [("gnu-v7", ["tar", "--format=v7"], small), ("gnu-ustar", ["tar", "--format=ustar"], small),
                ("gnu-oldgnu", ["tar", "--format=oldgnu"], tree), ("gnu-gnu", ["tar", "--format=gnu"], tree),
                ("gnu-posix", ["tar", "--format=posix"], tree), ("gnu-sparse", ["tar", "--format=gnu", "-S"], tree)]
        runs += [(f"gnu-sparse-{v}", ["tar", "--format=posix", "-S", f"--sparse-version={v}"], tree) for v in ("0.0", "0.1", "1.0")]
        if shutil.which("bsdtar"):
            runs += [("bsd-ustar", ["bsdtar", "--format=ustar"], small), ("bsd-pax", ["bsdtar", "--format=pax"], tree),
                     ("bsd-gnutar", ["bsdtar", "--format=gnutar"], tree)]
        for name, command, folder in runs:
            subprocess.run([*command, "-cf", out / f"{name}.tar", "-C", folder, "."], check=True, stderr=subprocess.DEVNULL)
        # whatever a real system holds
        subprocess.run(["tar", "--format=posix", "-cf", out / "real.tar", "-C", "/usr/share", "perl5", "bash-completion", "zoneinfo"],
                       check=False, stderr=subprocess.DEVNULL)
    for path in sorted(out.glob("*.tar")):
        with tarfile.open(path, errors="surrogateescape") as tar:
            lines = [describe(tar, info) for info in tar]
        path.with_suffix(".tar.lines").write_text("".join(line + "\n" for line in lines))
        print(path.name)


main()
