# SPDX-License-Identifier: MIT
# Programs for an ordinary Linux: build/tools/sill. Static, so that it runs on any, an initramfs included.

TOOL := $(BUILD)/tools/sill
# The names of exit reasons are the core's.
TOOL_C := $(wildcard tools/*.c) vmx/exit_reason.c
TOOL_OBJECTS := $(TOOL_C:%.c=$(BUILD)/tools/%.o)
TOOL_CFLAGS := -D_GNU_SOURCE -std=gnu17 -Os -g -Wall -Wextra -Werror -I. -Iinclude -ffunction-sections -fdata-sections -MMD -MP

.PHONY: tools
tools: $(TOOL)

$(TOOL): $(TOOL_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) -static -s -Wl,--gc-sections -o $@ $^

$(BUILD)/tools/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<  (tools))
	$(Q)$(CC) $(TOOL_CFLAGS) -c $< -o $@

-include $(TOOL_OBJECTS:.o=.d)
