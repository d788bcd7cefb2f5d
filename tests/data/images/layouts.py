#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""layouts.py OUT: OCI layouts that are unusual but right.

  multi      one name for three platforms, of which only this machine's is there
  artifacts  an image beside its attestation and a chart
  twice      one image under two names
  wrapped    layers in every wrapping that engines take
  empty      no image at all"""

import gzip
import os
import struct
import sys

from image import CREATED, Image, Layer, Layout, OCI, compress, machine, sha256, to_json


def image(name, **more):
    layer = Layer().accounts(("root:x:0:0::/:/bin/sh", "app:x:1654:1654::/:/bin/false")).dirs("srv").file("srv/run")
    return Image(name, [layer], "1654", entrypoint=["/srv/run"], **more)


def multi(path):
    layout = Layout(path)
    images = [image("multi:1", arch=arch) for arch in ("s390x", "amd64", "arm64")]
    layout.add_index("multi:1", images)
    layout.close()
    for other in images:
        if other.arch != machine():
            os.unlink(f"{path}/blobs/{other.id.replace(':', '/')}")


def artifacts(path):
    layout = Layout(path)
    good = image("app:1")
    described = layout.manifest(good)
    statement = to_json({"_type": "https://in-toto.io/Statement/v0.1", "subject": []})
    config = to_json({"architecture": "unknown", "os": "unknown", "config": {}, "created": CREATED,
                      "rootfs": {"type": "layers", "diff_ids": [sha256(statement)]}})
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": dict(layout.blob(config), mediaType=OCI + "config.v1+json"),
                "layers": [dict(layout.blob(statement), mediaType="application/vnd.in-toto+json")]}
    attestation = dict(layout.blob(to_json(manifest)), mediaType=OCI + "manifest.v1+json",
                       platform={"architecture": "unknown", "os": "unknown"},
                       annotations={"vnd.docker.reference.type": "attestation-manifest",
                                    "vnd.docker.reference.digest": described["digest"]})
    described["platform"] = {"architecture": machine(), "os": "linux"}
    index = to_json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [described, attestation]})
    layout.index.append(dict(layout.blob(index), mediaType=OCI + "index.v1+json",
                             annotations={"org.opencontainers.image.ref.name": "app:1"}))
    chart = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
             "config": dict(layout.blob(to_json({"name": "chart"})), mediaType="application/vnd.cncf.helm.config.v1+json"),
             "layers": [dict(layout.blob(b"chart"), mediaType="application/vnd.cncf.helm.chart.content.v1.tar+gzip")]}
    layout.index.append(dict(layout.blob(to_json(chart)), mediaType=OCI + "manifest.v1+json",
                             annotations={"org.opencontainers.image.ref.name": "chart:1"}))
    layout.close()


def twice(path):
    layout = Layout(path)
    layout.add(image("app:1"))
    layout.add(image("app:1"), "example.com:5000/team/app:latest")
    layout.close()


def wrapped(path):
    """A blob is what its first bytes say; its digest is that of the stored bytes."""
    layout = Layout(path)

    def add(name, wrap, media_type):
        one = image(name, env=(f"NAME={name}",), compression="none")
        stored = wrap(one.tars[0])
        described = layout.blob(stored)
        config = dict(layout.blob(one.config), mediaType=OCI + "config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config,
                    "layers": [dict(described, mediaType=OCI + media_type)]}
        layout.index.append(dict(layout.blob(to_json(manifest)), mediaType=OCI + "manifest.v1+json",
                                 annotations={"org.opencontainers.image.ref.name": name}))

    def members(tar):
        return gzip.compress(tar[:700], mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(tar[700:], mtime=0)

    def frames(tar):
        skippable = struct.pack("<II", 0x184D2A53, 5) + b"skip!"
        return compress(tar[:700], "zstd") + skippable + compress(tar[700:], "zstd") + skippable

    add("gzip-members:1", members, "layer.v1.tar+gzip")
    add("zstd-frames:1", frames, "layer.v1.tar+zstd")
    add("plain-called-gzip:1", bytes, "layer.v1.tar+gzip")
    add("gzip-called-plain:1", lambda tar: compress(tar, "gzip"), "layer.v1.tar")
    add("zstd-called-gzip:1", lambda tar: compress(tar, "zstd"), "layer.v1.tar+gzip")
    layout.close()


def main():
    out = sys.argv[1]
    os.makedirs(out)
    multi(f"{out}/multi")
    artifacts(f"{out}/artifacts")
    twice(f"{out}/twice")
    wrapped(f"{out}/wrapped")
    Layout(f"{out}/empty").close()


if __name__ == "__main__":
    main()
