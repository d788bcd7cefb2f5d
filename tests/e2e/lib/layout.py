#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a small OCI layout for tests of what comes after the scan.

usage: layout.py DIR NAME=USER[:FILES]...     an image NAME for each: its USER, and FILES set-id files in its one layer
"""
import gzip
import hashlib
import io
import json
import pathlib
import sys
import tarfile


def blob(home, data):
    digest = hashlib.sha256(data).hexdigest()
    (home / "blobs/sha256" / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def layer(n_files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        passwd = b"root:x:0:0:root:/root:/bin/sh\napp:x:1654:1654:app:/app:/bin/sh\n"
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(passwd)
        tar.addfile(entry, io.BytesIO(passwd))
        for i in range(n_files):
            entry = tarfile.TarInfo(f"usr/bin/program-with-a-name-of-some-length-{i:04}")
            entry.mode = 0o4755
            tar.addfile(entry, io.BytesIO(b""))
    return out.getvalue()


def image(home, name, user, n_files):
    tar = layer(n_files)
    packed = blob(home, gzip.compress(tar, 1, mtime=0))
    config = blob(home, json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"User": user, "Labels": {"name": name}},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(tar).hexdigest()]},
    }).encode())
    manifest = blob(home, json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **packed}],
    }).encode())
    return {"mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest,
            "annotations": {"org.opencontainers.image.ref.name": name}}


def main():
    home = pathlib.Path(sys.argv[1])
    (home / "blobs/sha256").mkdir(parents=True)
    manifests = []
    for argument in sys.argv[2:]:
        name, _, rest = argument.partition("=")
        user, _, n_files = rest.partition(":")
        manifests.append(image(home, name, user, int(n_files or 0)))
    (home / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (home / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))


main()
