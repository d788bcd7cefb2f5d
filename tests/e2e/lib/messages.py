#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds what broker_watch wrote of one session against the schema of messages, and what no schema can say.

usage: messages.py FILE DEVICE [NAME=VALUE...]     prints "SUBJECTS subjects, posture VERDICT"; complains and fails otherwise

NAMEs: v311=1 when the session spoke MQTT 3.1.1 (no properties), root=ROOT of the topics.
"""
import hashlib
import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "schema"


def check(condition, what):
    if not condition:
        sys.exit(f"messages.py: {what}")


def validators():
    """Of a message, and of a subject within one. Apart, as Debian 12's library does not follow references from one schema
    into another and back."""
    message, report = (json.loads((SCHEMAS / f"plimsoll.{name}-1.schema.json").read_text()) for name in ("message", "report"))
    subject = {"$schema": report["$schema"], "$defs": report["$defs"], "$ref": "#/$defs/image"}
    message["$defs"]["report"] = {"$id": report["$id"], "$defs": {"image": True}}
    return jsonschema.Draft202012Validator(message), jsonschema.Draft202012Validator(subject)


def check_delivery(line, kind, topic, v311):
    check(line["topic"] == topic, f"topic {line['topic']}")
    check(line["qos"] == 1, "not QoS 1")
    if v311:
        return
    properties = line.get("properties", {})
    check(properties.get("content-type") == "application/cloudevents+json", "content type")
    check(properties.get("payload-format-indicator") == 1, "payload format")
    expiry = properties.get("message-expiry-interval")
    check(expiry is None if kind == "posture" else 604790 <= expiry <= 604800, f"expiry of a {kind}: {expiry}")


def main():
    path, device = sys.argv[1:3]
    options = dict(argument.split("=", 1) for argument in sys.argv[3:])
    schema, subject = validators()
    kinds, previous, session = [], None, None
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for number, line in enumerate(lines, 1):
        payload = line["payload"].encode()
        message = json.loads(payload)
        kind = message["type"].removeprefix("plimsoll.")
        kinds.append(kind)
        check_delivery(line, kind, f"{options.get('root', 'plimsoll')}/v1/{device}/{kind}", options.get("v311"))
        check(len(payload) <= 32768, "payload over 32 KiB")
        errors = list(schema.iter_errors(message))
        errors += subject.iter_errors(message["data"]) if kind == "subject" else []
        for error in errors[:3]:
            check(False, f"message {number}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
        session = session or message["session"]
        check(message["session"] == session and message["seq"] == number, f"seq of message {number}")
        check(message["id"] == f"{device}:{message['boot']}:{session}:{number}", "id")
        check(message["device"] == device and message["source"] == f"/plimsoll/{device}", "device or source")
        check(message["prev"] == previous, f"prev of message {number}")
        previous = "sha256:" + hashlib.sha256(payload).hexdigest()
    check(kinds and kinds[-1] == "posture" and kinds.count("posture") == 1, f"kinds {kinds}")
    check(message["data"]["subjects"] == len(kinds) - 1, "subjects counted by the posture")
    print(f"{len(kinds) - 1} subjects, posture {message['data']['verdict']}")


main()
