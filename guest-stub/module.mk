# SPDX-License-Identifier: MIT
#
# The guest test programs: build/guest-stub/guest-stub.elf, doors.elf and bad/*.elf.
# Included by the Makefile; uses BUILD, CC, LD, NASM, OBJCOPY, say and Q.

AR ?= ar

GUEST_STUB_OUT := $(BUILD)/guest-stub
GUEST_STUB_INC := $(BUILD)/include/sill/hypercall.inc
GUEST_STUB_ASM := $(wildcard guest-stub/*.asm)
GUEST_STUB_C := $(wildcard guest-stub/*.c)
GUEST_STUB_OBJECTS := $(GUEST_STUB_ASM:guest-stub/%.asm=$(GUEST_STUB_OUT)/%.asm.o) \
	$(GUEST_STUB_C:guest-stub/%.c=$(GUEST_STUB_OUT)/%.o)
GUEST_STUB_CFLAGS := -m64 -std=gnu17 -O2 -g -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie \
	-mno-red-zone -mgeneral-regs-only -mcmodel=small -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -Iinclude -Iguest-stub
GUEST_STUB_ELF := $(GUEST_STUB_OUT)/guest-stub.elf

# The other program takes of the first what it needs, and never its main file.
GUEST_SUPPORT := $(GUEST_STUB_OUT)/support.a
GUEST_SUPPORT_OBJECTS := $(filter-out %/main.o,$(GUEST_STUB_OBJECTS))
GUEST_DOORS_ASM := $(wildcard guest-stub/doors/*.asm)
GUEST_DOORS_C := $(wildcard guest-stub/doors/*.c)
GUEST_DOORS_OBJECTS := $(GUEST_DOORS_ASM:guest-stub/%.asm=$(GUEST_STUB_OUT)/%.asm.o) \
	$(GUEST_DOORS_C:guest-stub/%.c=$(GUEST_STUB_OUT)/%.o)
GUEST_DOORS_ELF := $(GUEST_STUB_OUT)/doors.elf

GUEST_BAD_NAMES := $(filter-out small,$(patsubst guest-stub/bad/%.c,%,$(wildcard guest-stub/bad/*.c)))
GUEST_BAD_OUT := $(GUEST_STUB_OUT)/bad
GUEST_BAD_ELFS := $(GUEST_BAD_NAMES:%=$(GUEST_BAD_OUT)/%.elf)
GUEST_BAD_CFLAGS := -m32 -std=gnu17 -O2 -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie \
	-mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -Iinclude

.PHONY: guest-stub
guest-stub: $(GUEST_STUB_ELF) $(GUEST_DOORS_ELF) $(GUEST_BAD_ELFS)

$(GUEST_STUB_INC): scripts/hypercall-inc include/sill/hypercall.h include/sill/channel.h include/sill/doors.h include/sill/errno.h \
		hypercall/calls.def doors/doors.def
	$(Q)CC='$(CC)' scripts/hypercall-inc $@

# Linked as 64-bit ELF, then renamed: Multiboot loaders know only ELF32.
$(GUEST_STUB_ELF) $(GUEST_DOORS_ELF): %.elf: %.elf64
	$(call say,ELF,$@)
	$(Q)$(OBJCOPY) -O elf32-i386 $< $@

$(GUEST_STUB_OUT)/guest-stub.elf64: $(GUEST_STUB_OBJECTS)
$(GUEST_STUB_OUT)/doors.elf64: $(GUEST_STUB_OUT)/start.asm.o $(GUEST_DOORS_OBJECTS) $(GUEST_SUPPORT)
$(GUEST_STUB_OUT)/guest-stub.elf64 $(GUEST_STUB_OUT)/doors.elf64: guest-stub/guest.ld
	$(call say,LINK,$@)
	$(Q)$(LD) -m elf_x86_64 -static -nostdlib -z noexecstack -z max-page-size=4096 --build-id=none \
		--no-warn-rwx-segments -T guest-stub/guest.ld -o $@ $(filter %.o %.a,$^)

# Anew each time: what is no longer there must not stay in it.
$(GUEST_SUPPORT): $(GUEST_SUPPORT_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcsD $@ $^

$(GUEST_STUB_OUT)/%.o: guest-stub/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(GUEST_STUB_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_STUB_OUT)/%.asm.o: guest-stub/%.asm $(GUEST_STUB_INC) $(wildcard guest-stub/*.inc)
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf64 $(NASM_WARNINGS) -I$(BUILD)/include/ -Iguest-stub/ -o $@ $<

$(GUEST_BAD_OUT)/%.elf: $(GUEST_BAD_OUT)/start.asm.o $(GUEST_BAD_OUT)/small.o $(GUEST_BAD_OUT)/%.o
	$(call say,LINK,$@)
	$(Q)$(LD) -m elf_i386 -static -nostdlib -z noexecstack --build-id=none --no-warn-rwx-segments \
		-T guest-stub/bad/bad.ld -o $@ $^

$(GUEST_BAD_OUT)/%.o: guest-stub/bad/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(GUEST_BAD_CFLAGS) -MMD -MP -c -o $@ $<

$(GUEST_BAD_OUT)/start.asm.o: guest-stub/bad/start.asm
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf32 $(NASM_WARNINGS) -o $@ $<

.SECONDARY: $(GUEST_BAD_NAMES:%=$(GUEST_BAD_OUT)/%.o) $(GUEST_BAD_OUT)/small.o
-include $(wildcard $(GUEST_STUB_OUT)/*.d $(GUEST_STUB_OUT)/doors/*.d $(GUEST_BAD_OUT)/*.d)
