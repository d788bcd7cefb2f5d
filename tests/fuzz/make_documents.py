#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_documents.py: writes the seeds of the fuzz targets image_config, manifest and account into tests/fuzz/corpus."""

import pathlib

HERE = pathlib.Path(__file__).resolve().parent
DIGEST = "sha256:" + "0123456789abcdef" * 4

IMAGE_CONFIG = {
    "empty": "{}",
    "null": "null",
    "whole": '{"architecture":"arm64","variant":"v8","os":"linux","created":"2026-11-01T10:00:00.5+01:00","config":{"User":"1654",'
             '"ExposedPorts":{"8080/tcp":{}},"Env":["PATH=/bin","APP_UID=1654"],"Entrypoint":["a","b"],"Cmd":"c","Volumes":{"/d":{}},'
             '"WorkingDir":"/app","Labels":{"b":"2","a":"1"},"StopSignal":"SIGTERM","ArgsEscaped":true,'
             '"Healthcheck":{"Test":["CMD","x"],"Interval":30000000000,"Retries":3}},"history":[{"created_by":"x","empty_layer":true},{}],'
             '"rootfs":{"type":"layers","diff_ids":["' + DIGEST + '"]}}',
    "user_given_twice": '{"config":{"User":"1000","user":"0"},"CONFIG":{"u\u017fer":"5"}}',
    "user_taken_away": '{"config":{"User":"1000"},"config":null,"config":{"Env":[null]}}',
    "lists_overwritten": '{"config":{"Env":["a","b","c"],"Env":[null],"Env":[null,null]},"history":[{"created_by":"x"}],"history":[{},{}]}',
    "maps_merged": '{"config":{"Labels":{"a":"1","b":null,"a":"2"},"labels":{"c":"","b":"x"},"Volumes":{"/a":{"x":[]},"/a":null}}}',
    "escapes": '{"config":{"\\u0055ser":"\\ud83d\\ude00\\ud800\\u0041\\n\\"\\\\"},"skip":{"a":[1,-0.5e+10,true,false,null]}}',
    "wrong_type": '{"config":{"User":1000}}',
    "zero_byte": '{"config":{"User":"0\\u0000"}}',
    "trailing": '{"os":"linux"} {}',
    "deep": "[" * 64 + "]" * 64,
    "not_utf8": b'{"config":{"User":"\xff\xc3\xed\xa0\x80"}}',
}

CONFIG = '"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"' + DIGEST + '","size":7}'
LAYER = '{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"' + DIGEST + '","size":70}'
MANIFEST = {
    "image": '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",' + CONFIG + ',"layers":[' + LAYER +
             '],"annotations":{"a":"b"},"subject":{"digest":"' + DIGEST + '"}}',
    "docker": '{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{"mediaType":'
              '"application/vnd.docker.container.image.v1+json","digest":"' + DIGEST + '"},"layers":[]}',
    "index": '{"manifests":[{"digest":"' + DIGEST + '","platform":{"os":"linux","architecture":"arm","variant":"v7"}},{"digest":"' + DIGEST +
             '","platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest"}},'
             '{"digest":"' + DIGEST + '","platform":{"os":"Linux","architecture":"AArch64","variant":"9.0"}}]}',
    "artifact": '{"artifactType":"application/x","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"' + DIGEST + '"}}',
    "attestation": '{' + CONFIG + ',"layers":[{"mediaType":"application/vnd.in-toto+json","digest":"' + DIGEST + '"}]}',
    "both": '{' + CONFIG + ',"manifests":[]}',
    "schema_1": '{"schemaVersion":1,"fsLayers":[],"history":[]}',
    "no_digest": '{' + CONFIG + ',"layers":[{}]}',
}

PASSWD = "root:x:0:0:root:/root:/bin/sh\napp:x:1654:1654::/home/app:/bin/sh\n"
GROUP = "root:x:0:\ndialout:x:20:app\n"
ACCOUNT = {
    "name": ("app", PASSWD, GROUP),
    "number": ("1654", PASSWD, GROUP),
    "none": ("", PASSWD, GROUP),
    "group": ("app:dialout", PASSWD, GROUP),
    "three_parts": ("1:2:3", PASSWD, GROUP),
    "colon": ("1654:", PASSWD, GROUP),
    "out_of_range": ("4294967296:-1", PASSWD, GROUP),
    "digits": ("99999999999999999999", "99999999999999999999:x:0:0\n", ""),
    "no_number": ("app", "app:x:abc:\n", "a:::app,\n"),
    "cut": ("wrap", "wrap:x:4294967296:4294967297\n", "big:x:99999999999999999999:wrap\n"),
    "comments": ("#app", "# x\n#app:x:5:6\n+::::::\n", "# x\n #app:x:1:+\n"),
    "blanks": ("app", "\u00a0app:x:7:7\u3000\r\n", "\u2003g:x:5: app,app\u0085\n"),
    "without_files": ("rich",),
}


def write(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def main():
    for name, text in IMAGE_CONFIG.items():
        write("image_config", name, text)
    for name, text in MANIFEST.items():
        write("manifest", name, text)
    for name, parts in ACCOUNT.items():
        write("account", name, "\0".join(parts))


main()
