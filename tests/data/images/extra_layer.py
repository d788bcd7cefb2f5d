#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""extra_layer.py FILE: a tar for `docker build`'s ADD, with all that its extraction might lose."""

import sys

from image import Layer

LAYER = Layer().accounts(("root:x:0:0::/:/bin/sh", "app:x:1654:1654::/:/bin/sh"), ("root:x:0:", "app:x:1654:")) \
    .dirs("bin", "opt").file("bin/su", 0o4755).hard("bin/sudo", "bin/su", mode=0o4755).file("bin/capable", caps="net_raw,sys_admin") \
    .file("bin/mapped", caps="net_admin rootid=1000").file("opt/group", 0o2750, 5, 6).file("bin/large", 0o4711, 4000000000, 3000000000)

with open(sys.argv[1], "wb") as out:
    out.write(LAYER.tar())
