#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The images that must come out right, and what is right about each.

scenarios.py OUT [NAME...] writes, of all images or of those named,
  OUT/oci            an OCI layout with all of them, layers plain, gzip and zstd in turn
  OUT/docker.tar     the same for `docker load`
  OUT/expected.json  by image id: what the report must say

An expectation holds: the user that Docker of today starts ("uid", "gid", "groups" beside the primary one, "how") or its
refusal; "older", what engines of the releases that we run make of it where that differs; the kubelet's answer; every check that
must fail with its severity (all others must not); words that a finding must contain; files that must be kept."""

import json
import os
import sys

from image import Image, Layer, write_docker_archive, write_layout

ROOT = "root:x:0:0:root:/root:/bin/sh"
APP = "app:x:1654:1654::/home/app:/bin/false"
NOBODY = "nobody:x:65534:65534:nobody:/:/sbin/nologin"

IS_ROOT = "container has runAsNonRoot and image will run as root"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ON_DOTNET = (PATH, "APP_UID=1654", "ASPNETCORE_HTTP_PORTS=8080", "DOTNET_RUNNING_IN_CONTAINER=true")

NO_ENTRY = "unable to find user {}: no matching entries in passwd file"
OUT_OF_RANGE = "uids and gids must be in range 0-2147483647"


def not_numeric(user):
    return f"container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root"


def invalid_uid(uid):
    return f"container has runAsNonRoot and image has an invalid user id ({uid})."


def user(uid, gid, groups=(), how="number"):
    return {"uid": uid, "gid": gid, "groups": sorted(groups), "how": how}


AS_ROOT = user(0, 0, how="default")


class Scenario:
    def __init__(self, image, runs, kubelet="ok", fails=None, older=None, says=None, setid=(), caps=None, drops=None, declared=None):
        self.image = image
        fails = fails or {}
        grave = any(severity in ("medium", "high", "critical") for severity in fails.values())
        if declared is None:
            declared = json.loads(image.config)["config"].get("User", "")
        self.expect = {"name": image.name, "declared": declared, "user": runs,
                       "older": older, "kubelet": kubelet, "verdict": "fail" if grave else "pass", "fails": fails,
                       "says": says or {}, "setid": sorted(setid), "caps": caps or {}, "drops": drops}


def accounts(*passwd, group=("root:x:0:", "app:x:1654:")):
    return Layer().accounts((ROOT,) + passwd, group)


# Bases, each one layer or two.

def alpine():
    return Layer().accounts((ROOT, "bin:x:1:1:bin:/bin:/sbin/nologin", NOBODY), ("root:x:0:root", "bin:x:1:root,bin,daemon")) \
        .dirs("bin", "sbin", "usr", "usr/bin").file("bin/busybox").link("bin/sh", "/bin/busybox") \
        .link("bin/su", "/bin/busybox").dir("tmp", 0o1777).text("etc/os-release", "ID=alpine", "VERSION_ID=3.22.1")


def debian():
    layer = Layer().accounts((ROOT, "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin", NOBODY),
                             ("root:x:0:", "shadow:x:42:", "www-data:x:33:", "nogroup:x:65534:"))
    layer.dirs("usr", "usr/bin", "usr/sbin", "usr/lib").link("bin", "usr/bin").link("sbin", "usr/sbin").dir("tmp", 0o1777)
    for name in ("su", "mount", "umount", "passwd", "chsh"):
        layer.file(f"usr/bin/{name}", 0o4755)
    layer.file("usr/bin/chage", 0o2755, gid=42).file("usr/bin/bash").link("usr/bin/sh", "bash")
    return layer.text("etc/os-release", "ID=debian", "VERSION_ID=13")


DEBIAN_SETID = ["2755 0:42 /usr/bin/chage"] + [f"4755 0:0 /usr/bin/{name}" for name in ("chsh", "mount", "passwd", "su", "umount")]


def ubuntu():
    return Layer().accounts((ROOT, "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash", NOBODY), ("root:x:0:", "ubuntu:x:1000:")) \
        .dirs("usr", "usr/bin").link("bin", "usr/bin").file("usr/bin/bash").file("usr/bin/su", 0o4755).file("usr/bin/newgrp", 0o4755) \
        .dir("home/ubuntu", 0o750, 1000, 1000).text("etc/os-release", "ID=ubuntu", 'VERSION_ID="24.04"')


def dotnet():
    """What runtime-deps brings: the account and its home, and not a shell."""
    return Layer().accounts((ROOT, APP), ("root:x:0:", "app:x:1654:")).dirs("home", "usr", "usr/bin", "usr/share", "usr/share/dotnet") \
        .dir("home/app", 0o700, 1654, 1654).file("usr/share/dotnet/dotnet").link("usr/bin/dotnet", "/usr/share/dotnet/dotnet") \
        .dir("tmp", 0o1777)


def shop():
    return Layer().dir("app").file("app/shop.dll", 0o644, data="MZ").text("app/shop.runtimeconfig.json", "{}")


def service(mode=0o755, uid=0, folder_uid=0):
    """An application of one program."""
    return Layer().dirs("srv").dir("srv/app", uid=folder_uid, gid=folder_uid).file("srv/app/run", mode, uid, uid)


RUN = {"entrypoint": ["/srv/app/run"]}
DOTNET = {"env": ON_DOTNET, "entrypoint": ["dotnet", "/app/shop.dll"], "workdir": "/app", "ports": ("8080/tcp",)}


def bases():
    yield Scenario(Image("alpine-like:3", [alpine()], cmd=["/bin/sh"]), user(0, 0, [1], "default"), IS_ROOT, {"image-user-root": "high"},
                   says={"image-user-root": ["runs as root", "no USER"]})
    yield Scenario(Image("debian-like:13", [debian()], cmd=["bash"]), AS_ROOT, IS_ROOT,
                   {"image-user-root": "high", "image-setid-files": "medium"}, says={"image-user-root": ["runs as root"]},
                   setid=DEBIAN_SETID)
    yield Scenario(Image("ubuntu-like:24.04", [ubuntu()], cmd=["/bin/bash"]), AS_ROOT, IS_ROOT,
                   {"image-user-root": "high", "image-setid-files": "medium"}, says={"image-user-root": ["runs as root"]},
                   setid=["4755 0:0 /usr/bin/newgrp", "4755 0:0 /usr/bin/su"])


def dotnets():
    yield Scenario(Image("shop:sdk", [dotnet(), shop()], "1654", **DOTNET), user(1654, 1654))
    yield Scenario(Image("shop:name", [dotnet(), shop()], "app", **DOTNET), user(1654, 1654, how="name"), not_numeric("app"),
                   {"image-user-not-numeric": "medium"}, says={"image-user-not-numeric": [not_numeric("app"), "USER 1654"]})
    yield Scenario(Image("shop:forgotten", [dotnet(), shop()], None, **DOTNET), AS_ROOT, IS_ROOT,
                   {"image-user-root": "high", "image-app-user-unused": "medium"},
                   says={"image-app-user-unused": ["app", "1654", "USER $APP_UID"], "image-user-root": ["runs as root"]})
    yield Scenario(Image("chiseled-base:10", [dotnet()], "1654", env=ON_DOTNET), user(1654, 1654))
    yield Scenario(Image("chiseled-app:1", [dotnet(), shop(), Layer().text("app/appsettings.json", "{}")], "1654", **DOTNET),
                   user(1654, 1654))
    distroless = Layer().accounts((ROOT, "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin",
                                   "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin"),
                                  ("root:x:0:", "nobody:x:65534:", "nonroot:x:65532:")).dirs("home").dir("home/nonroot", 0o700, 65532, 65532)
    yield Scenario(Image("distroless-app:nonroot", [distroless, service()], "65532", **RUN), user(65532, 65532))


def users():
    """USER strings. The account file is that of an ordinary application unless the row says otherwise."""
    base = accounts(APP)
    toor = accounts("toor:x:0:0::/root:/bin/sh", APP)
    yield Scenario(Image("user-absent:1", [base, service()], "rich", **RUN), NO_ENTRY.format("rich"), not_numeric("rich"),
                   {"image-user-unresolvable": "medium"}, says={"image-user-unresolvable": [NO_ENTRY.format("rich")]})
    yield Scenario(Image("user-number:1", [base, service()], "4242:4242", **RUN), user(4242, 4242))
    yield Scenario(Image("user-number:group0", [base, service()], "4242", **RUN), user(4242, 0), fails={"image-user-group-root": "low"})
    yield Scenario(Image("user-number:scratch", [service()], "4242:4242", **RUN), user(4242, 4242))
    yield Scenario(Image("user-number:gid0", [base, service()], "1654:0", **RUN), user(1654, 0), fails={"image-user-group-root": "low"})
    yield Scenario(Image("user-number:low", [base, service()], "33:33", **RUN), user(33, 33), fails={"image-user-reserved-uid": "low"})
    root = Image("root-on-purpose:1", [base, service()], "0", **RUN)
    yield Scenario(root, user(0, 0), IS_ROOT, {"image-user-root": "high"},
                   says={"image-user-root": ["on purpose", f"waive image-user-root for {root.id}"]})
    yield Scenario(Image("root-by-name:1", [base, service()], "root", **RUN), user(0, 0, how="name"), not_numeric("root"),
                   {"image-user-root": "high"})
    yield Scenario(Image("root-by-zeros:1", [base, service()], "00", **RUN), user(0, 0), IS_ROOT, {"image-user-root": "high"})
    yield Scenario(Image("root-by-alias:1", [toor, service()], "toor", **RUN), user(0, 0, how="name"), not_numeric("toor"),
                   {"image-user-root": "high", "image-user-alias": "high", "image-uid0-accounts": "medium"},
                   says={"image-user-alias": ["toor"]})
    yield Scenario(Image("alias-unused:1", [toor, service()], "1654", **RUN), user(1654, 1654), fails={"image-uid0-accounts": "medium"},
                   says={"image-uid0-accounts": ["toor"]})
    yield Scenario(Image("uid-not-a-number:1", [accounts("app:x:abc:1654::/home/app:/bin/false"), service()], "app", **RUN),
                   user(0, 1654, how="name"), not_numeric("app"),
                   {"image-user-root": "high", "image-user-alias": "high", "image-uid0-accounts": "medium"},
                   says={"image-user-alias": ["app:x:abc:1654"]})
    yield Scenario(Image("uid-too-wide:1", [accounts("app:x:4294967296:1654::/:/bin/false"), service()], "app", **RUN),
                   user(0, 1654, how="name"), not_numeric("app"),
                   {"image-user-root": "high", "image-user-alias": "high", "image-uid0-accounts": "medium"},
                   says={"image-user-alias": ["4294967296"]})
    yield Scenario(Image("user-too-wide:1", [base, service()], "4294967296", **RUN), OUT_OF_RANGE, invalid_uid(4294967296),
                   {"image-user-unresolvable": "medium", "image-user-ambiguous": "high"},
                   says={"image-user-ambiguous": ["containerd", "root"]})
    digits = "99999999999999999999"
    yield Scenario(Image("user-of-digits:1", [accounts(f"{digits}:x:0:0::/:/bin/false"), service()], digits, **RUN), OUT_OF_RANGE,
                   not_numeric(digits), {"image-user-unresolvable": "medium", "image-user-ambiguous": "high",
                                         "image-uid0-accounts": "medium"}, older=user(0, 0, how="name"),
                   says={"image-user-ambiguous": ["root"]})
    yield Scenario(Image("user-of-three:1", [base, service()], "1654:1654:1", **RUN),
                   "unable to find group 1654:1: no matching entries in group file", "ok",
                   {"image-user-unresolvable": "medium", "image-user-ambiguous": "info"}, older=user(1654, 1654))
    yield Scenario(Image("user-and-colon:1", [base, service()], "1654:", **RUN), user(1654, 1654), fails={"image-user-ambiguous": "info"})
    twice = {"entrypoint": ["/srv/app/run"]}
    yield Scenario(Image("config-twice:root", [base, service()], "1654", **twice,
                         rewrite=lambda config: config.replace(b'"User":"1654"', b'"User":"1654","user":"0"')),
                   user(0, 0), IS_ROOT, {"image-user-root": "high", "image-user-ambiguous": "low"}, declared="0")
    yield Scenario(Image("config-twice:app", [base, service()], "1654", **twice,
                         rewrite=lambda config: config.replace(b'"User":"1654"', b'"uSER":"0","User":"1654"')),
                   user(1654, 1654), fails={"image-user-ambiguous": "low"})
    grouped = accounts(APP, group=("root:x:0:", "docker:x:990:app", "video:x:44:root,app", "app:x:1654:", "users:x:100:apple"))
    yield Scenario(Image("groups:name", [grouped, service()], "app", **RUN), user(1654, 1654, [44, 990], "name"), not_numeric("app"),
                   {"image-user-not-numeric": "medium", "image-user-group-root": "medium"},
                   says={"image-user-group-root": ["docker"]})
    yield Scenario(Image("groups:number", [grouped, service()], "1654", **RUN), user(1654, 1654, [44, 990]),
                   fails={"image-user-group-root": "medium"})
    yield Scenario(Image("groups:said", [grouped, service()], "1654:video", **RUN), user(1654, 44))
    yield Scenario(Image("accounts:link", [Layer().dirs("etc", "usr", "usr/share").link("etc/passwd", "../usr/share/passwd")
                                           .text("usr/share/passwd", ROOT, APP), service()], "app", **RUN),
                   user(1654, 1654, how="name"), not_numeric("app"), {"image-user-not-numeric": "medium"})
    yield Scenario(Image("accounts:absolute-link", [Layer().dirs("usr", "usr/conf").link("etc", "/usr/conf")
                                                    .text("usr/conf/passwd", ROOT, APP), service()], "app", **RUN),
                   NO_ENTRY.format("app"), not_numeric("app"),
                   {"image-user-unresolvable": "medium", "image-user-ambiguous": "info"})
    yield Scenario(Image("accounts:replaced", [accounts("app:x:0:0::/:/bin/sh"), accounts("app:x:2000:2000::/:/bin/sh"), service()],
                         "app", **RUN),
                   user(2000, 2000, how="name"), not_numeric("app"), {"image-user-not-numeric": "medium"})
    yield Scenario(Image("accounts:removed", [base, Layer().whiteout("etc/passwd"), service()], "app", **RUN), NO_ENTRY.format("app"),
                   not_numeric("app"), {"image-user-unresolvable": "medium"})


def privileges():
    """What a user who is not root could regain."""
    base = accounts(APP)
    tools = Layer().dirs("usr", "usr/bin", "opt", "opt/tools")
    yield Scenario(Image("setid:root", [base, tools, Layer().file("usr/bin/su", 0o4755).file("usr/bin/write", 0o2755, gid=5)], "1654"),
                   user(1654, 1654), fails={"image-setid-files": "medium"}, setid=["2755 0:5 /usr/bin/write", "4755 0:0 /usr/bin/su"])
    yield Scenario(Image("setid:other", [base, tools, Layer().file("usr/bin/games", 0o2755, gid=60)], "1654"), user(1654, 1654),
                   fails={"image-setid-files": "low"}, setid=["2755 0:60 /usr/bin/games"])
    yield Scenario(Image("setid:hard-links", [base, tools, Layer().file("usr/bin/sudo", 0o4755).hard("usr/bin/sudoedit", "usr/bin/sudo")
                                              .hard("opt/tools/s", "/usr/bin/sudo")], "1654"),
                   user(1654, 1654), fails={"image-setid-files": "medium"},
                   setid=["4755 0:0 /opt/tools/s", "4755 0:0 /usr/bin/sudo", "4755 0:0 /usr/bin/sudoedit"])
    many = Layer().dirs("usr", "usr/bin", "usr/lib", "usr/lib/old").file("usr/bin/kept", 0o4755).file("usr/bin/removed", 0o4755) \
        .file("usr/bin/tamed", 0o4755).file("usr/lib/old/hidden", 0o4755).file("usr/bin/replaced", 0o4755, caps="net_raw") \
        .file("usr/bin/lost", caps="net_admin")
    change = Layer().whiteout("usr/bin/removed").file("usr/bin/tamed", 0o755).dir("usr/lib/old").opaque("usr/lib/old") \
        .file("usr/lib/old/new", 0o2755).file("usr/bin/replaced", 0o755).file("usr/bin/lost")
    yield Scenario(Image("setid:changed-above", [base, many, change], "1654"), user(1654, 1654), fails={"image-setid-files": "medium"},
                   setid=["2755 0:0 /usr/lib/old/new", "4755 0:0 /usr/bin/kept"])
    yield Scenario(Image("setid:all-gone", [base, many, change, Layer().whiteout("usr")], "1654"), user(1654, 1654))
    yield Scenario(Image("capable:net", [base, tools, Layer().file("usr/bin/ping", caps="net_raw")], "1654"), user(1654, 1654),
                   fails={"image-file-capabilities": "medium"}, caps={"/usr/bin/ping": "cap_net_raw=ep"})
    yield Scenario(Image("capable:root", [base, tools, Layer().file("usr/bin/helper", caps="setuid,setgid")], "1654"), user(1654, 1654),
                   fails={"image-file-capabilities": "high"}, caps={"/usr/bin/helper": "cap_setgid,cap_setuid=ep"})
    yield Scenario(Image("capable:port", [base, tools, Layer().file("usr/bin/web", caps="net_bind_service quiet")], "1654"),
                   user(1654, 1654), fails={"image-file-capabilities": "low"}, caps={"/usr/bin/web": "cap_net_bind_service=p"})
    yield Scenario(Image("capable:rootid", [base, tools, Layer().file("usr/bin/mapped", caps="sys_admin,bpf rootid=100000")], "1654"),
                   user(1654, 1654), fails={"image-file-capabilities": "high"},
                   caps={"/usr/bin/mapped": "cap_sys_admin,cap_bpf=ep [rootid=100000]"})
    yield Scenario(Image("devices:1", [base, Layer().dirs("dev").device("dev/null", b"3", 1, 3).device("dev/sda", b"4", 8, 0), service()],
                         "1654", **RUN),
                   user(1654, 1654), fails={"image-device-nodes": "info"})


def starts():
    """Entry points."""
    base = accounts(APP)
    yield Scenario(Image("entry:own", [base, service(uid=1654, folder_uid=1654)], "1654", **RUN), user(1654, 1654),
                   fails={"image-entrypoint-writable": "low"})
    yield Scenario(Image("entry:anyone", [base, service(0o777)], "1654", **RUN), user(1654, 1654),
                   fails={"image-entrypoint-writable": "medium"}, says={"image-entrypoint-writable": ["/srv/app/run"]})
    yield Scenario(Image("entry:path", [base, service(), Layer().dirs("opt").dir("opt/bin", 0o777)], "1654",
                         env=("PATH=/opt/bin:/usr/bin",), **RUN),
                   user(1654, 1654), fails={"image-path-writable": "medium"}, says={"image-path-writable": ["/opt/bin"]})
    yield Scenario(Image("entry:port", [base, service()], "1654", ports=("80/tcp", "8443/tcp"), **RUN), user(1654, 1654),
                   fails={"image-privileged-port": "low"}, says={"image-privileged-port": ["80/tcp"]})
    script = Layer().dirs("bin", "usr", "usr/local", "usr/local/bin", "var").file("bin/busybox").link("bin/sh", "busybox") \
        .file("usr/local/bin/gosu").file("usr/local/bin/tini").dir("var/data", 0o700, 999, 999) \
        .text("usr/local/bin/docker-entrypoint.sh", "#!/bin/sh", "set -e", "# allow the container to be started with --user",
              'if [ "$1" = server ] && [ "$(id -u)" = 0 ]; then', "\tchown -R data:data /var/data", '\texec gosu data "$0" "$@"', "fi",
              'exec "$@"', mode=0o755)
    data = accounts("data:x:999:999::/var/data:/bin/false", group=("root:x:0:", "data:x:999:"))
    dropping = {"image-user-root": "high", "image-root-then-drop": "low"}
    yield Scenario(Image("drops:gosu", [data, script], entrypoint=["docker-entrypoint.sh"], cmd=["server"]), AS_ROOT, IS_ROOT, dropping,
                   says={"image-root-then-drop": ["gosu", "data (uid 999)", "docker-entrypoint.sh:6"]}, drops="data")
    yield Scenario(Image("drops:tini", [data, script], entrypoint=["tini", "--", "gosu", "999:999"], cmd=["server"]), AS_ROOT, IS_ROOT,
                   dropping, says={"image-root-then-drop": ["gosu", "999"]}, drops="999:999")
    setpriv = Layer().dirs("bin", "usr", "usr/bin").file("bin/sh").file("usr/bin/setpriv") \
        .text("start", "#!/bin/sh", "exec setpriv --reuid=data --regid=data --init-groups --no-new-privs server", mode=0o755)
    yield Scenario(Image("drops:setpriv", [data, setpriv], entrypoint=["/start"]), AS_ROOT, IS_ROOT, dropping,
                   says={"image-root-then-drop": ["setpriv", "data"]}, drops="data")


def scenarios():
    found = [*bases(), *dotnets(), *users(), *privileges(), *starts()]
    for i, scenario in enumerate(found):
        scenario.image.compression = ("gzip", "zstd", "none")[i % 3]
    return found


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    found = [scenario for scenario in scenarios() if len(sys.argv) == 2 or scenario.image.name in sys.argv[2:]]
    images = [scenario.image for scenario in found]
    write_layout(f"{out}/oci", images)
    write_docker_archive(f"{out}/docker.tar", images)
    with open(f"{out}/expected.json", "w") as file:
        json.dump({scenario.image.id: scenario.expect for scenario in found}, file, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
