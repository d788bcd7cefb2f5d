#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the compressed files of this folder again. All hold the text of lines() here and in tests/unit/test_stream.c,
except where the name says otherwise. Needs the zstd program."""

import pathlib
import subprocess
import zlib

HERE = pathlib.Path(__file__).resolve().parent


def lines():
    return b"".join(b"line %d of the load\n" % i for i in range(1000))


def member(data, fields=False, level=6):
    flags = 0x1e if fields else 0
    header = b"\x1f\x8b\x08" + bytes([flags]) + b"\0\0\0\0\0\x03"
    if fields:
        header += (260).to_bytes(2, "little") + b"e" * 260 + b"name\0" + b"a comment\0"
        header += (zlib.crc32(header) & 0xffff).to_bytes(2, "little")
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    body = deflate.compress(data) + deflate.flush()
    return header + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xffffffff).to_bytes(4, "little")


def zstd(data, *options):
    return subprocess.run(["zstd", "-q", "-c", *options], input=data, capture_output=True, check=True).stdout


def skippable(data):
    return b"\x5a\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


def main():
    text = lines()
    third = len(text) // 3
    parts = text[:third], text[third:2 * third], text[2 * third:]
    files = {
        "lines.gz": member(text),
        "fields.gz": member(text, fields=True),
        "stored.gz": member(text, level=0),
        "members.gz": member(parts[0]) + member(b"") + member(parts[1], fields=True) + member(parts[2]),
        "lines.zst": zstd(text, "--check"),
        "frames.zst": skippable(b"first") + zstd(parts[0]) + zstd(b"") + zstd(parts[1], "--no-check") + skippable(b"")
                      + zstd(parts[2], "-19") + skippable(b"x" * 300),
        "window.zst": zstd(text, "--long=27"),
    }
    for name, data in files.items():
        (HERE / name).write_bytes(data)


main()
