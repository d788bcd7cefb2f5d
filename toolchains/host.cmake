# SPDX-License-Identifier: Apache-2.0
#
# This machine, its own C library. The folder of the built dependencies is named after the target.
set(PL_TARGET_NAME host)
