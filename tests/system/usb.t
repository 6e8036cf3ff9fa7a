#!/bin/bash
# SPDX-License-Identifier: MIT
# scripts/usb must write only what is surely a USB stick. The disks are plain files here, and /sys and /proc are made up.

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
T=$(mktemp -d "${TMPDIR:-/tmp}/sill-usb.XXXXXX") || exit 1
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

# A machine with a built-in disk (sda: two partitions, the second mounted), an empty card reader (sdc) and one
# USB stick (sdb) with a partition.
machine() {
	rm -rf "$T/m"
	local pci=$T/m/sys/devices/pci0000:00
	local stick=$pci/0000:00:14.0/usb1/1-2/host6/block/sdb
	local disk=$pci/0000:00:17.0/ata1/host0/block/sda
	local card=$pci/0000:00:1c.0/host7/block/sdc
	mkdir -p "$T"/m/{dev,proc/self,sys/block} "$disk"/{device,holders,sda1/holders,sda2/holders} \
		"$stick"/{device,holders,sdb1/holders} "$card"/{device,holders}
	ln -s "$disk" "$stick" "$card" "$T/m/sys/block/"
	printf '0\n' | tee "$disk/removable" "$disk/ro" "$stick/ro" "$card/ro" >"$card/size"
	printf '1\n' | tee "$stick/removable" >"$card/removable"
	echo 1048576 >"$disk/size"
	echo 8 >"$stick/size"
	echo 8:0 >"$disk/dev"
	echo 8:1 >"$disk/sda1/dev"
	echo 8:2 >"$disk/sda2/dev"
	echo 8:16 >"$stick/dev"
	echo 8:17 >"$stick/sdb1/dev"
	echo 8:32 >"$card/dev"
	echo 1 | tee "$disk/sda1/partition" "$stick/sdb1/partition" >"$disk/sda2/partition"
	echo "Flashy  " >"$stick/device/vendor"
	echo "Stick 3000 " >"$stick/device/model"
	echo '25 1 8:2 / / rw,relatime shared:1 - ext4 /dev/root rw' >"$T/m/proc/self/mountinfo"
	echo 'Filename Type Size Used Priority' >"$T/m/proc/swaps"
	local name
	for name in sda sda1 sda2 sdb sdb1 sdc; do
		head -c 4096 /dev/zero | tr '\0' x >"$T/m/dev/$name"
	done
	cp -r "$T/m/dev" "$T/m/before"
}

usb() { SILL_SYSFS=$T/m/sys SILL_PROC=$T/m/proc SILL_DEV=$T/m/dev scripts/usb "$@" "$T/image" >"$T/out" 2>&1; }
untouched() { diff -r "$T/m/before" "$T/m/dev" >/dev/null; }

# Whatever it is asked, and even if the person confirms, a refusal says why and leaves every disk as it was.
refuses() { # NAME REASON DEVICE
	if printf '%s\n' "${3##*/}" | usb "$3"; then
		result 1 "$1"
	elif ! grep -q "$2.*nothing was written" "$T/out" || ! untouched; then
		result 1 "$1"
	else
		result 0 "$1"
	fi
}

head -c 3000 /dev/urandom >"$T/image"
D=$T/m/dev
S=$T/m/sys/block/sdb

machine
refuses 'a built-in disk' 'built in' "$D/sda"
refuses 'a partition of it' 'is a partition of /dev/sda' "$D/sda1"
refuses "a partition of the stick" 'is a partition of /dev/sdb' "$D/sdb1"
refuses 'a device that is not there' 'no such device' "$D/sdx"
refuses 'a plain file' 'not a device in' "$T/image"
refuses 'an empty name' 'usage' ''
refuses 'a card reader with no card' 'no medium' "$D/sdc"

machine
touch "$D/null"
cp "$D/null" "$T/m/before/null"
refuses 'a device that is not a disk' 'is not a disk' "$D/null"
ln -s "$T/m/sys/devices" "$T/m/sys/block/loop0"
touch "$D/loop0" "$T/m/before/loop0"
refuses 'a loop device' 'pulled out' "$D/loop0"

machine
printf "%s\n" "30 25 8:17 / /media/My\040stick rw - vfat $D/sdb1 rw" >>"$T/m/proc/self/mountinfo"
refuses 'a stick with a mounted partition' 'mounted on /media/My stick' "$D/sdb"

machine
echo '30 25 8:16 / /mnt rw - vfat /dev/disk/by-label/X rw' >>"$T/m/proc/self/mountinfo"
refuses 'a mounted stick without partitions, mounted through a link' 'mounted on /mnt' "$D/sdb"

machine
echo "30 25 0:44 / /mnt rw shared:7 master:1 - btrfs $D/sdb1 rw" >>"$T/m/proc/self/mountinfo"
refuses 'a stick mounted by a file system with a number of its own' 'mounted on /mnt' "$D/sdb"

machine
echo "$D/sdb1 partition 1000 0 -2" >>"$T/m/proc/swaps"
refuses 'a stick in use as swap' 'swap' "$D/sdb"

machine
mkdir "$S/sdb1/holders/dm-0"
refuses 'a stick that LVM or encryption uses' 'in use by dm-0' "$D/sdb"

machine
mkdir "$S/holders/md0"
refuses 'a stick that a RAID uses' 'in use by md0' "$D/sdb"

machine
echo 1 >"$S/ro"
refuses 'a write-protected stick' 'write-protected' "$D/sdb"

machine
echo 5 >"$S/size"
refuses 'a stick that is too small' 'too small' "$D/sdb"

machine
ln -s sda2 "$D/by-id-stick"
ln -s sda2 "$T/m/before/by-id-stick"
refuses 'a link to a partition of the built-in disk' 'is a partition' "$D/by-id-stick"

machine
if echo sda | usb "$D/sdb" || ! untouched; then result 1 'another name typed'; else result 0 'another name typed'; fi
if usb "$D/sdb" </dev/null || ! untouched; then result 1 'no name typed'; else result 0 'no name typed'; fi
if echo y | usb "$D/sdb" || ! untouched; then result 1 'y is not the name'; else result 0 'y is not the name'; fi

usb --check "$D/sdb" && grep -q 'Flashy Stick 3000.*attached by USB, 1 partitions' "$T/out" && untouched
result $? '--check accepts the stick, says what it is and writes nothing'

echo sdb | usb "$D/sdb" && cmp -s -n 3000 "$T/image" "$D/sdb"
result $? 'the name typed: the image is written'
[ "$(stat -c %s "$D/sdb")" = 4096 ] && cmp -s "$D/sda" "$T/m/before/sda" && cmp -s "$D/sdb1" "$T/m/before/sdb1"
result $? 'nothing but the image was written'

machine
ln -s sdb "$D/by-id-stick"
echo sdb | usb "$D/by-id-stick" && cmp -s -n 3000 "$T/image" "$D/sdb"
result $? 'a link to the stick will do'

machine
echo 0 >"$S/removable"
usb --check "$D/sdb"
result $? 'a USB disk that does not call itself removable will do'

echo "1..$n"
