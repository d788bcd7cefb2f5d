#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layer table (layers/README): images of its cases, and whether what was found about them is right.

layers.py make OUT            OUT/oci: a layout with every case; OUT/docker/*.tar: archives for `docker load`
layers.py check REPORT        the report on OUT/oci against the table
layers.py docker SUITE TRUTH  what one dockerd said (engines/docker-truth.sh) against the table"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "data/images"), str(HERE.parent / "e2e/lib")]

from image import Image, Layer, write_docker_archive, write_layout  # noqa: E402
import reports  # noqa: E402

AGREED = "agreed"
KINDS = {"file": b"0", "hard": b"1", "symlink": b"2", "char": b"3", "block": b"4", "dir": b"5", "fifo": b"6"}


def unescape(text):
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())


class Case:
    def __init__(self, name, group):
        self.name, self.group = name, group
        self.about, self.unflagged, self.user = "", "", "1654"
        self.layers = []
        self.setid, self.caps, self.devices = [], {}, []
        self.runs = self.refused = self.ambiguous = self.incomplete = None
        self.docker = {}

    def entry(self, kind, words):
        name = unescape(words[0])
        options = {"kind": KINDS[kind] if kind in KINDS else unescape(kind.removeprefix("type:")), "pax": [], "xattrs": {}}
        if kind == "dir":
            name = name.rstrip(b"/") + b"/"
            options["mode"] = 0o755
        for word in words[1:]:
            key, _, value = word.partition("=")
            if key == "mode":
                options["mode"] = int(value, 8)
            elif key in ("uid", "gid", "size", "checksum"):
                options[key] = int(value)
            elif key == "to":
                options["link"] = unescape(value)
            elif key == "dev":
                options["major"], options["minor"] = map(int, value.split(","))
            elif key == "data":
                options["data"] = unescape(value)
            elif key == "caps":
                options["xattrs"]["security.capability"] = reports.capability(value.replace("+", " "))
            elif key == "gnu":
                options["gnu_name"] = True
            elif key.startswith("xattr."):
                options["xattrs"][key.removeprefix("xattr.")] = bytes.fromhex(value)
            elif key.startswith("pax."):
                options["pax"].append((key.removeprefix("pax."), value))
            else:
                raise ValueError(f"{self.name}: {word}")
        self.layers[-1].entry(name, **options)

    def line(self, text):
        word, _, rest = text.partition(" ")
        if word == "layer":
            self.layers.append(CaseLayer())
        elif word in KINDS or word.startswith("type:"):
            self.entry(word, rest.split())
        elif word == "raw":
            self.layers[-1].raw(bytes(int(rest[6:])) if rest.startswith("zeros:") else bytes.fromhex(rest))
        elif word == "end":
            self.layers[-1].end = {"none": 0, "one": 512}[rest]
        elif word == "setid":
            mode, owner, path = rest.split(" ", 2)
            self.setid.append(f"{mode} {owner} {reports.escape(unescape(path))}")
        elif word == "caps":
            path, what = rest.split(" ", 1)
            self.caps[path] = what
        elif word == "device":
            self.devices.append(rest)
        elif word == "docker":
            who, *what = rest.split(" ", 1)
            self.docker["all" if who == "refuses" else who] = "refuses" if who == "refuses" else what[0].split()[0]
        elif word in ("about", "unflagged", "user", "runs", "refused", "ambiguous", "incomplete"):
            setattr(self, word, rest)
        else:
            raise ValueError(f"{self.name}: {text}")

    def docker_does(self, suite):
        return self.docker.get(suite, self.docker.get("all", "agrees"))

    def image(self):
        base = Layer().dirs("etc", "usr", "usr/bin", "lib").text("etc/passwd", "root:x:0:0:root:/root:/bin/sh")
        return Image(f"layers/{self.name}:1", [base, *self.layers], self.user)


class CaseLayer(Layer):
    end = 1024

    def tar(self):
        return b"".join(self.parts) + bytes(self.end)


def table():
    cases = []
    for path in sorted(HERE.glob("layers/*.layers")):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            line = line.rstrip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("case "):
                cases.append(Case(line[5:], path.stem))
                continue
            try:
                cases[-1].line(line)
            except (ValueError, IndexError, KeyError) as error:
                sys.exit(f"{path}:{number}: {line}: {error}")
    return cases


def make(out):
    out = pathlib.Path(out)
    (out / "docker").mkdir(parents=True)
    images, agreed = [], []
    for i, case in enumerate(table()):
        image = case.image()
        image.compression = ("none", "gzip", "zstd")[i % 3]
        images.append(image)
        if case.docker:
            write_docker_archive(out / f"docker/{case.name}.tar", [image])
        else:
            agreed.append(image)
    write_layout(str(out / "oci"), images)
    # One bad layer stops a whole `docker load`; the good ones go together.
    write_docker_archive(out / f"docker/{AGREED}.tar", agreed)


def sentence(subject, check):
    """What a check that did not pass says, evidence included."""
    for finding in subject["findings"]:
        if finding["check"] == check and finding["status"] in ("fail", "unknown"):
            return finding["message"] + " " + json.dumps(finding["evidence"], ensure_ascii=False)
    return None


def check(report):
    subjects = {subject["id"]: subject for subject in reports.load(report)["subjects"]}
    wrong = reports.Wrong()
    for case in table():
        subject = subjects.get(case.image().id)
        if not subject:
            wrong.say(case.name, "is not in the report")
            continue
        wrong.differ(case.name, "set-id files", sorted(case.setid), reports.setid_of(subject))
        wrong.differ(case.name, "capabilities", reports.caps_of_text(case.caps), reports.caps_of(subject))
        devices = next((f["evidence"].get("files", []) for f in subject["findings"] if f["check"] == "image-device-nodes"), [])
        wrong.differ(case.name, "devices", case.devices, [text.split(" ")[0] for text in devices])
        user = subject["user"]
        if case.runs:
            wrong.differ(case.name, "user", case.runs, f"{user['uid']}:{user['gid']}")
        if case.refused:
            wrong.differ(case.name, "refusal", case.refused, user["engine"])
        for check_id, expected in (("image-layer-ambiguous", case.ambiguous), ("image-incomplete", case.incomplete)):
            said = sentence(subject, check_id)
            if case.incomplete and check_id == "image-layer-ambiguous" and expected is None:
                continue
            if (expected is None) != (said is None) or (expected and expected not in said):
                wrong.say(case.name, f"{check_id}: expected {expected!r}, found {said!r}")
    return wrong.result(f"{len(table())} layer cases")


def docker(suite, truth):
    """TRUTH/loads is what engines/docker-loads.sh printed; TRUTH/ID.setid and ID.caps are what lies in the engine's own overlay."""
    loads = dict(line.split(" ", 1) for line in pathlib.Path(truth, "loads").read_text().splitlines())
    wrong = reports.Wrong()
    for case in table():
        does, loaded = case.docker_does(suite), loads.get(case.name if case.docker else AGREED, "not asked")
        if does == "refuses" or loaded != "ok":
            wrong.differ(case.name, "docker load", "refused" if does == "refuses" else "ok", loaded.split(" ")[0])
            continue
        if does == "differs":
            continue
        identity = case.image().id
        wrong.differ(case.name, f"set-id files in {suite}'s overlay", sorted(case.setid), reports.setid_of_find(truth, identity))
        wrong.differ(case.name, f"capabilities in {suite}'s overlay", reports.caps_of_text(case.caps),
                     reports.caps_of_getcap(truth, identity))
    return wrong.result(f"{len(table())} layer cases with {suite}'s dockerd")


if __name__ == "__main__":
    commands = {"make": make, "check": check, "docker": docker}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
