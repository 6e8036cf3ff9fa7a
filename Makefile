# SPDX-License-Identifier: MIT
#
# make           Sill, its guests and the disk image
# make run       boots the image in a virtual machine (GUEST=path: another Multiboot kernel)
# make test      every test
# make help      the rest

BUILD := build
CC := gcc
LD := ld
NM := nm
NASM := nasm
OBJCOPY := objcopy
CLANG_FORMAT := clang-format

# What the assembler is strict about. Its remarks on each relocation are of no use: the linker refuses what does not fit.
NASM_WARNINGS := -w+all -Werror -w-unknown-warning \
	-w-reloc-rel-dword -w-reloc-abs-dword -w-reloc-abs-qword

# A recipe says what it makes with $(call say,CC,file), and hides how with $(Q). With V=1 it is the
# other way round; with 'make -s' neither is shown.
V := 0
Q := $(if $(filter-out 0,$(V)),,@)
say = @$(if $(filter-out 0,$(V))$(findstring s,$(filter-out --%,$(firstword -$(MAKEFLAGS)))),:,printf '  %-5s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := all
.PHONY: all image run test bench doors doors-docs docs usb clean help
.DELETE_ON_ERROR:

include core/module.mk
include boot/module.mk
include guest-stub/module.mk
include tools/module.mk
include tests/module.mk
include tests/system/module.mk

all: $(BUILD)/sill.efi guest-stub tools image

# The image that a UEFI PC boots from a USB stick.
image: $(BUILD)/sill.img
$(BUILD)/sill.img: $(BUILD)/sill.efi boot/sill.conf $(GUEST_STUB_ELF) scripts/image
	$(call say,IMAGE,$@)
	$(Q)scripts/image --efi $(BUILD)/sill.efi $@ boot/sill.conf $(GUEST_STUB_ELF)

# What is set on make's command line reaches the script through the environment, whatever characters it holds.
run:
	@scripts/run

test:
	@scripts/test

bench: all
	@scripts/bench

doors: all
	@scripts/doors

# Not a part of 'docs': it boots the emulator, and what it writes is to be looked at.
doors-docs: all
	@scripts/doors --machine bochs
	@scripts/doors-docs "$${SILL_DOORS:-build/doors}"

# docs/hypercalls.md comes from the table of calls.
docs: docs/hypercalls.md
docs/hypercalls.md: scripts/hypercalls-md hypercall/calls.def include/sill/hypercall.h include/sill/errno.h
	$(call say,DOC,$@)
	$(Q)scripts/hypercalls-md > $@

usb: image
	@scripts/usb "$$DEV" $(BUILD)/sill.img

clean:
	$(Q)rm -rf $(BUILD)

help:
	@sed -n 's/^# make/make/p' Makefile tests/module.mk
	@echo 'make bench     what each kind of VM exit costs, as a table and build/bench.json'
	@echo 'make doors     what each way to reach Sill costs, as a table and a chart, in build/doors'
	@echo 'make doors-docs   measures that in Bochs, and puts it into docs/doors.md'
	@echo 'make tools     build/tools/sill, for Linux above Sill, and sill-link, for the other end of its serial line'
	@echo 'make image     build/sill.img'
	@echo 'make usb DEV=/dev/sdX   writes the image to a USB stick, after asking'
	@echo 'make docs      docs/hypercalls.md, from hypercall/calls.def'
	@echo 'make clean     removes what was built'
	@echo 'V=1 with any of them shows each command'
