#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bad.py OUT: OCI layouts in which something is wrong, each a folder of its own with a good image beside the bad one.

OUT/cases says of each: its name, the check that must be unknown, and words that its message must contain, separated by tabs."""

import os
import subprocess
import sys

from image import LAYER_TYPES, OCI, Image, Layer, Layout, compress, pax_body, raw_header, padded, sha256, to_json

INCOMPLETE, UNREADABLE = "image-incomplete", "image-unreadable"
cases = []


def case(check, *words):
    """Registers a function (layout) -> None that adds the bad image "bad:1"."""
    def register(function):
        cases.append((function.__name__.replace("_", "-"), check, words, function))
        return function
    return register


def accounts():
    return Layer().accounts(("root:x:0:0::/:/bin/sh", "app:x:1654:1654::/:/bin/false"))


def program(text="program "):
    return Layer().dirs("srv").file("srv/run", data=text * 3000)


def good():
    """It shares no blob with the bad one."""
    return Image("good:1", [accounts().text("etc/motd", "good"), program("good ")], "1654", env=("GOOD=1",), entrypoint=["/srv/run"])


def bad(compression="gzip", user="1654", layers=None, **more):
    return Image("bad:1", layers or [accounts(), program()], user, entrypoint=["/srv/run"], compression=compression, **more)


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1:]


def stored(image, layer=1):
    return compress(image.tars[layer], image.compression)


def with_blob(layout, compression, change, layer=1):
    """The layer's blob is changed, its name is not."""
    image = bad(compression)
    image.blobs[layer] = change(stored(image, layer))
    layout.add(image)


def with_stored(layout, compression, change, layer=1):
    """The layer's blob is changed, and manifest and size say so: only reading it shows what is wrong."""
    image = bad(compression)
    blobs = [stored(image, i) for i in range(len(image.tars))]
    blobs[layer] = change(blobs[layer])
    manifest = {"schemaVersion": 2, "config": dict(layout.blob(image.config), mediaType=OCI + "config.v1+json"),
                "layers": [dict(layout.blob(blob), mediaType=LAYER_TYPES[compression]) for blob in blobs]}
    with_manifest(layout, to_json(manifest))


def with_layer(layout, tar, compression="none", user="1654"):
    """A layer that has the digests it should have, and is bad all the same."""
    layout.add(bad(compression, user, [accounts(), tar]))


def with_config(layout, change):
    image = bad()
    image.config = change(image.config)
    layout.add(image)


def with_manifest(layout, manifest, media_type=OCI + "manifest.v1+json"):
    layout.index.append(dict(layout.blob(manifest), mediaType=media_type,
                             annotations={"org.opencontainers.image.ref.name": "bad:1"}))


def damage(layout, digest, change):
    path = f"{layout.path}/blobs/{digest.replace(':', '/')}"
    with open(path, "rb") as file:
        data = file.read()
    os.unlink(path)
    change(path, data)


def rewrite(path, data):
    with open(path, "wb") as out:
        out.write(data)


