#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what broker_watch wrote against what include/plimsoll/message.h and DESIGN section 8 promise of a session.

usage: messages.py FILE DEVICE [NAME=VALUE...]     prints "SUBJECTS subjects, posture VERDICT"; complains and fails otherwise

NAMEs: v311=1 when the session spoke MQTT 3.1.1 (no properties), root=ROOT of the topics.
"""
import hashlib
import json
import re
import sys

ENVELOPE = {"specversion", "id", "source", "type", "time", "datacontenttype", "schema", "device", "boot", "session", "seq",
            "seqscope", "prev", "timequality", "data"}


def check(condition, what):
    if not condition:
        sys.exit(f"messages.py: {what}")


def main():
    path, device = sys.argv[1:3]
    options = dict(argument.split("=", 1) for argument in sys.argv[3:])
    root = options.get("root", "plimsoll")
    kinds, previous, session = [], None, None
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for number, line in enumerate(lines, 1):
        payload = line["payload"].encode()
        message = json.loads(payload)
        kind = line["topic"].rsplit("/", 1)[-1]
        kinds.append(kind)
        check(len(payload) <= 32768, "payload over 32 KiB")
        check(line["topic"] == f"{root}/v1/{device}/{kind}" and kind in ("subject", "posture"), f"topic {line['topic']}")
        check(line["qos"] == 1, "not QoS 1")
        properties = line.get("properties", {})
        if not options.get("v311"):
            check(properties.get("content-type") == "application/cloudevents+json", "content type")
            check(properties.get("payload-format-indicator") == 1, "payload format")
            expiry = properties.get("message-expiry-interval")
            check(expiry is None if kind == "posture" else 604790 <= expiry <= 604800, f"expiry of a {kind}: {expiry}")
        check(set(message) - {"brief"} == ENVELOPE, f"envelope {sorted(message)}")
        session = session or message["session"]
        boot = message["boot"]
        check(message["specversion"] == "1.0" and message["schema"] == "plimsoll.message/1", "versions")
        check(message["type"] == f"plimsoll.{kind}" and message["device"] == device, "type or device")
        check(message["source"] == f"/plimsoll/{device}", "source")
        check(re.fullmatch(r"[0-9a-f]{16}", session) and message["session"] == session, "session")
        check(message["seq"] == number and message["seqscope"] == "session", f"seq {message['seq']} at {number}")
        check(message["id"] == f"{device}:{boot}:{session}:{number}", "id")
        check(re.fullmatch(r"[0-9a-f-]{36}", boot), "boot id")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", message["time"]), "time")
        check(message["timequality"] in ("synced", "floor", "unsynced"), "time quality")
        check(message["prev"] == previous, f"prev of message {number}")
        check(message.get("brief", True) is True, "brief")
        if kind == "subject":
            check(message["data"]["kind"] == "image" and message["data"]["verdict"] in ("pass", "fail", "unknown"), "subject")
        else:
            check(all(not isinstance(value, (dict, list)) for value in message["data"].values()), "posture is not flat")
        previous = "sha256:" + hashlib.sha256(payload).hexdigest()
    check(kinds and kinds[-1] == "posture" and kinds.count("posture") == 1, f"kinds {kinds}")
    check(message["data"]["subjects"] == len(kinds) - 1, "subjects counted by the posture")
    print(f"{len(kinds) - 1} subjects, posture {message['data']['verdict']}")


main()
