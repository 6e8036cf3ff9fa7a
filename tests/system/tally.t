#!/bin/bash
# SPDX-License-Identifier: MIT
# tests/tally: a test that dies, hangs, stops early or prints nothing must not pass for a good one.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
T=$(mktemp -d "${TMPDIR:-/tmp}/sill-tally.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
n=0

program() { # NAME SCRIPT
	printf '#!/bin/bash\n%s\n' "$2" >"$T/$1"
	chmod +x "$T/$1"
}

counts() { # NAME LAST-LINE STATUS PROGRAM…
	local name=$1 line=$2 status=$3
	shift 3
	n=$((n + 1))
	SILL_TEST_LIMIT=2 tests/tally "${@/#/$T/}" >"$T/out" 2>&1
	if [ $? = "$status" ] && [ "$(tail -n 1 "$T/out")" = "$line" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$T/out" >&2
	fi
}

program good 'echo 1..2; echo ok 1 - a; echo ok 2 - b'
program bad 'echo 1..3; echo ok 1; echo not ok 2; echo ok 3'
program dies 'echo 1..2; echo ok 1; echo ok 2; kill -SEGV $$'
program exits 'echo 1..1; echo ok 1; exit 3'
program stops 'echo 1..5; echo ok 1; echo ok 2'
program silent 'exit 0'
program hangs 'echo ok 1; sleep 30'
program skips 'echo 1..2; echo ok 1; echo "ok 2 # SKIP no such CPU"'
program todo 'echo 1..1; echo "not ok 1 # TODO later"'
program twice 'echo 1..2; echo ok 1; echo ok 1'
program script.t 'echo 1..1; echo ok 1'
chmod -x "$T/script.t"

counts 'what passes' '2 passed, 0 failed' 0 good
counts 'what fails' '2 passed, 1 failed' 1 bad
counts 'several' '4 passed, 1 failed' 1 good bad
counts 'a program that dies' '2 passed, 1 failed' 1 dies
counts 'a program that ends with an error' '1 passed, 1 failed' 1 exits
counts 'a program that stops early' '2 passed, 3 failed' 1 stops
counts 'a program that prints nothing' '0 passed, 1 failed' 1 silent
counts 'a program that hangs' '1 passed, 1 failed' 1 hangs
counts 'a test number given twice' '2 passed, 1 failed' 1 twice
counts 'what is skipped did not pass' '1 passed, 0 failed' 0 skips
counts 'what is expected to fail is no excuse' '0 passed, 1 failed' 1 todo
counts 'a program that is not there' '2 passed, 1 failed' 1 good missing
counts 'no program' '0 passed, 0 failed' 1
counts 'a script that is not executable' '1 passed, 0 failed' 0 script.t
echo "1..$n"
