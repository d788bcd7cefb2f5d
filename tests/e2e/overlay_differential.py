#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random images, judged twice (as an OCI layout and as docker's unpacked overlay2 layers) and held against the kernel's overlayfs.

overlay_differential.py PROGRAM FOLDER FIRST-SEED COUNT

Layers are made entry by entry. Each entry is extracted at once as engines extract it, and one that they would refuse is left
out; so what is left is an image that every engine takes, and its overlay is the truth. Needs root."""

import ctypes
import hashlib
import json
import os
import pathlib
import posixpath
import random
import shutil
import stat
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "data/images"))

from image import Image, Layer, capability, write_layout  # noqa: E402

libc = ctypes.CDLL(None, use_errno=True)
MAX_LINKS = 40
DIRS = "etc usr usr/bin usr/etc bin opt opt/app d d/e d/e/f run".split()
NAMES = "a b c sh app gosu passwd group run".split()
TARGETS = ("usr/bin /usr/bin ../usr/bin ../bin /opt/app ../opt/app app ../usr/etc /usr/etc usr/etc e ../d /d /d/e ../d/e d/../usr/bin "
           "../../usr/bin a b sh ../a /usr/etc/passwd ../usr/etc/passwd passwd passwd.real ../etc/passwd ../bin/run /opt/app/run "
           "run ./b ../usr/bin/sh /bin/sh a/../b loop ../usr/../opt /").split()
SCRIPTS = (b"#!/bin/sh\nexec gosu app run\n", b"#!/usr/bin/env sh\nid\nexec su-exec 1000 \"$@\"\n", b"#!/bin/sh\nexec run\n",
           b"\x7fELF" + bytes(60), b"")
PATHS = ("/usr/local/bin:/usr/bin:/bin", "/opt/app:/bin", "/d/e:/usr/bin:/bin", "/bin")


class Refused(Exception):
    """What engines would not extract."""


def mount(layers, target):
    """The overlay of layer folders, lowest first."""
    lower = ":".join(str(path) for path in reversed(layers))
    if libc.mount(b"overlay", os.fsencode(target), b"overlay", 1, b"lowerdir=" + os.fsencode(lower)):
        raise OSError(ctypes.get_errno(), "mount overlay")


def unmount(target):
    if libc.umount2(os.fsencode(target), 2):
        raise OSError(ctypes.get_errno(), "umount")


def follow(root, path, last=True):
    """`path` with all links followed as a process with this root would; null when it is not there. Of a path that is to be made,
    the last component may be missing."""
    done, rest, links = [], [part for part in path.split("/") if part], 0
    while rest:
        part = rest.pop(0)
        here = "/".join((root, *done))
        if not stat.S_ISDIR(os.lstat(here).st_mode):
            return None
        if part == ".":
            continue
        if part == "..":
            del done[-1:]
            continue
        try:
            info = os.lstat(f"{here}/{part}")
        except FileNotFoundError:
            return None
        if stat.S_ISLNK(info.st_mode) and (rest or last):
            links += 1
            target = os.readlink(f"{here}/{part}")
            if links > MAX_LINKS:
                return None
            rest[:0] = [part for part in target.split("/") if part]
            if target.startswith("/"):
                done = []
            continue
        done.append(part)
    return "/" + "/".join(done)


def is_whiteout(path):
    info = os.lstat(path)
    return stat.S_ISCHR(info.st_mode) and not info.st_rdev


class Folder:
    """A layer as an overlay engine unpacks it."""

    def __init__(self, root, may_make=lambda path: True):
        self.root = str(root)
        self.may_make = may_make
        os.makedirs(self.root)

    def place(self, name, make=True):
        """Where an entry goes: links on the way that this layer has are followed, folders that it lacks are made."""
        made = []
        try:
            return self.find_place(name, made if make else None)
        except Refused:
            for path in reversed(made):
                os.rmdir(path)
            raise

    def find_place(self, name, made):
        head, base = posixpath.split(posixpath.normpath("/" + name))
        at = "/"
        todo, links = [part for part in head.split("/") if part], 0
        while todo:
            part = todo.pop(0)
            if part == "..":
                at = posixpath.dirname(at)
                continue
            if part == ".":
                continue
            path = posixpath.join(at, part)
            full = self.root + path
            if not os.path.lexists(full):
                if made is None or ".." in todo or not self.may_make(path):
                    raise Refused  # engines do not make what a link only leads through and back
                os.mkdir(full, 0o755)
                made.append(full)
            elif os.path.islink(full):
                links += 1
                if links > MAX_LINKS:
                    raise Refused
                target = os.readlink(full)
                todo[:0] = [part for part in target.split("/") if part]
                at = "/" if target.startswith("/") else at
                continue
            elif not os.path.isdir(full):
                raise Refused
            at = path
        return self.root + posixpath.join(at, base)

    def whiteout(self, path):
        full = self.place(path)
        if os.path.lexists(full):
            raise Refused
        os.mknod(full, stat.S_IFCHR, 0)

    def opaque(self, path):
        full = self.place(path + "/x").removesuffix("/x")
        if full == self.root:
            raise Refused  # vfs stores heed it
        os.setxattr(full, "trusted.overlay.opaque", b"y")

    def add(self, name, kind, mode=0, uid=0, gid=0, data=b"", link="", caps=None, device=0):
        target = None
        if kind == "hard":
            target = self.place(link, make=False)
            if not os.path.lexists(target) or stat.S_ISDIR(os.lstat(target).st_mode) or is_whiteout(target):
                raise Refused
        full = self.place(name)
        if os.path.lexists(full) and not (os.path.isdir(full) and not os.path.islink(full) and kind == "dir"):
            if os.path.isdir(full) and not os.path.islink(full):
                shutil.rmtree(full)
            else:
                os.unlink(full)
        if kind == "dir":
            os.makedirs(full, exist_ok=True)
        elif kind == "file":
            pathlib.Path(full).write_bytes(data)
        elif kind == "symlink":
            os.symlink(link, full)
            os.chown(full, uid, gid, follow_symlinks=False)
            return
        elif kind == "hard":
            os.link(target, full, follow_symlinks=False)
            return
        elif kind == "fifo":
            os.mkfifo(full)
        else:
            os.mknod(full, {"char": stat.S_IFCHR, "block": stat.S_IFBLK}[kind], device)
        os.chown(full, uid, gid)
        if caps:
            os.setxattr(full, "security.capability", caps)
        os.chmod(full, mode)


class Maker:
    """One random image: its layers as tars and as folders."""

    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.mounted = str(folder / "lower")
        self.folder = folder
        os.makedirs(self.mounted)
        self.folders, self.layers = [], []

    def pick_path(self, deep=0.3):
        pick = self.random
        path = pick.choice(DIRS)
        return path if pick.random() < deep else f"{path}/{pick.choice(NAMES)}"

    def lower_type(self, path):
        """What the layers below have at a path, links not followed: None, or st_mode."""
        at = self.mounted
        if not self.folders:
            return None
        for part in path.split("/"):
            if at != self.mounted and not stat.S_ISDIR(os.lstat(at).st_mode):
                return None
            at += "/" + part
            if not os.path.lexists(at):
                return None
        return os.lstat(at).st_mode

    def parents(self, folder, layer, path, all_of_them):
        """As real layers do, every folder on the way stands before what is in it."""
        for i in range(1, path.count("/") + 1):
            head = "/".join(path.split("/")[:i])
            if os.path.lexists(folder.root + "/" + head):
                if not os.path.isdir(folder.root + "/" + head):
                    raise Refused  # through a link below one that exists: Folder.place knows
                if os.path.islink(folder.root + "/" + head):
                    return
                continue
            mode = self.lower_type(head)
            if mode is not None and stat.S_ISLNK(mode):
                raise Refused  # engines differ about links of lower layers
            if not all_of_them and mode is not None and self.may_make(head) and self.random.random() < 0.15:
                continue
            folder.add(head, "dir", 0o755)
            layer.dir(head)

    def own(self, folder, path):
        """Where a path leads within the layer, as text; None when something on the way is no folder."""
        try:
            return folder.place(path, make=False)
        except Refused:
            return None

    def one(self, folder, layer, seen):
        pick = self.random
        path = self.pick_path()
        if path in seen:
            return
        kind = pick.choices(("file", "setid", "caps", "dir", "symlink", "hard", "device", "fifo", "whiteout", "opaque"),
                            (5, 6, 2, 4, 6, 4, 1, 1, 4, 1.5))[0]
        real = self.own(folder, path)
        if real and os.path.lexists(real):
            return  # a name twice: engines differ
        if kind == "whiteout":
            candidates = [name for name in DIRS + [f"{d}/{n}" for d in DIRS for n in NAMES] if self.lower_type(name) is not None]
            path = pick.choice(candidates) if candidates and pick.random() < 0.8 else path
            real = self.own(folder, path)
            if path in seen or (real and os.path.lexists(real)):
                return
        self.parents(folder, layer, path, kind == "hard")
        if real is None:
            real = folder.place(path)
            if os.path.lexists(real):
                return
        uid, gid = pick.choice((0, 0, 0, 1000, 5)), pick.choice((0, 0, 1000))
        if kind == "whiteout":
            folder.whiteout(path)
            layer.whiteout(path)
        elif kind == "opaque":
            head = posixpath.dirname(path)
            if not head:
                return
            folder.opaque(head)
            layer.opaque(head)
            return
        elif kind == "dir":
            mode = pick.choice((0o755, 0o755, 0o755, 0o777, 0o775, 0o2755))
            folder.add(path, "dir", mode, uid, gid)
            layer.dir(path, mode, uid, gid)
        elif kind in ("file", "setid", "caps"):
            mode = pick.choice((0o755, 0o755, 0o644, 0o777)) | (pick.choice((0o4000, 0o2000, 0o6000)) if kind == "setid" else 0)
            data = pick.choice(SCRIPTS)
            if path.endswith(("passwd", "passwd.real")):
                data = "".join(f"{name}:x:{pick.choice((0, 1000, 1654, 5))}:{pick.choice((0, 1000, 7))}::/:/bin/sh\n"
                               for name in pick.sample(("root", "app", "svc"), pick.randint(1, 3))).encode()
            elif path.endswith("group"):
                data = f"root:x:0:app\nstaff:x:{pick.choice((50, 60))}:app,svc\n".encode()
            caps = capability(pick.choice(("net_raw", "net_admin,sys_admin", "setuid quiet"))) if kind == "caps" else None
            folder.add(path, "file", mode, uid, gid, data, caps=caps)
            layer.entry(path, b"0", mode, uid, gid, data, xattrs={"security.capability": caps} if caps else None)
        elif kind == "symlink":
            target = pick.choice(TARGETS)
            folder.add(path, "symlink", link=target)
            layer.link(path, target)
        elif kind == "hard":
            target = self.pick_path(0.05)
            folder.add(path, "hard", link=target)
            info = os.lstat(folder.place(path))
            caps = None
            if stat.S_ISREG(info.st_mode):
                try:
                    caps = os.getxattr(folder.place(path), "security.capability")
                except OSError:
                    pass
            layer.hard(path, target, stat.S_IMODE(info.st_mode), uid=info.st_uid, gid=info.st_gid,
                       xattrs={"security.capability": caps} if caps else None)
        elif kind == "device":
            block = pick.random() < 0.5
            folder.add(path, "block" if block else "char", 0o660, device=os.makedev(1, 3))
            layer.device(path, b"4" if block else b"3", 1, 3, 0o660)
        else:
            folder.add(path, "fifo", 0o644)
            layer.entry(path, b"6", 0o644)
        seen.add(path)

    def may_make(self, path):
        """Folders that no entry names: engines agree about them when there is one below, and it is as they would make it."""
        path = path.strip("/")
        if self.lower_type(path) is None:
            return True
        info = os.lstat(f"{self.mounted}/{path}")
        return stat.S_ISDIR(info.st_mode) and (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) == (0o755, 0, 0)

    def layer(self):
        folder, layer, seen = Folder(self.folder / f"layer{len(self.folders)}", self.may_make), Layer(), set()
        if self.folders:
            self.show()
        try:
            for _ in range(self.random.randint(3, 22)):
                try:
                    self.one(folder, layer, seen)
                except Refused:
                    pass
        finally:
            if self.folders:
                unmount(self.mounted)
        self.folders.append(folder.root)
        self.layers.append(layer)

    def show(self):
        # Overlay wants two lower layers; an empty one changes nothing.
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        mount([empty, *self.folders], self.mounted)


def make_image(seed, folder):
    maker = Maker(seed, folder)
    pick = maker.random
    for _ in range(pick.randint(1, 5)):
        maker.layer()
    entry = pick.choice((["/bin/run"], ["run"], ["/opt/app/run"], ["./run"], ["/d/e/a"], ["/d/../bin/run", "x"], ["sh", "/opt/app/run"],
                         ["/etc/a"], ["b"], ["/usr/bin/app"], ["e/run"], ["/bin/a"]))
    image = Image(f"case:{seed}", maker.layers, pick.choice(("", "app", "1000", "0", "root", "app:staff", "svc", "1654:7")),
                  env=("PATH=" + pick.choice(PATHS),), entrypoint=entry, workdir=pick.choice((None, "/opt/app", "/d", "/bin", "/etc")),
                  compression=pick.choice(("none", "gzip", "zstd")))
    return image, maker


def accounts(root, path, fields):
    if os.path.islink(root + "/etc"):
        return []  # Docker's init layer has a folder there
    real = follow(root, path)
    if not real or not stat.S_ISREG(os.lstat(root + real).st_mode):
        return []
    lines = pathlib.Path(root + real).read_text("latin-1").split("\n")
    return [(line.strip().split(":") + [""] * fields)[:fields] for line in lines if line.strip()]


def number(text):
    try:
        return int(text)
    except ValueError:
        return 0


def user(root, spec):
    """Docker's rule, as far as these files go: uid, gid, groups; None when it refuses."""
    name, _, group = spec.partition(":")
    passwd, groups = accounts(root, "/etc/passwd", 7), accounts(root, "/etc/group", 4)
    line = next((line for line in passwd if (line[0] == name if name and not name.isdigit() else number(line[2]) == int(name or 0))), None)
    if not line and name and not name.isdigit():
        return None
    uid, gid = (number(line[2]), number(line[3])) if line else (int(name or 0), 0)
    if group:
        found = next((entry for entry in groups if entry[0] == group), None)
        if group.isdigit():
            return uid, int(group), {int(group)}
        return (uid, number(found[2]), {number(found[2])}) if found else None
    extra = {number(entry[2]) for entry in groups if line and line[0] in entry[3].split(",")}
    return uid, gid, extra | {gid}


