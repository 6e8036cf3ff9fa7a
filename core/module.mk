# SPDX-License-Identifier: MIT
# The core: all that runs after boot services ended, linked by linker.ld into one freestanding ELF.

CORE_C := main.c $(wildcard core/*.c ept/*.c vmx/*.c doors/*.c link/*.c channel/*.c hypercall/*.c guest/*.c underlay/*.c debug/*.c)
CORE_ASM := $(wildcard core/*.asm vmx/*.asm doors/*.asm)
CORE_OBJECTS := $(CORE_C:%.c=$(BUILD)/core/%.o) $(CORE_ASM:%.asm=$(BUILD)/core/%.asm.o)
CORE_FONT := /usr/share/consolefonts/spleen-8x16.psfu.gz

# No red zone: exceptions use the stack that they interrupt. No floating point: those registers
# are the guest's.
CORE_CFLAGS = -std=gnu17 -g -Wall -Wextra -Werror -Wvla -I. -Iinclude \
	-ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only \
	-fno-omit-frame-pointer -momit-leaf-frame-pointer -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none -fno-strict-aliasing \
	-ffunction-sections -fdata-sections \
	$(CORE_STACK_ALIGNMENT) $(CORE_OPTIMISATION) -MMD -MP

# Nothing here needs more: 16 bytes are for SSE. The compilers have different names for it.
CORE_STACK_ALIGNMENT = $(if $(findstring clang,$(CC)),-mstack-alignment=8,-mpreferred-stack-boundary=3)

# Small, except on the exit path, where instructions are counted and frames are of no use:
# backtraces end there in any case. The EPT is what takes longest until a firmware goes on above Sill, and the serial
# line has to be kept up with.
CORE_OPTIMISATION := -Oz -fno-jump-tables
$(addprefix $(BUILD)/core/,vmx/exit.o vmx/exit_cpuid.o vmx/exit_msr.o vmx/instructions.o underlay/cpuid_filter.o \
	underlay/exit_cpuid.o underlay/init_sipi.o hypercall/dispatch.o \
	hypercall/ping.o guest/ports.o ept/ept.o core/window.o vmx/access.o \
	doors/cpuid.o doors/letter.o doors/mmio.o doors/port.o doors/ring.o \
	doors/watch.o channel/line.o link/frame.o link/link.o link/stream.o): \
	CORE_OPTIMISATION := -O2 -fomit-frame-pointer

$(BUILD)/core/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CORE_CFLAGS) -c $< -o $@

$(BUILD)/core/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf64 $(NASM_WARNINGS) -MD $(@:.o=.d) -I$(BUILD)/ $< -o $@

$(BUILD)/core/core/font.asm.o: $(BUILD)/core/font.psf
$(BUILD)/core/font.psf: $(CORE_FONT)
	@mkdir -p $(@D)
	$(Q)gunzip -c $< > $@

$(CORE_OBJECTS): core/module.mk

# Linked twice: the names for backtraces are known only after the first link.
CORE_LINK = $(LD) -m elf_x86_64 -static -nostdlib -z noexecstack -z max-page-size=4096 \
	--build-id=none --fatal-warnings --gc-sections -T linker.ld

$(BUILD)/core/unnamed.elf: $(CORE_OBJECTS) $(BUILD)/core/no_symbols.asm.o linker.ld
	$(call say,LINK,$@)
	$(Q)$(CORE_LINK) -o $@ $(CORE_OBJECTS) $(BUILD)/core/no_symbols.asm.o

$(BUILD)/core/core.elf: $(BUILD)/core/unnamed.elf $(BUILD)/core/symbols.asm.o
	$(call say,LINK,$@)
	$(Q)$(CORE_LINK) -o $@ $(CORE_OBJECTS) $(BUILD)/core/symbols.asm.o

$(BUILD)/core/no_symbols.asm: scripts/symbols
	@mkdir -p $(@D)
	$(Q)scripts/symbols > $@

$(BUILD)/core/symbols.asm: scripts/symbols $(BUILD)/core/unnamed.elf
	$(Q)NM=$(NM) scripts/symbols $(BUILD)/core/unnamed.elf > $@

$(BUILD)/core/%.asm.o: $(BUILD)/core/%.asm
	$(Q)$(NASM) -f elf64 $(NASM_WARNINGS) $< -o $@

-include $(CORE_OBJECTS:.o=.d)
