# SPDX-License-Identifier: MIT
# sill.efi: the UEFI loader, with the core inside it. Needs $(CORE_ELF), which core/module.mk makes.

# gnu-efi: its own linker script and start-up code, but none of its library.
EFI_INCLUDE ?= /usr/include/efi
EFI_LIB     ?= $(firstword $(wildcard /usr/lib/elf_x86_64_efi.lds /usr/lib/*/gnuefi/elf_x86_64_efi.lds \
                 /usr/lib64/gnuefi/elf_x86_64_efi.lds /usr/lib/gnuefi/elf_x86_64_efi.lds))
EFI_LIB_DIR := $(dir $(EFI_LIB))

CORE_ELF ?= $(BUILD)/core/core.elf

BOOT_C := $(wildcard boot/*.c)
# Pure code that the loader shares with the core, built once more.
BOOT_SHARED_C := core/address_space.c core/format.c core/string.c core/uart.c \
                 guest/elf.c guest/multiboot.c vmx/capability.c vmx/capability_advice.c \
                 vmx/capability_read.c vmx/control_names.c
BOOT_ASM := boot/core_blob.asm boot/trampoline.asm
BOOT_OBJECTS := $(BOOT_C:%.c=$(BUILD)/boot/%.o) $(BOOT_SHARED_C:%.c=$(BUILD)/boot/%.o) \
                $(BOOT_ASM:%.asm=$(BUILD)/boot/%.asm.o)

# The firmware's interrupt handlers run on the loader's stack, so there is no red zone.
BOOT_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Werror -I. -Iinclude \
               -isystem $(EFI_INCLUDE) -isystem $(EFI_INCLUDE)/x86_64 -DGNU_EFI_USE_MS_ABI \
               -ffreestanding -fpic -fvisibility=hidden -fshort-wchar -fno-strict-aliasing \
               -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
               -mno-red-zone -mgeneral-regs-only -MMD -MP

$(BUILD)/boot/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<  (loader))
	$(Q)$(CC) $(BOOT_CFLAGS) -c $< -o $@

$(BUILD)/boot/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(call say,NASM,$<  (loader))
	$(Q)$(NASM) -f elf64 $(NASM_WARNINGS) -MD $(@:.o=.d) -DCORE_ELF='"$(BUILD)/boot/core.elf"' $< -o $@

# What the core needs to run, without what a debugger wants.
$(BUILD)/boot/core.elf: $(CORE_ELF)
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --strip-all $< $@

$(BUILD)/boot/boot/core_blob.asm.o: $(BUILD)/boot/core.elf

$(BUILD)/sill.so: $(BOOT_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(LD) -nostdlib -znocombreloc -shared -Bsymbolic --no-undefined --fatal-warnings \
		-z noexecstack --no-warn-rwx-segments -T $(EFI_LIB) -L $(EFI_LIB_DIR) \
		$(EFI_LIB_DIR)crt0-efi-x86_64.o $(BOOT_OBJECTS) -lgnuefi -o $@

# The sections of both generations of gnu-efi's linker script; absent ones don't matter.
$(BUILD)/sill.efi: $(BUILD)/sill.so
	$(call say,EFI,$@)
	$(Q)$(OBJCOPY) -j .text -j .sdata -j .data -j .rodata -j .dynamic -j .dynsym -j '.rel*' \
		-j '.rela*' -j .areloc -j .reloc --target efi-app-x86_64 --subsystem 10 $< $@

-include $(BOOT_OBJECTS:.o=.d)
