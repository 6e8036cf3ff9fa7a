#!/bin/bash
# SPDX-License-Identifier: MIT
# Every fuzzer builds, and finds nothing in a moment. For longer: 'make fuzz'.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
executions=20000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=(tests/fuzz/fuzz_*.c)
status=0

make -s -k -j"$(nproc)" fuzzers >"$work/make" 2>&1
echo "1..${#sources[@]}"
for i in "${!sources[@]}"; do
	name=$(basename "${sources[i]}" .c)
	fuzzer=build/fuzz/$name
	# Make says again what it could not build; an old one does not count.
	if make -s "$fuzzer" >"$work/log" 2>&1 &&
		"$fuzzer" -runs=$executions -seed=1 -artifact_prefix="$work/" >"$work/log" 2>&1 &&
		grep -q "^Done $executions runs" "$work/log"; then
		echo "ok $((i + 1)) - $name finds nothing in $executions executions"
	else
		echo "not ok $((i + 1)) - $name finds nothing in $executions executions"
		tail -n 60 "$work/log" | sed 's/^/# /' >&2
		status=1
	fi
done
exit $status
