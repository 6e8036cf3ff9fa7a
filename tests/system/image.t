#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts/image: what is on the disk, and what is refused.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C MTOOLSRC=/dev/null
T=$(mktemp -d "${TMPDIR:-/tmp}/sill-image-test.XXXXXX") || exit 1
trap 'rm -rf "$T"' EXIT
n=0

result() { # 0|1 NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$T/out" >&2
	fi
}

image() { scripts/image --efi "$T/sill.efi" "$@" >"$T/out" 2>&1; }
on_disk() { mcopy -n -i "$T/$1@@1M" "::$2" "$T/read" >"$T/out" 2>&1 && cmp "$T/read" "$T/$3" >>"$T/out" 2>&1; }
refuses() { # NAME REASON ARGUMENT…
	local name=$1 reason=$2
	shift 2
	if image "$@"; then
		result 1 "$name"
	else
		grep -q "$reason" "$T/out" && [ ! -e "$T/bad.img" ] && ! ls "$T"/*.new.* >/dev/null 2>&1
		result $? "$name"
	fi
}

head -c 70000 /dev/urandom >"$T/sill.efi"
head -c 5000 /dev/urandom >"$T/first.efi"
head -c 300000 /dev/urandom >"$T/guest.elf"
echo '# a comment' >"$T/conf"
mkdir "$T/a=b"
cp "$T/conf" "$T/a=b/note"

image "$T/x.img" "$T/conf" "$T/guest.elf" "$T/guest.elf=A longer name.bin" "$T/a=b/note"
result $? 'an image is made'
on_disk x.img /EFI/BOOT/BOOTX64.EFI sill.efi
result $? 'it boots the loader'
on_disk x.img /EFI/sill/sill.efi sill.efi
result $? 'the loader is in its own folder too'
on_disk x.img /EFI/sill/sill.conf conf
result $? 'the configuration is there'
on_disk x.img /EFI/sill/guest.elf guest.elf
result $? 'a guest is there'
on_disk x.img '/EFI/sill/A longer name.bin' guest.elf
result $? 'and under the name that was asked for'
on_disk x.img /EFI/sill/note conf
result $? 'an equals sign in a folder is not a name'

sfdisk --json "$T/x.img" >"$T/out" 2>&1 && grep -q '"label": *"gpt"' "$T/out" &&
	grep -q '"type": *"C12A7328-F81F-11D2-BA4B-00C04FC93EC9"' "$T/out"
result $? 'it is a GPT disk with an EFI system partition'
sfdisk --verify "$T/x.img" >"$T/out" 2>&1 && grep -q 'No errors detected' "$T/out"
result $? 'both copies of the partition table are right'
minfo -i "$T/x.img@@1M" >"$T/out" 2>&1 && grep -q 'FAT32' "$T/out"
result $? 'the partition is FAT32'

# FAT keeps times in steps of two seconds.
sleep 2
touch "$T"/*
TZ=Asia/Tokyo image "$T/y.img" "$T/conf" "$T/guest.elf" "$T/guest.elf=A longer name.bin" "$T/a=b/note"
cmp "$T/x.img" "$T/y.img" >"$T/out" 2>&1
result $? 'the same input gives the same bytes'

image --first "$T/first.efi" "$T/z.img" "$T/conf" && on_disk z.img /EFI/BOOT/BOOTX64.EFI first.efi &&
	on_disk z.img /EFI/sill/sill.efi sill.efi
result $? 'another program can come first'

truncate -s 60M "$T/big"
image "$T/w.img" "$T/conf" "$T/big" && on_disk w.img /EFI/sill/big big
result $? 'a large guest gets a larger disk'

refuses 'a missing guest' 'no such file' "$T/bad.img" "$T/conf" "$T/nothing"
refuses 'a missing configuration' 'no such file' "$T/bad.img" "$T/nothing"
refuses 'two files of one name' 'two files' "$T/bad.img" "$T/conf" "$T/guest.elf" "$T/conf=guest.elf"
refuses 'a guest that would replace the configuration' 'two files' "$T/bad.img" "$T/conf" "$T/guest.elf=sill.conf"
refuses 'a name that FAT cannot hold' 'cannot be the name' "$T/bad.img" "$T/conf" "$T/guest.elf=a:b"
refuses 'nothing to put in' 'usage' "$T/bad.img"

echo "1..$n"