def program(root, image):
    """Where the entry point is and where that leads; None when it is nowhere."""
    run = json.loads(image.config)["config"]
    name, cwd = run["Entrypoint"][0], run.get("WorkingDir") or "/"
    if "/" in name:
        return follow(root, posixpath.join(cwd, name))
    for directory in run["Env"][0].removeprefix("PATH=").split(":"):
        real = follow(root, f"{directory}/{name}")
        if real and stat.S_ISREG(os.lstat(root + real).st_mode) and os.lstat(root + real).st_mode & 0o111:
            return real
    return None


def writable(info):
    return info.st_uid != 0 or info.st_mode & 0o022


def truth(root, image):
    found = {"setid": [], "caps": [], "devices": [], "writable": []}
    path_dirs = [follow(root, directory) for directory in json.loads(image.config)["config"]["Env"][0].removeprefix("PATH=").split(":")]
    path_dirs = [path for path in path_dirs if path and stat.S_ISDIR(os.lstat(root + path).st_mode)]
    for folder, dirs, files in os.walk(root):
        for name in dirs + files:
            full = f"{folder}/{name}"
            if not os.path.lexists(full):
                continue  # a whiteout of nothing: the kernel lists it in a folder that only one layer has
            path, info = full.removeprefix(root), os.lstat(full)
            regular = stat.S_ISREG(info.st_mode)
            if regular and info.st_mode & 0o6000:
                found["setid"].append(f"{stat.S_IMODE(info.st_mode):04o} {info.st_uid}:{info.st_gid} {path}")
            if regular and "security.capability" in os.listxattr(full, follow_symlinks=False):
                found["caps"].append(path)
            if stat.S_ISCHR(info.st_mode) or stat.S_ISBLK(info.st_mode):
                found["devices"].append(path)
            if (regular and posixpath.dirname(path) in path_dirs or stat.S_ISDIR(info.st_mode) and path in path_dirs) and writable(info):
                found["writable"].append(path)
    found = {key: sorted(value) for key, value in found.items()}
    found["user"] = user(root, json.loads(image.config)["config"].get("User", ""))
    found["target"] = program(root, image)
    target = found["target"] and root + found["target"]
    found["script"] = bool(target and os.path.isfile(target) and pathlib.Path(target).read_bytes()[:2] == b"#!")
    return found


