#!/bin/bash
# SPDX-License-Identifier: MIT
# The emulator is tested before it is trusted: there is one, and its 64-bit signed division is right.
# (The guest's own test of IDIV, in the machine, is the other half.)

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
echo 1..3
if status=$(scripts/emulator --status 2>&1); then
	echo "ok 1 - there is an emulator"
else
	echo "not ok 1 - there is an emulator"
	echo "# to get one: scripts/emulator --setup" >&2
fi
echo "# $status" >&2
said=$(scripts/emulator --verbose --help 2>&1)
idiv=$(grep '^sill: idiv:' <<<"$said")
exits=$(grep '^sill: VM exits between instructions:' <<<"$said")
case $idiv in
*'is right, nothing changed' | *'was wrong and is repaired') echo "ok 2 - its 64-bit IDIV is right or repaired" ;;
*)
	echo "not ok 2 - its 64-bit IDIV is right or repaired"
	echo "# to build its repair: scripts/emulator --setup (to fetch all anew, first remove ${SILL_CACHE:-${XDG_CACHE_HOME:-~/.cache}/sill})" >&2
	;;
esac
echo "# $idiv" >&2
case $exits in
*'repaired for several CPUs') echo "ok 3 - its VM exits between instructions are repaired" ;;
*) echo "not ok 3 - its VM exits between instructions are repaired" ;;
esac
echo "# $exits" >&2
