#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What answers at a broker's address and behaves as no real broker can be made to.

usage: bad_server.py BEHAVIOUR [CERT KEY [CA]]     prints its port, then serves until it is killed

without TLS:  close     hangs up at once                stall     says nothing
              banner    greets in plain text
with TLS:     tls11     speaks TLS 1.1 only             mute      never answers the MQTT connection request
              old       speaks MQTT 3.1.1 only          deaf      accepts the connection, acknowledges nothing
              refuse    refuses the connection (0x8a)   full      refuses every message (0x97, quota)
              rude      the same in words that do harm to a terminal
              leave     ends the session (0x8b) when a message comes
              huge      announces a packet of 200 MB    babble    answers with random bytes
              small     takes packets of 200 bytes (its Maximum-Packet-Size)
              one       takes one message at a time (its Receive-Maximum), 50 ms each
"""
import os
import socket
import ssl
import struct
import sys
import threading
import time

CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT = 1, 2, 3, 4, 14


def read_exactly(peer, n):
    data = b""
    while len(data) < n:
        more = peer.recv(n - len(data))
        if not more:
            raise ConnectionError("end")
        data += more
    return data


def read_packet(peer):
    first = read_exactly(peer, 1)[0]
    length = shift = 0
    while True:
        byte = read_exactly(peer, 1)[0]
        length |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return first >> 4, read_exactly(peer, length)


def packet(kind, body):
    assert len(body) < 128
    return bytes([kind << 4, len(body)]) + body


def with_properties(properties):
    return bytes([len(properties)]) + properties


def reason_string(text):
    return b"\x1f" + struct.pack(">H", len(text)) + text.encode()


def publish_id(body):
    topic = struct.unpack(">H", body[:2])[0]
    return body[2 + topic:4 + topic]


def session(behaviour, peer):
    kind, body = read_packet(peer)
    assert kind == CONNECT
    level = body[6]
    if behaviour == "mute":
        time.sleep(60)
    if behaviour == "huge":
        return peer.sendall(bytes([CONNACK << 4, 0x80, 0x84, 0xAF, 0x5F]))
    if behaviour == "babble":
        return peer.sendall(os.urandom(4096))
    if behaviour in ("refuse", "rude"):
        words = "not today" if behaviour == "refuse" else "\x1b[31mnot today"
        return peer.sendall(packet(CONNACK, b"\0\x8a" + with_properties(reason_string(words))))
    if behaviour == "old" and level == 5:
        return peer.sendall(packet(CONNACK, b"\0\x01"))
    properties = {"small": b"\x27" + struct.pack(">I", 200), "one": b"\x21\0\x01"}.get(behaviour, b"")
    peer.sendall(packet(CONNACK, b"\0\0" + (with_properties(properties) if level == 5 else b"")))
    waiting = 0
    while True:
        kind, body = read_packet(peer)
        if kind == DISCONNECT:
            return None
        if kind != PUBLISH or behaviour == "deaf":
            continue
        if behaviour == "leave":
            return peer.sendall(packet(DISCONNECT, b"\x8b\0"))
        if behaviour == "one":
            waiting += 1
            time.sleep(0.05)
            peer.setblocking(False)
            try:
                early = peer.recv(1)
            except (ssl.SSLWantReadError, BlockingIOError):
                early = b""
            peer.setblocking(True)
            assert not early, "more than one message under way"
        peer.sendall(packet(PUBACK, publish_id(body) + (b"\x97\0" if behaviour == "full" else b"")))


def serve(behaviour, context, peer):
    try:
        if behaviour == "close":
            return
        if behaviour == "stall":
            time.sleep(60)
        if behaviour == "banner":
            peer.sendall(b"220 mail.example ESMTP ready, and this is no TLS record\r\n")
            time.sleep(1)
            return
        with context.wrap_socket(peer, server_side=True) as tls:
            session(behaviour, tls)
    except (OSError, ConnectionError):
        pass
    finally:
        peer.close()


def main():
    behaviour = sys.argv[1]
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if behaviour == "tls11":
            # OpenSSL 3 allows so old a version at its lowest security level only
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        if len(sys.argv) > 4:
            context.load_verify_locations(sys.argv[4])
            context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=serve, args=(behaviour, context, peer), daemon=True).start()


main()
