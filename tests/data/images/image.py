# SPDX-License-Identifier: Apache-2.0
"""Container images made from nothing: layers as tars, configs, OCI layouts, docker archives.

The tar writer is our own because the tests need headers that no tool would write, and the same bytes everywhere. Everything
is deterministic: the same calls make the same digests."""

import gzip
import hashlib
import io
import json
import os
import struct
import subprocess

TIME = 1700000000
CREATED = "2023-11-14T22:13:20Z"

CAPABILITIES = ("chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
                "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
                "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override "
                "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore").split()

# Layers that hold a program hold this: nothing in the tests runs it, and it is no script.
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(57)


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def capability(text):
    """The value of security.capability: "net_raw,net_admin", with " inherit" instead of permitted and effective, " rootid=N"
    for version 3, " quiet" for not effective."""
    words = text.split()
    bits = sum(1 << CAPABILITIES.index(name) for name in words[0].split(","))
    permitted, inheritable, effective, rootid = bits, 0, 1, None
    for word in words[1:]:
        if word == "quiet":
            effective = 0
        elif word == "inherit":
            permitted, inheritable, effective = 0, bits, 0
        else:
            rootid = int(word.removeprefix("rootid="))
    version = 0x02000000 if rootid is None else 0x03000000
    low = (1 << 32) - 1
    value = struct.pack("<5I", version | effective, permitted & low, inheritable & low, permitted >> 32, inheritable >> 32)
    return value if rootid is None else value + struct.pack("<I", rootid)


def number(value, width):
    """A numeric field: octal where it fits, else base-256 (GNU)."""
    digits = b"%0*o" % (width - 1, value) if value >= 0 else b""
    if digits and len(digits) < width:
        return digits + b"\0"
    return bytes([0x80 if value >= 0 else 0xff]) + value.to_bytes(width - 1, "big", signed=True)


def raw_header(name, kind=b"0", mode=0o644, uid=0, gid=0, size=0, link=b"", major=0, minor=0, magic=b"ustar\00000", mtime=TIME,
               checksum=None):
    head = b"".join((name[:100].ljust(100, b"\0"), number(mode, 8), number(uid, 8), number(gid, 8), number(size, 12),
                     number(mtime, 12), b" " * 8, kind, link[:100].ljust(100, b"\0"), magic, bytes(64), number(major, 8),
                     number(minor, 8), bytes(167)))
    total = sum(head) if checksum is None else checksum
    return head[:148] + b"%06o\0 " % total + head[156:]


def padded(data):
    return data + bytes(-len(data) % 512)


def pax_body(records):
    out = b""
    for key, value in records:
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest)
        while len(b"%d" % length) + len(rest) != length:
            length = len(b"%d" % length) + len(rest)
        out += b"%d" % length + rest
    return out


