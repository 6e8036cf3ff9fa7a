#!/bin/bash
# SPDX-License-Identifier: MIT
# build/tools/sill on this machine, beneath which there is no Sill: it says so, and wrong arguments are told from that.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
T=$(mktemp -d "${TMPDIR:-/tmp}/sill-tool.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
n=0

result() { # 0|1 NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		cat "$T/out" "$T/err" | sed 's/^/# /' >&2
	fi
}

# What it says on one of the two outputs (nothing on the other), as a regular expression for all of it.
says() { # STATUS out|err RE ARGUMENT…
	local status=$1 where=$2 re=$3 other=out
	shift 3
	if [ "$where" = out ]; then other=err; fi
	build/tools/sill "$@" >"$T/out" 2>"$T/err"
	[ $? = "$status" ] && [ ! -s "$T/$other" ] && [[ $(<"$T/$where") =~ ^$re$ ]]
	result $? "sill${*:+ $*}"
}

for command in info ping time log stats bench unload 'ping 1000' 'log -f' 'stats --json' \
	channels 'channels --json' 'channels --close a' 'send a' 'recv a' 'connect a' 'mount /' resolution 'clock --compare' 'clock --set'; do
	# shellcheck disable=SC2086 # words
	says 2 err 'sill: no Sill beneath this system' $command
done
says 0 out 'usage: sill COMMAND'$'\n''.*' --help
says 0 out 'usage: sill COMMAND'$'\n''.*' -h
says 0 out 'sill [0-9]+\.[0-9]+\.[0-9]+' --version
says 64 err 'usage: sill COMMAND'$'\n''.*'
says 64 err 'sill: no command is called pong \(see sill --help\)' pong
says 64 err 'sill: no command is called  \(see sill --help\)' ''
for wrong in 'info x' 'ping 0' 'ping -1' 'ping 1x' 'ping 99999999999999999999' 'ping 1 2' 'time x' 'log -x' 'log -f x' \
	'stats --jsno' 'stats --json x' 'bench x' 'unload x' 'resolution x' 'clock --x' 'send a --x' 'mount / --x'; do
	# shellcheck disable=SC2086 # words
	says 64 err "sill: ${wrong%% *}: not understood: ${wrong##* } \(see sill --help\)" $wrong
done

# On any Linux and in an initramfs.
[ "$(LC_ALL=C readelf -l build/tools/sill | grep -c -e INTERP -e DYNAMIC)" = 0 ]
result $? 'it needs no shared library'
echo "1..$n"
