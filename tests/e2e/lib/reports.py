#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports, and what other programs say about the same images, made comparable.

reports.py validate SCHEMA REPORT...     every report against the schema
reports.py scenarios EXPECTED REPORT     the verdicts of tests/data/images/scenarios.py
reports.py engine TRUTH EXPECTED REPORT  what dockerd itself said and mounted (engines/docker-truth.sh) against the report
reports.py same REPORT REPORT...         the same bytes, but for device and time
reports.py verdicts REPORT               "ID VERDICT" of every subject
reports.py damaged CASES FOLDER          FOLDER/bad-CASE.json for each line of tests/data/images/bad.py's table
reports.py tree FOLDER REPORT            every image holds what find and getcap see in FOLDER, as far as its format can
reports.py alike REPORT REPORT           images that are in both: the same user, files, verdict
reports.py spoiled QUIET REPORT TABLE    after lib/spoil_docker.py, whose output is TABLE
reports.py churn QUIET REPORT...         what was read of a changing store: each subject as in QUIET, or unknown"""

import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "data/images"))

from image import capability  # noqa: E402, F401 (for layers.py)


def load(path):
    return json.loads(pathlib.Path(path).read_text())


class Wrong:
    """Collects what differs, so that one run shows all of it."""

    def __init__(self):
        self.lines = []

    def say(self, who, text):
        self.lines.append(f"{who}: {text}")

    def differ(self, who, what, expected, found):
        if expected == found:
            return
        if isinstance(expected, list) and isinstance(found, list) and len(expected) > 5:
            missing, extra = [x for x in expected if x not in found], [x for x in found if x not in expected]
            self.say(who, f"{what}: missing {missing}, not expected {extra}")
        else:
            self.say(who, f"{what}: expected {expected}, found {found}")

    def result(self, what):
        for line in self.lines:
            print(line)
        print(f"{what}: {len(self.lines)} wrong" if self.lines else f"{what}: right")
        return 1 if self.lines else 0


def escape(name):
    """As plimsoll shows a name: printable UTF-8, other bytes as \\xNN, a backslash doubled."""
    out, at = "", 0
    while at < len(name):
        for width in (1, 2, 3, 4):
            try:
                char = name[at:at + width].decode()
                break
            except UnicodeDecodeError:
                char = ""
        if not char:
            out, at = out + f"\\x{name[at]:02x}", at + 1
            continue
        if char == "\\":
            out += "\\\\"
        elif char.isprintable():
            out += char
        else:
            out += "".join(f"\\x{byte:02x}" for byte in name[at:at + width])
        at += width
    return out


def setid_of(subject):
    privileges = subject["privileges"] or {}
    return sorted(f"{file['mode']} {file['uid']}:{file['gid']} {file['path']}" for file in privileges.get("setid", []))


def caps_of(subject):
    privileges = subject["privileges"] or {}
    return {file["path"]: (sorted(file["permitted"]), sorted(file["inheritable"]), file["effective"], file.get("root_uid"))
            for file in privileges.get("file_capabilities", [])}


def caps_of_text(texts):
    """getcap's notation: "cap_a,cap_b=ep [rootid=N]", "cap_a=eip cap_b+i"."""
    found = {}
    for path, text in texts.items():
        rootid = re.search(r"\[rootid=(\d+)\]", text)
        permitted, inheritable, effective = set(), set(), False
        for names, sign, flags in re.findall(r"([a-z0-9_,]*)([=+])([eip]+)", text):
            caps = {name.upper() for name in names.split(",") if name}
            permitted |= caps if "p" in flags else set()
            inheritable |= caps if "i" in flags else set()
            effective |= "e" in flags
        found[path] = (sorted(permitted), sorted(inheritable), effective, int(rootid[1]) if rootid else None)
    return found


def setid_of_find(truth, identity):
    """Records of find -printf '%m %U:%G /%P\\0'."""
    lines = pathlib.Path(truth, identity[7:] + ".setid").read_bytes().split(b"\0")
    return sorted(f"{int(line.split(b' ')[0], 8):04o} {escape(line.split(b' ', 1)[1])}" for line in lines if line)


