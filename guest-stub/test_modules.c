/* SPDX-License-Identifier: MIT */
/*
 * Multiboot modules and the command line: where they are, and what is in them. A module's text
 * describes the module, so that this program can tell whether the right bytes arrived: "I/N SIZE
 * SUM and anything else", that is its number from 1, how many there are, its length and the
 * 32-bit FNV-1a hash of its bytes, all hexadecimal without 0x.
 */
#include "console.h"
#include "helpers.h"
#include "paging.h"
#include "suite.h"
#include "tap.h"

extern char image_start[], image_end[];

static bool overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	return a < b_end && b < a_end;
}

static uint64_t hex(const char **text)
{
	uint64_t value = 0;

	for (;; ++*text) {
		char c = **text;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			return value;
	}
}

static uint32_t fnv_1a(const uint8_t *bytes, uint64_t size)
{
	uint32_t hash = 0x811c9dc5;

	for (uint64_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x01000193;
	return hash;
}

static void place(const struct multiboot_module *modules, uint32_t i)
{
	const uint64_t start = modules[i].start, end = modules[i].end;
	const uint64_t info = (uint64_t)multiboot;
	bool alone = true;

	tap_ok(start >= MIB && start <= end && end <= guest_memory(),
	       "module %u: from %lx to %lx, in RAM above 1 MiB", i + 1, start, end);
	tap_equal(start % PAGE_SIZE, 0, "module %u: begins with a page", i + 1);
	for (uint32_t j = 0; j < i; j++)
		alone &= !overlap(start, end, modules[j].start, modules[j].end) &&
			 start != modules[j].start;
	tap_ok(alone, "module %u: lies apart from the modules before it", i + 1);
	tap_ok(!overlap(start, end, (uint64_t)image_start, (uint64_t)image_end) &&
		       !overlap(start, end, info, info + sizeof(*multiboot)) &&
		       !overlap(start, end, (uint64_t)modules,
				(uint64_t)(modules + multiboot->mods_count)),
	       "module %u: lies apart from this program and from what describes it", i + 1);
}

static void content(const struct multiboot_module *module, uint32_t i)
{
	const char *text = (const char *)(uint64_t)module->string;
	const uint64_t size = module->end - module->start;

	print("# module %u: \"%s\"\n", i + 1, text);
	tap_equal(hex(&text), i + 1, "module %u: its text says which one it is", i + 1);
	text += *text == '/';
	tap_equal(hex(&text), multiboot->mods_count, "module %u: and how many there are", i + 1);
	text += *text == ' ';
	tap_equal(size, hex(&text), "module %u: is as long as its text says", i + 1);
	text += *text == ' ';
	tap_equal(fnv_1a((const uint8_t *)(uint64_t)module->start, size), hex(&text),
		  "module %u: has the bytes that its text says", i + 1);
	tap_equal(module->reserved, 0, "module %u: the reserved field is 0", i + 1);
}

void test_modules(void)
{
	const struct multiboot_module *modules;

	if (multiboot->flags & MULTIBOOT_INFO_CMDLINE)
		print("# command line: \"%s\"\n", (const char *)(uint64_t)multiboot->cmdline);
	tap_ok(multiboot->flags & MULTIBOOT_INFO_CMDLINE, "Multiboot: a command line is given");
	if (!(multiboot->flags & MULTIBOOT_INFO_MODULES)) {
		tap_skip("modules", "this guest was given none");
		return;
	}
	tap_ok(multiboot->mods_count > 0, "Multiboot: there are %u modules", multiboot->mods_count);
	modules = (const void *)(uint64_t)multiboot->mods_addr;
	for (uint32_t i = 0; i < multiboot->mods_count; i++) {
		place(modules, i);
		content(&modules[i], i);
	}
}
