#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks behind tests/bench/run.sh.

Each ratio comes from two commands run in turn, A B A B …, on the same input in the same minutes; the medians of the pairs
count. Wall time and CPU time are both shown: on a busy machine the second is the steadier one."""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STATIC = ROOT / "build/x86_64-musl/plimsoll"
ARM64 = ROOT / "build/arm64-musl/plimsoll"
TREE = "/usr"  # what most images are made of, too


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def measure(command):
    """Wall seconds and CPU seconds of one run; its output goes nowhere."""
    begin = time.monotonic()
    with open(os.devnull, "wb") as null:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=null, stderr=subprocess.PIPE)
        errors = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begin
    if child.returncode not in (0, 1, 3):
        sys.exit(f"bench: {' '.join(map(str, command))}: {errors.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime


def peak_memory(command):
    """KiB. By time(1), which is small: a child forked from here would begin with this interpreter's own peak."""
    with open(os.devnull, "wb") as null, tempfile.NamedTemporaryFile() as out:
        subprocess.run(["/usr/bin/time", "-q", "-f", "%M", "-o", out.name, *command], stdout=null, stderr=null, check=False)
        return int(out.read().split()[-1])


def against(ours, theirs, runs):
    """The median ratios of wall and CPU time over pairs, after one pair that warms the caches."""
    wall, cpu, seconds = [], [], []
    for turn in range(runs + 1):
        a, b = measure(ours), measure(theirs)
        if turn:
            wall.append(a[0] / b[0])
            cpu.append(a[1] / b[1])
            seconds.append((a[0], b[0]))
    return {"wall": statistics.median(wall), "cpu": statistics.median(cpu),
            "seconds": statistics.median(s[0] for s in seconds), "other_seconds": statistics.median(s[1] for s in seconds)}


