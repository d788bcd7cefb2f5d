#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of USER strings (user-resolution.tsv) over real images.

users.py make OUT      OUT/oci: a layout with an image for every USER and pair of account files of the table
users.py check REPORT  the report on it against the table: Docker's rule in full, the outcome of every other rule, the kubelet"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "data/images"), str(HERE.parent / "e2e/lib")]

from image import Image, Layer, write_layout  # noqa: E402
import reports  # noqa: E402

# In the order in which the finding image-user-ambiguous lists them.
RULES = ("docker", "docker-0.4.1", "docker-0.4.0", "podman", "containerd", "containerd-1.7.27", "containerd-1.7.26")


def unescape(text):
    escapes = {b"n": b"\n", b"t": b"\t", b"\\": b"\\"}
    return re.sub(rb"\\(x[0-9a-f]{2}|.)", lambda m: bytes([int(m[1][1:], 16)]) if m[1][:1] == b"x" else escapes[m[1]], text)


class Table:
    def __init__(self):
        self.files, self.cases, self.kubelet = {b"-": None}, {}, {}
        for line in (HERE / "user-resolution.tsv").read_bytes().split(b"\n"):
            if not line or line.startswith(b"#"):
                continue
            kind, *columns = line.split(b"\t")
            if kind == b"file":
                self.files[columns[0]] = unescape(columns[1])
            elif kind == b"kubelet":
                self.kubelet[unescape(columns[0])] = [column.decode() for column in columns[1:]]
            elif kind == b"case":
                rules, user, passwd, group, result, detail = columns + [b""] * (6 - len(columns))
                case = self.cases.setdefault((unescape(user), passwd, group), {})
                for rule in RULES if rules == b"all" else rules.decode().split(","):
                    case[rule] = (result.decode(), unescape(detail))
        # The accounts do not matter to the kubelet.
        for user in self.kubelet:
            self.cases.setdefault((user, b"-", b"-"), {})

    def images(self):
        """A config is JSON text: a USER that is none cannot be asked for."""
        for (user, passwd, group), case in self.cases.items():
            try:
                text = user.decode()
            except UnicodeDecodeError:
                continue
            layer = Layer().dirs("etc", "srv")
            for name, content in (("passwd", self.files[passwd]), ("group", self.files[group])):
                if content is not None:
                    layer.file(f"etc/{name}", 0o644, data=content)
            label = f"{passwd.decode()}/{group.decode()}"
            yield Image("user:1", [layer], text, env=(f"ACCOUNTS={label}",), compression="none"), (text, label), case


def make(out):
    pathlib.Path(out).mkdir(parents=True)
    write_layout(f"{out}/oci", [image for image, _, _ in Table().images()])


def check_docker(wrong, who, expected, user):
    result, detail = expected
    if result == "refused":
        wrong.differ(who, "Docker", reports.escape(detail), user["engine"])
        return
    uid, gid = map(int, result.split(":"))
    groups = {int(gid) for gid in detail.decode().split(",") if gid}
    found = user["uid"] is not None and (user["uid"], user["gid"], set(user["groups"]) | {gid})
    wrong.differ(who, "Docker's uid, gid and groups", (uid, gid, groups | {gid}), found)


def check_rules(wrong, who, case, subject):
    """Beside Docker's, only uid and gid of each rule are in the report."""
    evidence = next(f["evidence"] for f in subject["findings"] if f["check"] == "image-user-ambiguous")
    outcomes = [text.rpartition(": ")[2].removeprefix("root, ") for text in evidence["rules"]]
    for rule, outcome in zip(RULES, outcomes):
        if rule in case:
            expected = case[rule][0]
            wrong.differ(who, rule, "refuses it" if expected == "refused" else expected, outcome)


def check_kubelet(wrong, who, expected, subject):
    verdict, message = expected + [""] * (2 - len(expected))
    found = subject["user"]["kubelet"]
    if verdict == "admitted":
        wrong.differ(who, "kubelet", "ok", found)
    elif not found.startswith(reports.escape(unescape(message.encode()))) or found == "ok":
        wrong.say(who, f"kubelet: expected {message!r}, found {found!r}")


def check(report):
    subjects = {subject["id"]: subject for subject in reports.load(report)["subjects"]}
    table, wrong, n = Table(), reports.Wrong(), 0
    for image, who, case in table.images():
        subject = subjects.get(image.id)
        if not subject:
            wrong.say(who, "is not in the report")
            continue
        n += 1
        if "docker" in case:
            check_docker(wrong, who, case["docker"], subject["user"])
        check_rules(wrong, who, case, subject)
        if who[0].encode() in table.kubelet:
            check_kubelet(wrong, who, table.kubelet[who[0].encode()], subject)
    return wrong.result(f"{n} images of the table of users")


if __name__ == "__main__":
    commands = {"make": make, "check": check}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
