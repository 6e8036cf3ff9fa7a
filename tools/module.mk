# SPDX-License-Identifier: MIT
# Programs for an ordinary Linux.
#   build/tools/sill        for the guest. Static, so that it runs on any, an initramfs included.
#   build/tools/sill-link   for the machine at the other end of the serial line.

LINK_TOOL := $(BUILD)/tools/sill-link
LINK_C := $(wildcard link/*.c)
LINK_TOOL_C := $(wildcard tools/sill-link/*.c)
LINK_TOOL_OBJECTS := $(patsubst %.c,$(BUILD)/tools/%.o,$(LINK_TOOL_C) $(LINK_C))

TOOL := $(BUILD)/tools/sill
# The names of exit reasons are the core's, the CRC-32 is the link's.
TOOL_C := $(wildcard tools/sill/*.c) vmx/exit_reason.c link/frame.c
TOOL_OBJECTS := $(TOOL_C:%.c=$(BUILD)/tools/%.o)
TOOL_CFLAGS := -D_GNU_SOURCE -std=gnu17 -Os -g -Wall -Wextra -Werror -I. -Iinclude -ffunction-sections -fdata-sections -MMD -MP

.PHONY: tools link-test-programs
tools: $(TOOL) $(LINK_TOOL)

$(TOOL): $(TOOL_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -s -Wl,--gc-sections -o $@ $^

# Not static: it looks up the names of hosts.
$(LINK_TOOL): $(LINK_TOOL_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) -Wl,--gc-sections -o $@ $^

# For tests/sill_link.t: the same with sanitizers, and a program that plays Sill.
LINK_TEST := $(BUILD)/tests/link
LINK_TEST_OBJECTS := $(patsubst %.c,$(LINK_TEST)/%.o,$(LINK_TOOL_C) $(LINK_C) tests/link/peer.c)
LINK_TEST_CFLAGS := $(filter-out -Os,$(TOOL_CFLAGS)) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
link-test-programs: $(LINK_TEST)/sill-link $(LINK_TEST)/peer
$(LINK_TEST)/sill-link: $(patsubst %.c,$(LINK_TEST)/%.o,$(LINK_TOOL_C) $(LINK_C))
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined -o $@ $^
$(LINK_TEST)/peer: $(patsubst %.c,$(LINK_TEST)/%.o,tests/link/peer.c $(LINK_C))
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined -o $@ $^
$(LINK_TEST)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<  (tests))
	$(Q)$(CC) $(LINK_TEST_CFLAGS) -c $< -o $@

$(BUILD)/tools/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<  (tools))
	$(Q)$(CC) $(TOOL_CFLAGS) -c $< -o $@

-include $(TOOL_OBJECTS:.o=.d) $(LINK_TOOL_OBJECTS:.o=.d) $(LINK_TEST_OBJECTS:.o=.d)
