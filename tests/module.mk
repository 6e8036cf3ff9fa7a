# SPDX-License-Identifier: MIT
# make unit      the unit tests, into build/unit/
# make fuzz      fuzzes the parsers (SECONDS=60 for each)
# make lint      formatting and static checks
# make format    formats all C code

# A test names the sources that it is linked with in a comment "UNIT: file.c …", of one line or more.
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_CFLAGS := -std=gnu17 -O1 -g -Wall -Wextra -Werror -I. -Iinclude \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
unit_sources = $(filter %.c,$(shell sed -n '/^\/\* UNIT:/,/\*\//p' $(1)))

unit: $(UNIT_TESTS)

HEADERS := $(wildcard include/sill/*.h */*.h)

define UNIT_RULE
$(BUILD)/unit/$(1): tests/unit/$(1).c $(call unit_sources,tests/unit/$(1).c) $(HEADERS) hypercall/calls.def $(wildcard tests/unit/*.h)
	@mkdir -p $$(@D)
	$$(CC) $$(UNIT_CFLAGS) -o $$@ $$(filter %.c,$$^) -lcmocka
endef
$(foreach test,$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)),$(eval $(call UNIT_RULE,$(test))))

FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
define FUZZ_RULE
$(BUILD)/fuzz/$(1): tests/fuzz/$(1).c $(call unit_sources,tests/fuzz/$(1).c) $(HEADERS)
	@mkdir -p $$(@D)
	clang $$(UNIT_CFLAGS) -fsanitize=fuzzer -o $$@ $$(filter %.c,$$^)
endef
$(foreach fuzzer,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c)),$(eval $(call FUZZ_RULE,$(fuzzer))))

SECONDS ?= 60
fuzz: $(FUZZERS)
	@for fuzzer in $^; do echo "$$fuzzer, $(SECONDS) s:"; \
		mkdir -p $(BUILD)/fuzz/corpus/$${fuzzer##*/}; \
		$$fuzzer -max_total_time=$(SECONDS) -print_final_stats=1 \
			$(BUILD)/fuzz/corpus/$${fuzzer##*/} || exit 1; done
