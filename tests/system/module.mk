# SPDX-License-Identifier: MIT
# UEFI programs that the system tests need: build/tests/NAME.efi from tests/system/NAME/main.c.
# Compiled by boot/module.mk's rule, with the loader's flags; unlike the loader they use gnu-efi's library.

TEST_EFI := $(addprefix $(BUILD)/tests/,lockoff.efi mapchange.efi launcher.efi transparency.efi unload.efi hole.efi probe.efi doors.efi channels.efi)

test-programs: $(TEST_EFI)
.PHONY: test-programs

$(BUILD)/tests/%.so: $(BUILD)/boot/tests/system/%/main.o
	@mkdir -p $(@D)
	$(Q)$(LD) -nostdlib -znocombreloc -shared -Bsymbolic --no-undefined \
		-z noexecstack --no-warn-rwx-segments -T $(EFI_LIB) -L $(EFI_LIB_DIR) -L /usr/lib \
		$(EFI_LIB_DIR)crt0-efi-x86_64.o $< -lefi -lgnuefi -o $@

$(BUILD)/tests/%.efi: $(BUILD)/tests/%.so
	$(call say,EFI,$@)
	$(Q)$(OBJCOPY) -j .text -j .sdata -j .data -j .rodata -j .dynamic -j .dynsym -j '.rel*' \
		-j '.rela*' -j .areloc -j .reloc --target efi-app-x86_64 --subsystem 10 $< $@

.SECONDARY: $(TEST_EFI:.efi=.so)

# Guests that are no ELF files.
TEST_GUESTS := $(BUILD)/tests/flat.bin $(BUILD)/tests/protected_mode.bin

test-programs: $(TEST_GUESTS)

$(BUILD)/tests/%.bin: tests/system/guests/%.asm
	$(call say,NASM,$@)
	@mkdir -p $(@D)
	$(Q)$(NASM) -f bin $(NASM_WARNINGS) -o $@ $<

# What runs in the Linux that tests boot: static, since it is alone there. The first process does without a C library.
LINUX_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Iinclude -Wall -Wextra -Werror -O2 -static

test-programs: $(BUILD)/tests/linux/init $(BUILD)/tests/linux/probe

$(BUILD)/tests/linux/init: tests/system/linux/init.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_CFLAGS) -ffreestanding -nostdlib -fno-stack-protector -fno-pic -o $@ $<

$(BUILD)/tests/linux/probe: $(wildcard tests/system/linux/probe*.c) tests/system/linux/probe.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_CFLAGS) -o $@ $(filter %.c,$^)