def raw(text):
    """Names are bytes; a str stands for its UTF-8, and lone surrogates for the bytes they escape."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


class Layer:
    """A change set, as the tar that it is."""

    def __init__(self):
        self.parts = []

    def entry(self, name, kind=b"0", mode=0o644, uid=0, gid=0, data=b"", link=b"", size=None, major=0, minor=0, pax=(), xattrs=None,
              gnu_name=False, checksum=None):
        name, link, data = raw(name), raw(link), raw(data)
        records = [(raw(key), raw(value)) for key, value in pax]
        records += [(b"SCHILY.xattr." + raw(key), value) for key, value in sorted((xattrs or {}).items())]
        if gnu_name:
            self.parts.append(raw_header(b"././@LongLink", b"L", size=len(name) + 1, magic=b"ustar  \0") + padded(name + b"\0"))
        elif len(name) > 100:
            records.append((b"path", name))
        if len(link) > 100:
            records.append((b"linkpath", link))
        if records:
            body = pax_body(records)
            self.parts.append(raw_header(b"PaxHeaders/entry", b"x", size=len(body)) + padded(body))
        head = raw_header(name, kind, mode, uid, gid, len(data) if size is None else size, link, major, minor, checksum=checksum)
        self.parts.append(head + padded(data))
        return self

    def raw(self, data):
        self.parts.append(data)
        return self

    def file(self, path, mode=0o755, uid=0, gid=0, data=PROGRAM, caps=None, **more):
        if caps:
            more["xattrs"] = dict(more.get("xattrs") or {}, **{"security.capability": capability(caps)})
        return self.entry(path, b"0", mode, uid, gid, data, **more)

    def text(self, path, *lines, mode=0o644, uid=0, gid=0):
        return self.file(path, mode, uid, gid, "".join(line + "\n" for line in lines))

    def dir(self, path, mode=0o755, uid=0, gid=0, **more):
        return self.entry(path.rstrip("/") + "/", b"5", mode, uid, gid, **more)

    def dirs(self, *paths):
        for path in paths:
            self.dir(path)
        return self

    def link(self, path, target):
        return self.entry(path, b"2", 0o777, link=target)

    def hard(self, path, target, mode=0o4755, **more):
        """Engines apply the header of a hard link to the file, so it must say the same again."""
        return self.entry(path, b"1", mode, link=target, **more)

    def device(self, path, kind, major, minor, mode=0o600):
        return self.entry(path, kind, mode, major=major, minor=minor)

    def whiteout(self, path):
        head, _, name = path.rpartition("/")
        return self.entry(f"{head}/.wh.{name}".lstrip("/"), b"0", 0)

    def opaque(self, path):
        return self.entry(f"{path}/.wh..wh..opq", b"0", 0)

    def accounts(self, passwd, group=("root:x:0:",)):
        return self.dir("etc").text("etc/passwd", *passwd).text("etc/group", *group)

    def tar(self):
        return b"".join(self.parts) + bytes(1024)


def compress(data, how):
    if how == "gzip":
        out = io.BytesIO()
        with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, compresslevel=6) as stream:
            stream.write(data)
        return out.getvalue()
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-3", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


OCI = "application/vnd.oci.image."
LAYER_TYPES = {"none": OCI + "layer.v1.tar", "gzip": OCI + "layer.v1.tar+gzip", "zstd": OCI + "layer.v1.tar+zstd"}


def to_json(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


class Image:
    def __init__(self, name, layers=(), user=None, env=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",),
                 entrypoint=None, cmd=None, workdir=None, ports=(), arch=None, rewrite=None, blobs=None, media_types=None,
                 compression="gzip"):
        """`layers` are Layers or finished tars (bytes). `rewrite` changes the config's bytes at the end. `blobs` replaces layer
        blobs in layouts by position (None: leave it out), `media_types` their media types."""
        self.name = name
        self.tars = [layer.tar() if isinstance(layer, Layer) else layer for layer in layers]
        self.arch = arch or machine()
        self.blobs, self.media_types, self.compression = blobs or {}, media_types or {}, compression
        run = {"Env": list(env)}
        if user is not None:
            run["User"] = user
        if entrypoint:
            run["Entrypoint"] = list(entrypoint)
        if cmd:
            run["Cmd"] = list(cmd)
        if workdir:
            run["WorkingDir"] = workdir
        if ports:
            run["ExposedPorts"] = {port: {} for port in ports}
        self.diff_ids = [sha256(tar) for tar in self.tars]
        config = {"architecture": self.arch, "os": "linux", "created": CREATED, "config": run,
                  "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
                  "history": [{"created": CREATED, "created_by": f"layer {i}"} for i in range(len(self.tars))]}
        self.config = to_json(config)
        if rewrite:
            self.config = rewrite(self.config)
        self.id = sha256(self.config)


def machine():
    """Go's name of this machine's architecture."""
    name = os.uname().machine
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)


class Layout:
    """An OCI image layout directory."""

    def __init__(self, path):
        self.path = path
        self.index = []
        os.makedirs(f"{path}/blobs/sha256")

    def blob(self, data, digest=None):
        digest = digest or sha256(data)
        with open(f"{self.path}/blobs/{digest.replace(':', '/')}", "wb") as out:
            out.write(data)
        return {"digest": digest, "size": len(data)}

    def manifest(self, image):
        layers = []
        for i, tar in enumerate(image.tars):
            how = image.compression
            true = compress(tar, how)
            stored = image.blobs.get(i, true)
            descriptor = {"digest": sha256(true), "size": len(true)}
            if stored is not None:
                self.blob(stored, descriptor["digest"])
            layers.append(dict(descriptor, mediaType=image.media_types.get(i, LAYER_TYPES[how])))
        config = dict(self.blob(image.config), mediaType=OCI + "config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": layers}
        return dict(self.blob(to_json(manifest)), mediaType=OCI + "manifest.v1+json")

    def add(self, image, name=None):
        descriptor = self.manifest(image)
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": name or image.name}
        descriptor["platform"] = {"architecture": image.arch, "os": "linux"}
        self.index.append(descriptor)
        return descriptor

    def add_index(self, name, images):
        """One name for several platforms."""
        manifests = [dict(self.manifest(image), platform={"architecture": image.arch, "os": "linux"}) for image in images]
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": manifests}
        descriptor = dict(self.blob(to_json(index)), mediaType=OCI + "index.v1+json")
        descriptor["annotations"] = {"org.opencontainers.image.ref.name": name}
        self.index.append(descriptor)

    def close(self):
        with open(f"{self.path}/oci-layout", "w") as out:
            out.write('{"imageLayoutVersion":"1.0.0"}')
        with open(f"{self.path}/index.json", "wb") as out:
            out.write(to_json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": self.index}))


def write_layout(path, images):
    layout = Layout(path)
    for image in images:
        layout.add(image)
    layout.close()


def write_docker_archive(path, images):
    """What `docker save` wrote up to version 24, and what every version loads."""
    written, manifest = set(), []
    with open(path, "wb") as out:
        def member(name, data):
            if name not in written:
                written.add(name)
                out.write(raw_header(name.encode(), size=len(data)) + padded(data))

        for image in images:
            layers = []
            for diff_id, tar in zip(image.diff_ids, image.tars):
                layers.append(diff_id[7:] + "/layer.tar")
                member(layers[-1], tar)
            member(image.id[7:] + ".json", image.config)
            manifest.append({"Config": image.id[7:] + ".json", "RepoTags": [image.name], "Layers": layers})
        member("manifest.json", to_json(manifest))
        out.write(bytes(1024))
