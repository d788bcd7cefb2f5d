#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bomb.py OUT: an OCI layout whose layer is a few hundred kilobytes of zstd and 3 GiB of tar."""

import hashlib
import os
import subprocess
import sys

from image import Image, Layout, OCI, raw_header, to_json

SIZE = 3 << 30


def main():
    out = sys.argv[1]
    layout = Layout(out)
    image = Image("bomb:1", [b""], "1654", entrypoint=["/zeros"])
    blob = f"{out}/blob"
    with open(blob, "wb") as file:
        zstd = subprocess.Popen(["zstd", "-q", "-1", "-c"], stdin=subprocess.PIPE, stdout=file)
        zstd.stdin.write(raw_header(b"zeros", size=SIZE))
        zeros = bytes(1 << 20)
        for _ in range(SIZE // len(zeros)):
            zstd.stdin.write(zeros)
        zstd.stdin.write(bytes(1024))
        zstd.stdin.close()
        if zstd.wait():
            sys.exit("zstd failed")
    with open(blob, "rb") as file:
        digest = "sha256:" + hashlib.sha256(file.read()).hexdigest()
    size = os.path.getsize(blob)
    os.rename(blob, f"{out}/blobs/{digest.replace(':', '/')}")
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": dict(layout.blob(image.config), mediaType=OCI + "config.v1+json"),
                "layers": [{"mediaType": OCI + "layer.v1.tar+zstd", "digest": digest, "size": size}]}
    layout.index.append(dict(layout.blob(to_json(manifest)), mediaType=OCI + "manifest.v1+json",
                             annotations={"org.opencontainers.image.ref.name": "bomb:1"}))
    layout.close()


main()
