#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fuzz_tar, fuzz_gunzip, fuzz_unzstd and fuzz_capability again; other files of their folders, which a
fuzzer found, stay. Needs the zstd program."""

import gzip
import io
import pathlib
import subprocess
import tarfile

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def check_sum(block):
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def header(name=b"n", kind=b"0", size=0, magic=b"ustar\x0000", fields=()):
    block = bytearray(512)
    for at, value in ((0, name), (100, b"0000644\0"), (108, b"0001750\0"), (116, b"0000144\0"), (124, b"%011o\0" % size),
                      (136, b"00000000000\0"), (156, kind), (257, magic), *fields):
        block[at:at + len(value)] = value
    return check_sum(block)


def padded(data):
    return data + bytes(-len(data) % 512)


def entry(data=b"", **fields):
    return header(size=len(data), **fields) + padded(data)


def record(key, value):
    length = len(key) + len(value) + 3
    while len(b"%d %s=%s\n" % (length, key, value)) != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def pax(*pairs, kind=b"x"):
    return entry(b"".join(record(key, value) for key, value in pairs), name=b"x", kind=kind)


def python_tar(form):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, link in (("d", tarfile.DIRTYPE, ""), ("d/f", tarfile.REGTYPE, ""), ("l", tarfile.SYMTYPE, "../f"),
                                 ("h", tarfile.LNKTYPE, "d/f"), ("c", tarfile.CHRTYPE, ""), ("p", tarfile.FIFOTYPE, "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            info.mode, info.uid, info.devmajor = 0o4755, 5000000 if form != tarfile.USTAR_FORMAT else 1000, 5
            if kind == tarfile.REGTYPE:
                info.size = 700
            tar.addfile(info, io.BytesIO(b"content" * 100))
        if form != tarfile.USTAR_FORMAT:
            tar.addfile(tarfile.TarInfo("n" * 150 + "/" + "m" * 120))
    return padded(out.getvalue().rstrip(b"\0"))


def tars():
    capability = bytes([1, 0, 0, 2, 0, 0x20]) + bytes(14)
    sparse = b"0" * 10 + b"2 " + b"0" * 10 + b"3 " + b"0" * 10 + b"7 " + b"0" * 10 + b"1 "
    more = bytearray(512)
    more[0:24] = b"00000000011 00000000001 "
    size = b"00000000020"
    return {
        "empty": bytes(1024),
        "python-ustar": python_tar(tarfile.USTAR_FORMAT),
        "python-gnu": python_tar(tarfile.GNU_FORMAT),
        "python-pax": python_tar(tarfile.PAX_FORMAT),
        "v7": entry(b"x", magic=b"") + entry(name=b"dir/", kind=b"\0", magic=b""),
        "star": entry(fields=((345, b"prefix"), (508, b"tar\0"))),
        "gnu-prefix": entry(magic=b"ustar  \0", fields=((345, b"not a time"),)),
        "base256": entry(magic=b"ustar  \0", fields=((108, b"\x80\0\0\0\xff\xff\xff\xfe"), (116, b"\xff" * 8))),
        "size-base256": header(magic=b"ustar  \0", fields=((124, b"\x80" + bytes(9) + b"\x02\x00"),)) + bytes(1024),
        "one-zero-block": entry(b"x") + bytes(512) + entry(b"hidden"),
        "long-names": entry(b"long name\0", kind=b"L") + entry(b"long link\0", kind=b"K") + entry(kind=b"2"),
        "pax-xattr": pax((b"SCHILY.xattr.security.capability", capability), (b"path", b"../p"), (b"mtime", b"1.5")) + entry(b"x"),
        "pax-twice": pax((b"path", b"one"), (b"uid", b"-1")) + pax((b"path", b"a//./b/..")) + entry(b"x"),
        "pax-size": pax((b"size", b"1024")) + header() + entry(b"hidden") + entry(b"seen"),
        "pax-global": pax((b"path", b"lost")) + pax((b"path", b"etc/.wh.passwd"), kind=b"g") + entry(b"x"),
        "sparse-gnu": header(kind=b"S", size=5, magic=b"ustar  \0", fields=((386, sparse), (482, b"\1"), (483, size)))
                      + bytes(more) + padded(b"abcde"),
        "sparse-0.0": pax((b"GNU.sparse.size", b"10"), (b"GNU.sparse.numblocks", b"1"), (b"GNU.sparse.offset", b"2"),
                          (b"GNU.sparse.numbytes", b"3")) + entry(b"abc"),
        "sparse-0.1": pax((b"GNU.sparse.size", b"10"), (b"GNU.sparse.numblocks", b"2"), (b"GNU.sparse.map", b"2,2,7,1"),
                          (b"GNU.sparse.name", b"s")) + entry(b"abc"),
        "sparse-1.0": pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.realsize", b"10"))
                      + entry(padded(b"2\n2\n2\n7\n1\n") + b"abc"),
        "type-7": entry(kind=b"7"),
    }


def member(data, level=6):
    return gzip.compress(data, level, mtime=0)


def gunzips():
    text = b"".join(b"line %d\n" % i for i in range(200))
    fields = bytearray(member(text))
    fields[3] = 0x0c
    fields[10:10] = b"\3\0abcname\0"
    return {
        "empty": member(b""),
        "text": member(text),
        "fast": member(text * 20, 1),
        "stored": member(text[:300], 0),
        "fixed": member(b"aaaaaaaaaaaab"),
        "members": member(text[:100]) + member(b"") + member(text[100:]),
        "fields": bytes(fields),
        "padding": member(b"x") + bytes(40),
        "garbage": member(b"x") + b"garbage",
        "zeros": member(bytes(300000)),
    }


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, capture_output=True, check=True).stdout


def unzstds():
    text = b"".join(b"line %d\n" % i for i in range(200))
    skippable = b"\x5a\x2a\x4d\x18\x05\0\0\0skip!"
    return {
        "empty": zstd(b""),
        "text": zstd(text, "--check"),
        "best": zstd(text, "-19", "--no-check"),
        "raw": zstd(bytes(i * 37 % 256 for i in range(300))),
        "zeros": zstd(bytes(300000)),
        "frames": skippable + zstd(text[:100]) + skippable + zstd(text[100:]) + skippable,
        "window": zstd(text, "--long=27"),
        "garbage": zstd(b"x") + b"garbage",
    }


def capabilities():
    return {
        "revision-1": bytes([1, 0, 0, 1, 0, 0x20]) + bytes(6),
        "revision-2": bytes([1, 0, 0, 2, 0, 0x20]) + bytes(14),
        "revision-3": bytes([0, 0, 0, 3, 0, 0x20]) + bytes(14) + bytes([0xa0, 0x86, 1, 0]),
        "revision-4": bytes([0, 0, 0, 4]) + bytes(20),
    }


def main():
    for name, seeds in (("tar", tars()), ("gunzip", gunzips()), ("unzstd", unzstds()), ("capability", capabilities())):
        folder = CORPUS / name
        folder.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds.items():
            (folder / seed).write_bytes(data)


main()