def config(diff_ids):
    return json.dumps({"architecture": "amd64", "os": "linux", "config": {"User": "1654", "Cmd": ["/bin/sh"]},
                       "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode()


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def docker_store(where):
    """A Docker data root whose one image has this machine's own tree as its one unpacked layer."""
    diff, cache = "sha256:" + sha256(b"bench"), sha256(b"bench cache")
    data = config([diff])
    image = sha256(data)
    graph = where / "image/overlay2"
    write(graph / "repositories.json", json.dumps({"Repositories": {"bench": {"bench:1": "sha256:" + image}}}))
    write(graph / "imagedb/content/sha256" / image, data)
    layer = graph / "layerdb/sha256" / diff[7:]
    for name, text in (("diff", diff), ("cache-id", cache), ("size", "1")):
        write(layer / name, text)
    diff_dir = where / "overlay2" / cache / "diff"
    diff_dir.mkdir(parents=True)
    write(diff_dir.parent / "link", "A" * 26)
    subprocess.run(["mount", "--bind", "-o", "ro", TREE, diff_dir], check=True)
    return diff_dir


def layout(where, blobs):
    """An OCI layout with one image of these (diff id, compressed file) layers."""
    digests = []
    (where / "blobs/sha256").mkdir(parents=True)

    def put(data):
        write(where / "blobs/sha256" / sha256(data), data)
        return {"digest": "sha256:" + sha256(data), "size": len(data)}

    for path in blobs:
        digest = file_sha256(path)
        os.link(path, where / "blobs/sha256" / digest)
        digests.append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + digest,
                        "size": path.stat().st_size})
    diff_ids = ["sha256:" + json.loads(path.with_suffix(".json").read_text())["diff_id"] for path in blobs]
    made = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(config(diff_ids))}, "layers": digests}
    entry = {"mediaType": made["mediaType"], **put(json.dumps(made).encode()),
             "annotations": {"org.opencontainers.image.ref.name": "bench:1"}}
    write(where / "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    write(where / "oci-layout", '{"imageLayoutVersion":"1.0.0"}')


def file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else digest_of(file)


def digest_of(file):
    digest = hashlib.sha256()
    while chunk := file.read(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()


def gzip_layer(cache, megabytes):
    """A gzip layer of about so many megabytes of this machine's files; made once, kept in the cache."""
    path = cache / f"layer-{megabytes}.tar.gz"
    if path.exists() and path.with_suffix(".json").exists():
        return path
    print(f"bench: making a layer of {megabytes} MB", flush=True)
    files, total = [], 0
    for folder, folders, names in os.walk(TREE):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(folder, name)
            size = os.lstat(full).st_size
            if total + size <= megabytes * 1000000:
                total += size + 512
                files.append(full.lstrip("/"))
    cache.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    tar = subprocess.Popen(["tar", "-C", "/", "--no-recursion", "--numeric-owner", "-cf", "-", "-T", "-"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with open(partial, "wb") as out:
        packer = subprocess.Popen(["gzip", "-6"], stdin=subprocess.PIPE, stdout=out)
        digest = hashlib.sha256()
        feeder = os.fork()
        if not feeder:
            tar.stdin.write("\n".join(files).encode(errors="surrogateescape"))
            tar.stdin.close()
            os._exit(0)
        tar.stdin.close()
        while chunk := tar.stdout.read(1 << 20):
            digest.update(chunk)
            packer.stdin.write(chunk)
        packer.stdin.close()
        os.waitpid(feeder, 0)
        if tar.wait() or packer.wait():
            sys.exit("bench: the layer could not be made")
    path.with_suffix(".json").write_text(json.dumps({"diff_id": digest.hexdigest()}))
    partial.rename(path)
    return path


def rows(args, work):
    cache = pathlib.Path(os.environ.get("PLIMSOLL_CACHE") or pathlib.Path.home() / ".cache/plimsoll") / "bench"
    diff = docker_store(work / "docker")
    find = ["find", diff, "-printf", "%m %U %G %p\n"]
    figures = against([STATIC, "scan", "--format", "json", f"docker:{work / 'docker'}"], find, args.runs)
    yield "unpacked layer / find -printf", 1.3, figures["wall"], "x", figures
    try:
        cold = []
        for _ in range(args.runs):
            pair = []
            for command in ([STATIC, "scan", "--format", "json", f"docker:{work / 'docker'}"], find):
                os.sync()
                pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
                pair.append(measure(command)[0])
            cold.append(pair[0] / pair[1])
        yield "the same, caches dropped", 1.3, statistics.median(cold), "x", {"runs": cold}
    except OSError as error:
        print(f"bench: no cold-cache figure: {error}", file=sys.stderr)

    large, small = gzip_layer(cache, args.megabytes), gzip_layer(cache, 10)
    for name, blob in (("large", large), ("small", small)):
        shutil.rmtree(cache / name, ignore_errors=True)
        layout(cache / name, [blob])
    scan = [STATIC, "scan", "--format", "json", f"oci:{cache / 'large'}"]
    figures = against(scan + ["--no-verify"], ["igzip", "-dc", large], args.runs)
    yield "gzip layer / igzip -dc", 1.2, figures["wall"], "x", figures
    figures = against(scan, ["igzip", "-dc", large], args.runs)
    yield "the same with digests verified", None, figures["wall"], "x", figures
    peak_large = max(peak_memory(scan) for _ in range(3))
    peak_small = max(peak_memory(scan[:-1] + [f"oci:{cache / 'small'}"]) for _ in range(3))
    yield f"peak memory, {args.megabytes} MB image", 6144, peak_large, "KiB", {}
    yield "peak memory, 10 MB image", 6144, peak_small, "KiB", {}
    yield "large image's peak / small one's", 1.1, peak_large / peak_small, "x", {}
    yield "arm64 program", 800, ARM64.stat().st_size / 1024, "KiB", {"bytes": ARM64.stat().st_size}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--json", type=pathlib.Path, required=True)
    args = parser.parse_args()
    table = []
    with tempfile.TemporaryDirectory(prefix="plimsoll-bench.") as folder:
        work = pathlib.Path(folder)
        try:
            print(f"{'what':34} {'budget':>10} {'measured':>10} {'CPU time':>10}  verdict")
            for name, budget, value, unit, more in rows(args, work):
                verdict = "" if budget is None else "met" if value <= budget else "MISSED"
                shown = f"{value:.2f} {unit}" if unit == "x" else f"{value:.0f} {unit}"
                limit = "" if budget is None else f"{budget:g} {unit}"
                cpu = f"{more['cpu']:.2f} x" if "cpu" in more else ""
                print(f"{name:34} {limit:>10} {shown:>10} {cpu:>10}  {verdict}", flush=True)
                table.append({"what": name, "budget": budget, "measured": value, "unit": unit, "verdict": verdict, **more})
        finally:
            for mount in work.glob("docker/overlay2/*/diff"):
                subprocess.run(["umount", mount], check=False)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
