# SPDX-License-Identifier: MIT
# make unit      the unit tests, into build/unit/
# make fuzz      fuzzes the parsers and the decoder (EXECUTIONS=10000000 of each; or SECONDS=60)
# make soak      64 MiB each way over the emulated serial line, and as much of a shared folder: the better part of an hour
# make lint      formatting and static checks
# make format    formats all C code

# A test names the sources that it is linked with in a comment "UNIT: file.c …", of one line or more.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_WARNINGS := -std=gnu17 -Wall -Wextra -Werror -I. -Iinclude
UNIT_CFLAGS := $(UNIT_WARNINGS) -O1 -g \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
unit_sources = $(filter %.c,$(shell sed -n '/^\/\* UNIT:/,/\*\//p' $(1)))
# What it has as a part of itself, for want of another way to a part of theirs.
unit_parts = $(shell sed -n 's/^#include "\(.*\.c\)"$$/\1/p' $(1))

.PHONY: soak unit fuzz fuzzers lint format lint-clang lint-repository
unit: $(UNIT_TESTS)

HEADERS := $(wildcard include/sill/*.h */*.h)

define UNIT_RULE
$(BUILD)/unit/$(1): tests/unit/$(1).c $(call unit_sources,tests/unit/$(1).c) $(call unit_parts,tests/unit/$(1).c) $(HEADERS) hypercall/calls.def $(wildcard tests/unit/*.h)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)$$(CC) $$(UNIT_CFLAGS) -o $$@ $$(filter-out $(call unit_parts,tests/unit/$(1).c),$$(filter %.c %.o,$$^)) -lcmocka
endef
$(foreach test,$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)),$(eval $(call UNIT_RULE,$(test))))

# What the decoder's test compares with: instructions as nasm encodes them.
$(BUILD)/unit/test_instruction: $(BUILD)/unit/encodings.o
$(BUILD)/unit/encodings.asm: tests/unit/encodings
	@mkdir -p $(@D)
	$(Q)$< > $@
$(BUILD)/unit/encodings.o: $(BUILD)/unit/encodings.asm
	$(call say,NASM,$<)
	$(Q)$(NASM) -f elf64 $(NASM_WARNINGS) $< -o $@

# A fuzzer names the libraries that it is linked with in a comment "LIBRARIES: -lname …", of one line.
fuzz_libraries = $(shell sed -n 's,^/\* LIBRARIES: \(.*\) \*/$$,\1,p' $(1))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
define FUZZ_RULE
$(BUILD)/fuzz/$(1): tests/fuzz/$(1).c $(call unit_sources,tests/fuzz/$(1).c) $(HEADERS)
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)
	$$(Q)clang $$(UNIT_CFLAGS) -fsanitize=fuzzer -o $$@ $$(filter %.c,$$^) $(call fuzz_libraries,tests/fuzz/$(1).c)
endef
$(foreach fuzzer,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c)),$(eval $(call FUZZ_RULE,$(fuzzer))))

fuzzers: $(FUZZERS)

# What the test needs is built as for 'make test'.
soak:
	$(Q)SILL_SOAK=1 SILL_TEST_LIMIT=20000 scripts/test tests/system/linux_link.t tests/system/linux_share.t

EXECUTIONS ?= 10000000
fuzz: $(FUZZERS)
	@for fuzzer in $^; do echo "$$fuzzer, $(if $(SECONDS),$(SECONDS) s,$(EXECUTIONS) executions):"; \
		mkdir -p $(BUILD)/fuzz/corpus/$${fuzzer##*/}; \
		$$fuzzer $(if $(SECONDS),-max_total_time=$(SECONDS),-runs=$(EXECUTIONS)) -print_final_stats=1 \
			$(BUILD)/fuzz/corpus/$${fuzzer##*/} || exit 1; done

# Each check again only when something that it reads has changed.
LINT := $(BUILD)/lint
LINT_C := $(wildcard *.c $(addsuffix /*.[ch],include/sill boot channel core debug doors ept guest guest-stub guest-stub/bad guest-stub/doors \
	hypercall link tools/sill tools/sill-link underlay vmx scripts/emulator.d tests/unit tests/fuzz tests/link tests/system/*))
LINT_SCRIPTS := $(wildcard .ci/* scripts/* tests/* tests/unit/encodings tests/system/* tests/system/lib/* tests/link/*.pm)

# The build itself is the check with gcc and the assembler: warnings are errors in it.
lint: $(BUILD)/sill.efi guest-stub tools unit test-programs lint-clang \
	$(LINT)/format $(LINT)/cppcheck $(LINT)/scripts lint-repository

# Sill as clang compiles and links it, and what runs on the host.
lint-clang: $(LINT)/clang-host
	$(call say,LINT,clang)
	$(Q)$(MAKE) -s --no-print-directory CC=clang BUILD=$(LINT)/clang $(LINT)/clang/sill.efi guest-stub tools test-programs

$(LINT)/clang-host: $(LINT_C)
	$(call say,LINT,clang for the unit tests)
	@mkdir -p $(@D)
	$(Q)clang -fsyntax-only $(UNIT_WARNINGS) $(sort $(filter scripts/%.c tests/unit/%.c tests/fuzz/%.c,$^) \
		$(foreach test,$(filter tests/unit/%.c tests/fuzz/%.c,$^),$(call unit_sources,$(test))))
	$(Q)touch $@

$(LINT)/format: $(LINT_C) .clang-format scripts/lint
	$(call say,LINT,formatting)
	@mkdir -p $(@D)
	$(Q)CLANG_FORMAT=$(CLANG_FORMAT) scripts/lint format $(filter %.c %.h,$^)
	$(Q)touch $@

$(LINT)/cppcheck: $(LINT_C) scripts/lint
	$(call say,LINT,cppcheck)
	@mkdir -p $(@D)
	$(Q)scripts/lint cppcheck $(filter-out tests/% scripts/% %.h,$^)
	$(Q)touch $@

$(LINT)/scripts: $(LINT_SCRIPTS)
	$(call say,LINT,scripts)
	@mkdir -p $(@D)
	$(Q)scripts/lint scripts $^
	$(Q)touch $@

lint-repository:
	$(call say,LINT,repository)
	$(Q)scripts/lint repository

format:
	$(Q)$(CLANG_FORMAT) -i $(LINT_C)