@case(INCOMPLETE, "layer 2 of 2", "instead of")
def gzip_truncated(layout):
    with_blob(layout, "gzip", lambda blob: blob[:len(blob) // 2])


@case(INCOMPLETE, "layer 2 of 2", "offset")
def gzip_ends_early(layout):
    with_stored(layout, "gzip", lambda blob: blob[:len(blob) // 2])


@case(INCOMPLETE, "layer 2 of 2", "offset")
def zstd_ends_early(layout):
    with_stored(layout, "zstd", lambda blob: blob[:len(blob) // 2])


@case(INCOMPLETE, "layer 2 of 2", "digest")
def tar_ends_early(layout):
    with_stored(layout, "none", lambda blob: blob[:2000])


@case(INCOMPLETE, "layer 2 of 2", "offset")
def gzip_with_a_wrong_sum(layout):
    with_stored(layout, "gzip", lambda blob: flip(blob, len(blob) - 6))


@case(INCOMPLETE, "layer 2 of 2", "offset")
def gzip_with_noise_behind(layout):
    with_stored(layout, "gzip", lambda blob: blob + b"noise" * 100)


@case(INCOMPLETE, "layer 2 of 2")
def gzip_corrupt(layout):
    with_blob(layout, "gzip", lambda blob: flip(blob, len(blob) // 2))


@case(INCOMPLETE, "layer 2 of 2")
def zstd_corrupt(layout):
    with_blob(layout, "zstd", lambda blob: flip(blob, len(blob) // 2))


@case(INCOMPLETE, "layer 2 of 2", "digest")
def tar_corrupt_in_data(layout):
    with_blob(layout, "none", lambda blob: flip(blob, 2000))


@case(INCOMPLETE, "layer 1 of 2", "digest")
def blob_of_another_layer(layout):
    image = bad("none")
    image.blobs[0] = accounts().tar().replace(b"1654", b"0000")
    layout.add(image)


@case(INCOMPLETE, "layer 2 of 2", "digest")
def diff_id_of_another_layer(layout):
    with_config(layout, lambda config: config.replace(sha256(program().tar()).encode(), sha256(b"other").encode()))


@case(INCOMPLETE, "layer 2 of 2")
def blob_empty(layout):
    with_blob(layout, "gzip", lambda blob: b"")


@case(INCOMPLETE, "layer 2 of 2")
def blob_missing(layout):
    with_blob(layout, "gzip", lambda blob: None)


@case(INCOMPLETE, "layer 2 of 2")
def blob_is_noise(layout):
    with_blob(layout, "none", lambda blob: bytes(range(256)) * 40)


@case(INCOMPLETE, "layer 2 of 2")
def blob_is_a_link(layout):
    image = bad()
    layout.add(image)
    rewrite(f"{layout.path}/outside", stored(image))
    damage(layout, sha256(stored(image)), lambda path, data: os.symlink("../../outside", path))


@case(INCOMPLETE, "layer 2 of 2")
def blob_is_a_fifo(layout):
    image = bad()
    layout.add(image)
    damage(layout, sha256(stored(image)), lambda path, data: os.mkfifo(path))


@case(INCOMPLETE, "layer 2 of 2")
def blob_is_a_directory(layout):
    image = bad()
    layout.add(image)
    damage(layout, sha256(stored(image)), lambda path, data: os.mkdir(path))


@case(INCOMPLETE, "layer 2 of 2", "application/x-unheard-of")
def media_type_unknown(layout):
    layout.add(bad(media_types={1: "application/x-unheard-of"}))


@case(INCOMPLETE, "layer 2 of 2", "encrypted")
def media_type_encrypted(layout):
    layout.add(bad(media_types={1: OCI + "layer.v1.tar+gzip+encrypted"}))


@case(INCOMPLETE, "layer 2 of 2", "zstd")
def zstd_window(layout):
    """A decoder would need 128 MiB for it."""
    tar = program().tar()
    image = bad("none", layers=[accounts(), tar])
    blob = subprocess.run(["zstd", "-q", "--long=27", "-c"], input=tar, stdout=subprocess.PIPE, check=True).stdout
    described = layout.blob(blob)
    manifest = {"schemaVersion": 2, "config": dict(layout.blob(image.config), mediaType=OCI + "config.v1+json"),
                "layers": [dict(layout.blob(image.tars[0]), mediaType=OCI + "layer.v1.tar"),
                           dict(described, mediaType=OCI + "layer.v1.tar+zstd")]}
    with_manifest(layout, to_json(manifest))


def huge_header(size):
    """An entry whose size field is base-256, which octal cannot hold."""
    head = bytearray(raw_header(b"srv/huge", size=0))
    head[124:136] = b"\x80" + size.to_bytes(11, "big", signed=True) if size >= 0 else b"\xff" + size.to_bytes(11, "big", signed=True)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


@case(INCOMPLETE, "layer 2 of 2", "offset")
def tar_size_beyond_64_bits(layout):
    with_layer(layout, huge_header(2**70) + bytes(1024))


@case(INCOMPLETE, "layer 2 of 2", "offset")
def tar_size_of_exabytes(layout):
    with_layer(layout, huge_header(2**62) + bytes(1024))


@case(INCOMPLETE, "layer 2 of 2", "offset")
def tar_size_negative(layout):
    with_layer(layout, huge_header(-512) + bytes(1024))


@case(INCOMPLETE, "layer 2 of 2")
def tar_records_of_megabytes(layout):
    body = pax_body([(b"comment", b"x" * (2 << 20))])
    with_layer(layout, raw_header(b"PaxHeaders/x", b"x", size=len(body)) + padded(body) + raw_header(b"srv/run") + bytes(1024))


@case(INCOMPLETE, "layer 2 of 2")
def tar_name_of_megabytes(layout):
    name = b"n/" * (1 << 19)
    with_layer(layout, raw_header(b"././@LongLink", b"L", size=len(name)) + padded(name) + raw_header(b"srv/run") + bytes(1024))


@case("image-user-root", "account-bytes")
def passwd_of_a_gigabyte(layout):
    """A sparse file of 1 GiB with nothing in it, as GNU tar writes it (PAX 1.0): the map, then no data."""
    sparse_map = padded(b"1\n%d\n0\n" % (1 << 30))
    records = pax_body([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"etc/passwd"),
                        (b"GNU.sparse.realsize", b"%d" % (1 << 30))])
    tar = raw_header(b"PaxHeaders/passwd", b"x", size=len(records)) + padded(records)
    tar += raw_header(b"etc/GNUSparseFile.0/passwd", size=len(sparse_map)) + sparse_map + bytes(1024)
    with_layer(layout, tar)


@case("image-user-root", "account-bytes")
def passwd_of_megabytes(layout):
    line = "user{0}:x:{0}:{0}::/:/bin/sh\n"
    with_layer(layout, Layer().file("etc/passwd", 0o644, data="".join(line.format(i) for i in range(1000, 60000))).tar())


@case(UNREADABLE, "manifest")
def manifest_missing(layout):
    damage(layout, layout.add(bad())["digest"], lambda path, data: None)


@case(UNREADABLE, "digest")
def manifest_changed(layout):
    damage(layout, layout.add(bad())["digest"], lambda path, data: rewrite(path, data.replace(b"gzip", b"gzlp")))


@case(UNREADABLE, "manifest")
def manifest_truncated(layout):
    with_manifest(layout, b'{"schemaVersion":2,"layers":[')


@case(UNREADABLE, "layers")
def manifest_of_the_wrong_shape(layout):
    image = bad()
    config = dict(layout.blob(image.config), mediaType=OCI + "config.v1+json")
    with_manifest(layout, to_json({"schemaVersion": 2, "config": config, "layers": {"0": "sha256:0"}}))


@case(UNREADABLE, "depth")
def manifest_too_deep(layout):
    with_manifest(layout, b'{"schemaVersion":2,"x":' + b"[" * 5000 + b"]" * 5000 + b"}")


@case(UNREADABLE)
def manifest_and_index_at_once(layout):
    image = bad()
    config = dict(layout.blob(image.config), mediaType=OCI + "config.v1+json")
    with_manifest(layout, to_json({"schemaVersion": 2, "config": config, "layers": [], "manifests": []}))


@case(UNREADABLE)
def manifest_of_schema_1(layout):
    with_manifest(layout, to_json({"schemaVersion": 1, "name": "bad", "tag": "1", "fsLayers": [], "history": []}),
                  "application/vnd.docker.distribution.manifest.v1+prettyjws")


@case(UNREADABLE, "layers")
def layers_without_number(layout):
    tar = Layer().tar()
    layout.add(bad("none", layers=[tar] * 513))


@case(UNREADABLE)
def layers_and_diff_ids_differ(layout):
    image = bad()
    manifest = {"schemaVersion": 2, "config": dict(layout.blob(image.config), mediaType=OCI + "config.v1+json"),
                "layers": [dict(layout.blob(stored(image, 0)), mediaType=OCI + "layer.v1.tar+gzip")]}
    with_manifest(layout, to_json(manifest))


@case(UNREADABLE, "config")
def config_missing(layout):
    image = bad()
    layout.add(image)
    damage(layout, image.id, lambda path, data: None)


@case(UNREADABLE, "digest")
def config_changed(layout):
    image = bad(user="0")
    layout.add(image)
    damage(layout, image.id, lambda path, data: rewrite(path, data.replace(b'"User":"0"', b'"User":"5"')))


@case(UNREADABLE, "config", "offset")
def config_truncated(layout):
    with_config(layout, lambda config: config[:200])


@case(UNREADABLE, "config")
def config_user_is_a_number(layout):
    with_config(layout, lambda config: config.replace(b'"User":"1654"', b'"User":1654'))


@case(UNREADABLE, "config")
def config_is_a_list(layout):
    with_config(layout, lambda config: b"[" + config + b"]")


@case(UNREADABLE, "config")
def config_with_something_behind(layout):
    with_config(layout, lambda config: config + b"{}")


@case(UNREADABLE, "config", "depth")
def config_too_deep(layout):
    with_config(layout, lambda config: config.replace(b'"os":"linux"', b'"os":"linux","deep":' + b'{"a":' * 3000 + b"1" + b"}" * 3000))


@case(UNREADABLE, "config")
def config_too_large(layout):
    with_config(layout, lambda config: config.replace(b'"os":"linux"', b'"os":"linux","comment":"' + b"x" * (5 << 20) + b'"'))


@case(UNREADABLE)
def index_too_deep(layout):
    described = layout.manifest(bad())
    for _ in range(10):
        index = to_json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [described]})
        described = dict(layout.blob(index), mediaType=OCI + "index.v1+json")
    layout.index.append(dict(described, annotations={"org.opencontainers.image.ref.name": "bad:1"}))


def main():
    out = sys.argv[1]
    os.makedirs(out)
    with open(f"{out}/cases", "w") as table:
        for name, check, words, add in cases:
            layout = Layout(f"{out}/{name}")
            layout.add(good())
            add(layout)
            layout.close()
            table.write("\t".join((name, check, *words)) + "\n")


if __name__ == "__main__":
    main()