def claim(program_path, target):
    """The same from plimsoll."""
    run = subprocess.run([program_path, "inspect", "--format", "json", target], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if run.returncode not in (0, 1, 3):
        return {"error": f"exit {run.returncode}: {run.stderr.decode(errors='replace')[-2000:]}"}
    report = json.loads(run.stdout)
    privileges = report["subject"]["privileges"]
    decides = next((entry for entry in report["users"] if entry["decides"]), None)
    who = None
    if decides and "uid" in decides:
        who = decides["uid"], decides["gid"], set(decides["groups"]) | {decides["gid"]}
    return {"setid": sorted(f"{f['mode']} {f['uid']}:{f['gid']} {f['path']}" for f in privileges["setid"]),
            "caps": sorted(f["path"] for f in privileges["file_capabilities"]),
            "devices": sorted(f["path"] for f in report["devices"]),
            "writable": sorted(f["path"] for f in report["path_writable"]),
            "user": who if decides else "unknown",
            "target": report["entry_point"]["target"],
            "script": report["entry_point"]["script"],
            "notes": [f["message"] + json.dumps(f["evidence"]) for f in report["subject"]["findings"]
                      if f["check"] in ("image-layer-ambiguous", "image-incomplete") and f["status"] in ("fail", "unknown")]}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def add_to_store(store, image, folders, names):
    chain = None
    for diff_id, folder in zip(image.diff_ids, folders):
        parent, chain = chain, diff_id if chain is None else "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest()
        cache = hashlib.sha256(f"{image.name} {chain}".encode()).hexdigest()
        record = store / "image/overlay2/layerdb/sha256" / chain[7:]
        if record.exists():
            continue
        write(record / "diff", diff_id)
        write(record / "cache-id", cache)
        write(record / "size", "1")
        if parent:
            write(record / "parent", parent)
        (store / "overlay2" / cache).mkdir(parents=True)
        os.rename(folder, store / "overlay2" / cache / "diff")
    write(store / "image/overlay2/imagedb/content/sha256" / image.id[7:], image.config)
    names.setdefault("case", {})[image.name] = image.id
    return chain


def main():
    program_path, out, first, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    os.umask(0)
    out.mkdir(parents=True, exist_ok=True)
    store, images, expected, names = out / "docker", [], [], {}
    for seed in range(first, first + count):
        folder = out / f"work{seed}"
        image, maker = make_image(seed, folder)
        maker.show()
        try:
            expected.append(truth(maker.mounted, image))
        finally:
            unmount(maker.mounted)
        add_to_store(store, image, maker.folders, names)
        images.append(image)
        shutil.rmtree(folder)
    write(store / "image/overlay2/repositories.json", json.dumps({"Repositories": names}))
    write_layout(str(out / "oci"), images)
    wrong = 0
    for image, right in zip(images, expected):
        for target in (f"oci:{out}/oci:{image.name}", f"docker:[{store}]{image.name}"):
            said = claim(program_path, target)
            for key in ["error"] if "error" in said else [key for key in right if said[key] != right[key]]:
                print(f"{target}: {key}: expected {right.get(key)}, found {said[key]}")
                wrong += 1
            for note in said.get("notes", ()):
                print(f"{target}: a note about nothing: {note}")
                wrong += 1
    print(f"{count} images in two stores: {wrong} wrong" if wrong else f"{count} images in two stores: right")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main())
