#!/bin/bash
# SPDX-License-Identifier: MIT
# 'make lint' as a test.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
echo 1..1
if output=$(make -s -k -O -j"$(nproc)" lint 2>&1); then
	echo "ok 1 - make lint finds nothing"
else
	echo "not ok 1 - make lint finds nothing"
	printf '%s\n' "$output" | tail -n 100 | sed 's/^/# /' >&2
	exit 1
fi
