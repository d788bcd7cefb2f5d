#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spoil_docker.py DATA IMAGES: damages a Docker data root (overlay2) that nobody uses any more, one image of the layer table in
each way. IMAGES is `docker image inspect` of all. Prints for each: its name, the check that must be unknown, a word of its message."""

import hashlib
import json
import os
import pathlib
import shutil
import sys

DATA = pathlib.Path(sys.argv[1])
IMAGES = {tag: image for image in json.loads(pathlib.Path(sys.argv[2]).read_text()) for tag in image["RepoTags"] or []}
LAYERS = DATA / "image/overlay2/layerdb/sha256"


def top(image):
    """The record of the highest layer, which is the image's own, and its directory."""
    chain = ""
    for diff_id in image["RootFS"]["Layers"]:
        chain = "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest() if chain else diff_id
    record = LAYERS / chain[7:]
    return record, DATA / "overlay2" / (record / "cache-id").read_text().strip() / "diff"


def config(image):
    return DATA / "image/overlay2/imagedb/content/sha256" / image["Id"][7:]


def remove_directory(image):
    shutil.rmtree(top(image)[1])


def remove_record(image):
    shutil.rmtree(top(image)[0])


def empty_cache_id(image):
    (top(image)[0] / "cache-id").write_text("")


def climb(image):
    (top(image)[0] / "cache-id").write_text("../../../../../../etc")


def link_directory(image):
    directory = top(image)[1]
    shutil.rmtree(directory)
    directory.symlink_to("/etc")


def grow_accounts(image):
    os.truncate(top(image)[1] / "etc/passwd", 1 << 30)


def change_config(image):
    path = config(image)
    path.write_bytes(path.read_bytes().replace(b'"1654"', b'"1655"'))


def cut_config(image):
    path = config(image)
    path.write_bytes(path.read_bytes()[:100])


def remove_config(image):
    config(image).unlink()


SPOILS = (
    ("file-over-file", remove_directory, "image-incomplete", "layer"),
    ("names-differ-in-case", empty_cache_id, "image-incomplete", "cache-id"),
    ("back-in-a-third-layer", remove_record, "image-incomplete", "layer"),
    ("opaque-first", climb, "image-incomplete", "cache-id"),
    ("spellings", link_directory, "image-incomplete", "layer"),
    ("accounts-above", grow_accounts, "image-user-root", "account-bytes"),
    ("devices", change_config, "image-unreadable", "digest"),
    ("set-id-directory", cut_config, "image-unreadable", "digest"),
    ("end-half", remove_config, "image-unreadable", "no image of this store"),
)

for name, spoil, check, word in SPOILS:
    spoil(IMAGES[f"layers/{name}:1"])
    print(f"docker.io/layers/{name}:1", check, word, sep="\t")