def caps_of_getcap(truth, identity):
    texts = {}
    for line in pathlib.Path(truth, identity[7:] + ".caps").read_text().splitlines():
        path, _, text = line.partition(" ")
        texts[path] = text
    return caps_of_text(texts)


def validate(schema, *paths):
    import jsonschema
    document = load(schema)
    validator = jsonschema.validators.validator_for(document)(document)
    wrong, seen = Wrong(), set()
    for path in paths:
        try:
            report = load(path)
        except ValueError as error:
            wrong.say(path, f"no JSON: {error}")
            continue
        # Most reports of a test are of the same images: what was right once need not be looked at again.
        texts = [json.dumps(subject, sort_keys=True) for subject in report["subjects"]]
        report["subjects"] = [subject for subject, text in zip(report["subjects"], texts) if text not in seen]
        seen.update(texts)
        for error in list(validator.iter_errors(report))[:3]:
            wrong.say(path, f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    return wrong.result(f"{len(paths)} reports against the schema")


def compare_user(wrong, name, expected, user):
    if isinstance(expected, str):
        wrong.differ(name, "the engine", expected, user["engine"])
        wrong.differ(name, "uid", None, user["uid"])
        return
    found = {key: user[key] for key in ("uid", "gid", "how")}
    wrong.differ(name, "user", {key: expected[key] for key in found}, found)
    wrong.differ(name, "engine", "ok", user["engine"])
    # The primary group may stand among the others, as it does in the kernel.
    wrong.differ(name, "groups", set(expected["groups"]) | {expected["gid"]}, set(user["groups"] or ()) | {user["gid"]})


def compare_scenario(wrong, expected, subject):
    name, user = expected["name"], subject["user"]
    wrong.differ(name, "declared", expected["declared"], user["declared"])
    compare_user(wrong, name, expected["user"], user)
    if not user["kubelet"].startswith(expected["kubelet"]):
        wrong.differ(name, "kubelet", expected["kubelet"], user["kubelet"])
    wrong.differ(name, "verdict", expected["verdict"], subject["verdict"])
    failed = {f["check"]: f["severity"] for f in subject["findings"] if f["status"] == "fail"}
    wrong.differ(name, "failed checks", dict(sorted(expected["fails"].items())), dict(sorted(failed.items())))
    unknown = [f["check"] for f in subject["findings"] if f["status"] == "unknown"]
    wrong.differ(name, "unknown", [], unknown)
    for check, words in expected["says"].items():
        said = " ".join(json.dumps(f, ensure_ascii=False) for f in subject["findings"] if f["check"] == check)
        for word in words:
            if word not in said:
                wrong.say(name, f"{check} does not say {word!r}: {said[:400]}")
    wrong.differ(name, "set-id files", expected["setid"], setid_of(subject))
    wrong.differ(name, "capabilities", caps_of_text(expected["caps"]), caps_of(subject))
    drops = (user["drops"] or {}).get("user")
    wrong.differ(name, "drops", expected["drops"], drops)


def scenarios(expected, report):
    subjects = {subject["id"]: subject for subject in load(report)["subjects"]}
    wrong = Wrong()
    for identity, expectation in load(expected).items():
        if identity not in subjects:
            wrong.say(expectation["name"], "is not in the report")
        else:
            compare_scenario(wrong, expectation, subjects[identity])
    return wrong.result(f"{len(load(expected))} scenarios")


def ran_as(text):
    """Uid, Gid and Groups lines of /proc/self/status as one container printed them, or None."""
    lines = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    if not {"Uid", "Gid", "Groups"} <= lines.keys():
        return None
    uid, gid = int(lines["Uid"].split()[0]), int(lines["Gid"].split()[0])
    return uid, gid, set(map(int, lines["Groups"].split())) | {gid}


def compare_run(wrong, name, text, subject, older):
    """A container's own ids, or the words of the refusal. Docker of an older release may do as `older` says, but only if the
    report warns that engines disagree."""
    user, actual = subject["user"], ran_as(text)
    if older and actual == (older["uid"], older["gid"], set(older["groups"]) | {older["gid"]}):
        if not any(f["check"] == "image-user-ambiguous" and f["status"] == "fail" for f in subject["findings"]):
            wrong.say(name, "this engine runs it otherwise, and the report does not warn of it")
        return
    if actual:
        found = user["uid"] is not None and (user["uid"], user["gid"], set(user["groups"]) | {user["gid"]})
        wrong.differ(name, "uid, gid and groups in the container", actual, found)
    elif not user["engine"] or user["engine"] == "ok" or user["engine"] not in text:
        wrong.say(name, f"docker refuses with {text.strip()!r}, the report has {user['engine']!r}")


def engine(truth, expected, report):
    """TRUTH/images.json is `docker image inspect` of all; names "ID NAME..." per line; ID.run, ID.setid, ID.caps as found."""
    subjects = {subject["id"]: subject for subject in load(report)["subjects"]}
    expectations = load(expected)
    wrong, runs, files = Wrong(), 0, 0
    inspected = {image["Id"]: image for image in load(pathlib.Path(truth, "images.json"))}
    wrong.differ("store", "image ids", sorted(inspected), sorted(subjects))
    for identity, image in inspected.items():
        subject = subjects.get(identity)
        if not subject:
            continue
        name = (image["RepoTags"] or [identity[:19]])[0]
        wrong.differ(name, "names", sorted(image["RepoTags"] or []), sorted(map(familiar, subject["names"])))
        wrong.differ(name, "declared user", image["Config"]["User"], (subject["user"] or {}).get("declared"))
        run = pathlib.Path(truth, identity[7:] + ".run")
        if run.exists():
            runs += 1
            compare_run(wrong, name, run.read_text(), subject, expectations.get(identity, {}).get("older"))
        if pathlib.Path(truth, identity[7:] + ".setid").exists():
            files += 1
            wrong.differ(name, "set-id files in the engine's rootfs", setid_of_find(truth, identity), setid_of(subject))
            wrong.differ(name, "capabilities in the engine's rootfs", caps_of_getcap(truth, identity), caps_of(subject))
    if not runs or not files:
        wrong.say("truth", f"{runs} containers and {files} root file systems are too few")
    return wrong.result(f"{len(inspected)} images, {runs} containers, {files} root file systems")


def familiar(name):
    """A full reference as docker shows it."""
    return re.sub(r"^docker\.io/(library/)?", "", name)


def normal(path):
    """A report's bytes without device and time."""
    return re.sub(rb'"(device|time)": ?\{[^{}]*\},?\s*', b"", pathlib.Path(path).read_bytes())


def same(first, *others):
    wrong = Wrong()
    for other in others:
        if normal(first) != normal(other):
            wrong.say(other, f"differs from {first}")
    if len(normal(first)) < 200:
        wrong.say(first, "is empty")
    return wrong.result(f"{1 + len(others)} reports")


def verdicts(report):
    for subject in load(report)["subjects"]:
        print(subject["id"], subject["verdict"])
    return 0


def damaged(cases, folder):
    wrong = Wrong()
    lines = pathlib.Path(cases).read_text().splitlines()
    for line in lines:
        name, check, *words = line.split("\t")
        path = pathlib.Path(folder, f"bad-{name}.json")
        if not path.exists():
            wrong.say(name, "no report")
            continue
        subjects = load(path)["subjects"]
        wrong.differ(name, "verdicts", ["pass", "unknown"], sorted(subject["verdict"] for subject in subjects))
        for subject in subjects:
            if subject["verdict"] == "pass":
                wrong.differ(name, "the good one", ["good:1"], subject["names"])
                continue
            wrong.differ(name, "the bad one", ["bad:1"], subject["names"])
            said = [f["message"] for f in subject["findings"] if f["check"] == check and f["status"] == "unknown"]
            if not said:
                wrong.say(name, f"{check} is not unknown: {[(f['check'], f['message']) for f in subject['findings']]}")
            for word in words:
                if said and word not in said[0]:
                    wrong.say(name, f"{check} does not say {word!r}: {said[0]}")
    return wrong.result(f"{len(lines)} damaged images")


def tree(folder, report):
    """Formats without extended attributes hold no capabilities, and some no long names or large ids."""
    found = subprocess.run(["find", ".", "-type", "f", "-perm", "/6000", "-printf", "%m %U:%G /%P\\0"], cwd=folder, check=True,
                           stdout=subprocess.PIPE).stdout.split(b"\0")
    files = sorted(f"{int(line.split(b' ')[0], 8):04o} {escape(line.split(b' ', 1)[1])}" for line in found if line)
    capable = subprocess.run(["getcap", "-n", "-r", "."], cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    caps = caps_of_text({line.split(" ")[0].lstrip("."): line.partition(" ")[2] for line in capable.splitlines()})
    wrong, subjects = Wrong(), load(report)["subjects"]
    for subject in subjects:
        name = subject["names"][0]
        short = [file for file in files if "/usr/share/" not in file and "large-ids" not in file]
        expected = short if name.startswith(("v7:", "ustar:")) else files
        wrong.differ(name, "set-id files", expected, setid_of(subject))
        wrong.differ(name, "capabilities", caps if name.startswith("pax") else {}, caps_of(subject))
    if len(files) < 8 or len(caps) != 2:
        wrong.say(folder, "the tree does not hold what it should")
    return wrong.result(f"{len(subjects)} tars")


def alike(first, second):
    one, other = ({subject["id"]: subject for subject in load(path)["subjects"]} for path in (first, second))
    wrong, both = Wrong(), sorted(one.keys() & other.keys())
    for identity in both:
        for key in ("verdict", "platform", "user", "privileges"):
            wrong.differ(one[identity]["names"], key, one[identity][key], other[identity][key])
    if len(both) < 3:
        wrong.say(first, f"only {len(both)} images are in both")
    return wrong.result(f"{len(both)} images")


def spoiled(quiet, report, table):
    """TABLE has lines "NAME CHECK WORD" with tabs: those are unknown and say so; all other subjects are as before."""
    rows = [line.split("\t") for line in pathlib.Path(table).read_text().splitlines()]
    now = {(subject["names"] or [subject["id"]])[0]: subject for subject in load(report)["subjects"]}
    wrong = Wrong()
    for name, check, word in rows:
        subject = now.pop(name, None)
        if not subject:
            wrong.say(name, "is not in the report")
            continue
        said = [f["message"] for f in subject["findings"] if f["check"] == check and f["status"] == "unknown"]
        if subject["verdict"] == "pass" or not said or word not in said[0]:
            wrong.say(name, f"{subject['verdict']}, {check}: {said}")
    for subject in load(quiet)["subjects"]:
        name = (subject["names"] or [subject["id"]])[0]
        if name not in [row[0] for row in rows]:
            wrong.differ(name, "subject", subject, now.pop(name, None))
    wrong.differ("report", "other subjects", [], list(now))
    return wrong.result(f"{len(rows)} spoiled images")


def churn(quiet, *paths):
    """A subject of a changing store is the quiet store's, or is unknown and says why. Findings that failed must be true ones."""
    right = {subject["id"]: subject for subject in load(quiet)["subjects"]}
    wrong, unknown, total = Wrong(), 0, 0
    for path in paths:
        for subject in load(path)["subjects"]:
            total += 1
            known = right.get(subject["id"])
            if subject["verdict"] == "unknown":
                unknown += 1
                if not any(f["status"] == "unknown" and f["message"] for f in subject["findings"]):
                    wrong.say(path, f"{subject['names']} is unknown and does not say why")
            elif not known:
                wrong.say(path, f"{subject['id']} {subject['names']} is {subject['verdict']}, and was never in the store")
            else:
                wrong.differ(path, f"verdict of {subject['names'] or known['names']}", known["verdict"], subject["verdict"])
                for finding in subject["findings"]:
                    if finding["status"] in ("pass", "fail") and finding not in known["findings"]:
                        wrong.say(path, f"{known['names']}: {finding['check']} {finding['status']}: {finding['message']}")
    return wrong.result(f"{total} subjects of {len(paths)} reports, {unknown} unknown")


if __name__ == "__main__":
    commands = {"validate": validate, "scenarios": scenarios, "engine": engine, "same": same, "verdicts": verdicts, "damaged": damaged,
                "tree": tree, "alike": alike, "spoiled": spoiled, "churn": churn}
    if len(sys.argv) < 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
