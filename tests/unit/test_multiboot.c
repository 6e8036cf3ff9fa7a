/* SPDX-License-Identifier: MIT */
/* UNIT: guest/multiboot.c guest/elf.c core/format.c */
/*
 * Multiboot images, good and hostile: what is planned for them, why they are refused, where the
 * information structure and the modules go, and what a kernel reads in the structure. The
 * structure is read back here by offsets of the specification, not by the code's own types.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guest/elf.h"
#include "guest/multiboot.h"
#include "sill/errno.h"

#define MIB	 (1ull << 20)
#define GIB	 (1ull << 30)
#define MAGIC	 0x1badb002u
#define LOAD	 1u

#define FILE_MAX (64 * 1024)

/* The image being made; `image_size` bytes of it count. */
static uint8_t image[FILE_MAX];
static size_t image_size;
static uint64_t ram;

static struct multiboot_plan plan;
static char reason[MULTIBOOT_MAX_REASON];

static void put_16(size_t at, uint16_t value)
{
	memcpy(image + at, &value, sizeof(value));
}

static void put_32(size_t at, uint32_t value)
{
	memcpy(image + at, &value, sizeof(value));
}

static void put_64(size_t at, uint64_t value)
{
	memcpy(image + at, &value, sizeof(value));
}

static void put_header(size_t at, uint32_t flags)
{
	put_32(at, MAGIC);
	put_32(at + 4, flags);
	put_32(at + 8, 0u - MAGIC - flags);
}

static void clear_image(size_t size)
{
	memset(image, 0x90, sizeof(image));
	image_size = size;
	ram = 32 * MIB;
}

/* From a block of exactly that size, so that any overread is seen. */
static int run_plan_with(size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, image, size);
	memset(&plan, 0xa5, sizeof(plan));
	memset(reason, 0xa5, sizeof(reason));
	result = multiboot_plan(copy, size, ram, &plan, reason, sizeof(reason));
	free(copy);
	return result;
}

static void accepted(void)
{
	int result = run_plan_with(image_size);

	if (result)
		fail_msg("refused (%d): %s", result, reason);
}

static void refused(int error, const char *text)
{
	int result = run_plan_with(image_size);

	if (result == 0)
		fail_msg("accepted; expected: %s", text);
	assert_non_null(memchr(reason, '\0', sizeof(reason)));
	assert_true(strlen(reason) < sizeof(reason) - 1);
	if (result != -error || !strstr(reason, text))
		fail_msg("result %d: %s; expected: %d, %s", result, reason, -error, text);
}

static void is_segment(uint32_t index, uint64_t file_offset, uint64_t file_size, uint64_t address,
		       uint64_t memory_size)
{
	assert_true(index < plan.segment_count);
	assert_int_equal(plan.segments[index].file_offset, file_offset);
	assert_int_equal(plan.segments[index].file_size, file_size);
	assert_int_equal(plan.segments[index].address, address);
	assert_int_equal(plan.segments[index].memory_size, memory_size);
}

/* ---- ELF images ---- */

struct phdr {
	uint32_t type;
	uint64_t offset, vaddr, paddr, filesz, memsz;
};

#define PHDR_AT 64u

static size_t phdr_at(int bits, unsigned index)
{
	return PHDR_AT + index * (bits == 64 ? 56u : 32u);
}

static void put_phdr_at(int bits, size_t at, const struct phdr *p)
{
	put_32(at, p->type);
	if (bits == 64) {
		put_32(at + 4, 5);
		put_64(at + 8, p->offset);
		put_64(at + 16, p->vaddr);
		put_64(at + 24, p->paddr);
		put_64(at + 32, p->filesz);
		put_64(at + 40, p->memsz);
		put_64(at + 48, 4096);
	} else {
		put_32(at + 4, (uint32_t)p->offset);
		put_32(at + 8, (uint32_t)p->vaddr);
		put_32(at + 12, (uint32_t)p->paddr);
		put_32(at + 16, (uint32_t)p->filesz);
		put_32(at + 20, (uint32_t)p->memsz);
		put_32(at + 24, 5);
		put_32(at + 28, 4096);
	}
}

static void put_elf(int bits, uint64_t entry, uint64_t phoff, unsigned phentsize, unsigned phnum)
{
	static const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 0, 1, 1};

	memset(image, 0, 64);
	memcpy(image, ident, sizeof(ident));
	image[4] = bits == 64 ? 2 : 1;
	put_16(16, 2);
	put_16(18, bits == 64 ? 62 : 3);
	put_32(20, 1);
	if (bits == 64) {
		put_64(24, entry);
		put_64(32, phoff);
		put_16(52, 64);
		put_16(54, (uint16_t)phentsize);
		put_16(56, (uint16_t)phnum);
	} else {
		put_32(24, (uint32_t)entry);
		put_32(28, (uint32_t)phoff);
		put_16(40, 52);
		put_16(42, (uint16_t)phentsize);
		put_16(44, (uint16_t)phnum);
	}
}

static void make_elf(int bits, uint64_t entry, const struct phdr *phdrs, unsigned count)
{
	clear_image(0x3000);
	put_elf(bits, entry, PHDR_AT, bits == 64 ? 56 : 32, count);
	for (unsigned i = 0; i < count; i++)
		put_phdr_at(bits, phdr_at(bits, i), &phdrs[i]);
	put_header(0x1000, 0x3);
}

/* Text at 1 MiB and data with bss at 2 MiB, linked where it is loaded. */
static const struct phdr text_and_data[] = {
	{LOAD, 0x1000, 0x100000, 0x100000, 0x1000, 0x1000},
	{LOAD, 0x2000, 0x200000, 0x200000, 0x800, 0x5000},
};

static const int both[] = {32, 64};

static void test_elf(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		make_elf(both[i], 0x100010, text_and_data, 2);
		accepted();
		assert_int_equal(plan.header, 0x1000);
		assert_int_equal(plan.flags, 3);
		assert_int_equal(plan.entry, 0x100010);
		assert_int_equal(plan.segment_count, 2);
		is_segment(0, 0x1000, 0x1000, 0x100000, 0x1000);
		is_segment(1, 0x2000, 0x800, 0x200000, 0x5000);
		assert_int_equal(plan.end, 0x205000);
	}
	/* Position-independent executables are loaded where their headers say. */
	make_elf(32, 0x100010, text_and_data, 2);
	put_16(16, 3);
	accepted();
}

static void test_elf_truncated(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		make_elf(both[i], 0x100010, text_and_data, 2);
		for (size_t size = 0; size < 0x2800; size++)
			assert_int_equal(run_plan_with(size), -SILL_ENOEXEC);
		assert_int_equal(run_plan_with(0x2800), 0);
	}
}

/* The ELF reader alone, for which the file may be shorter than any with a Multiboot header. */
static void test_elf_header_truncated(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		size_t table_end = PHDR_AT + 2 * (both[i] == 64 ? 56 : 32);

		make_elf(both[i], 0x100010, text_and_data, 2);
		for (size_t size = 0; size <= table_end; size++) {
			uint8_t *copy = malloc(size ? size : 1);
			struct elf_image elf;

			assert_non_null(copy);
			memcpy(copy, image, size);
			assert_int_equal(elf_open(copy, size, &elf, reason, sizeof(reason)),
					 size < table_end ? -SILL_ENOEXEC : 0);
			if (size == table_end) {
				struct elf_segment segment;

				assert_int_equal(elf.program_header_count, 2);
				elf_read_segment(&elf, 1, &segment);
				assert_int_equal(segment.physical_address, 0x200000);
			}
			free(copy);
		}
	}
}

static void test_elf_ident(void **state)
{
	(void)state;
	make_elf(32, 0x100010, text_and_data, 2);
	image[1] = 'e';
	refused(SILL_ENOEXEC, "not an ELF file");
	for (unsigned value = 0; value < 256; value++) {
		for (unsigned at = 4; at < 7; at++) {
			make_elf(32, 0x100010, text_and_data, 2);
			image[at] = (uint8_t)value;
			if (value == 1)
				accepted();
			else
				assert_int_equal(run_plan_with(image_size), -SILL_ENOEXEC);
		}
	}
	make_elf(32, 0x100010, text_and_data, 2);
	put_32(20, 2);
	refused(SILL_ENOEXEC, "version");
	static const uint16_t types[] = {0, 1, 4, 0xff00, 0xffff};

	for (unsigned i = 0; i < 5; i++) {
		make_elf(32, 0x100010, text_and_data, 2);
		put_16(16, types[i]);
		refused(SILL_ENOEXEC, "not an executable");
	}
	/* x32, AArch64 and so on. */
	make_elf(32, 0x100010, text_and_data, 2);
	put_16(18, 62);
	refused(SILL_ENOEXEC, "ELF32 for machine 62");
	make_elf(64, 0x100010, text_and_data, 2);
	put_16(18, 3);
	refused(SILL_ENOEXEC, "ELF64 for machine 3;");
	put_16(18, 183);
	refused(SILL_ENOEXEC, "ELF64 for machine 183");
}

static void test_program_header_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int bits = both[i];
		unsigned size = bits == 64 ? 56 : 32;

		make_elf(bits, 0x100010, text_and_data, 2);
		put_elf(bits, 0x100010, PHDR_AT, size, 0);
		refused(SILL_ENOEXEC, "0 ELF program headers");
		put_elf(bits, 0x100010, PHDR_AT, size, 65535);
		refused(SILL_ENOEXEC, "65535 ELF program headers");
		put_elf(bits, 0x100010, PHDR_AT, size, 65534);
		refused(SILL_ENOEXEC, "do not lie within the file");
		put_elf(bits, 0x100010, PHDR_AT, size - 1, 2);
		refused(SILL_ENOEXEC, "too small");
		put_elf(bits, 0x100010, PHDR_AT, 0, 2);
		refused(SILL_ENOEXEC, "too small");
		put_elf(bits, 0x100010, PHDR_AT, 65535, 2);
		refused(SILL_ENOEXEC, "do not lie within the file");
		put_elf(bits, 0x100010, image_size - 2 * size + 1, size, 2);
		refused(SILL_ENOEXEC, "do not lie within the file");
		put_elf(bits, 0x100010, bits == 64 ? UINT64_MAX : UINT32_MAX, size, 2);
		refused(SILL_ENOEXEC, "do not lie within the file");
		put_elf(bits, 0x100010, bits == 64 ? 0 - 2ull * size : UINT32_MAX - 63, size, 2);
		refused(SILL_ENOEXEC, "do not lie within the file");

		/* At the very end of the file, and at an odd place with an odd stride. */
		image_size = 0x3000;
		put_elf(bits, 0x100010, image_size - 2 * size, size, 2);
		put_phdr_at(bits, image_size - 2 * size, &text_and_data[0]);
		put_phdr_at(bits, image_size - size, &text_and_data[1]);
		accepted();
		assert_int_equal(plan.segment_count, 2);
		put_elf(bits, 0x100010, 0x801, size + 5, 2);
		put_phdr_at(bits, 0x801, &text_and_data[0]);
		put_phdr_at(bits, 0x801 + size + 5, &text_and_data[1]);
		accepted();
		is_segment(1, 0x2000, 0x800, 0x200000, 0x5000);
	}
}

static void test_number_of_segments(void **state)
{
	struct phdr phdrs[MULTIBOOT_MAX_SEGMENTS + 3];

	(void)state;
	for (unsigned i = 0; i < MULTIBOOT_MAX_SEGMENTS + 3; i++)
		phdrs[i] = (struct phdr){LOAD, 0x1000, 0, 0x100000 + i * 0x1000, 0x800, 0x1000};
	/* What isn't to be loaded, or is empty, doesn't count. */
	phdrs[0].type = 0x6474e551;
	phdrs[1].filesz = phdrs[1].memsz = 0;
	make_elf(32, 0x102000, phdrs, MULTIBOOT_MAX_SEGMENTS + 2);
	accepted();
	assert_int_equal(plan.segment_count, MULTIBOOT_MAX_SEGMENTS);
	is_segment(MULTIBOOT_MAX_SEGMENTS - 1, 0x1000, 0x800, 0x111000, 0x1000);
	make_elf(32, 0x102000, phdrs, MULTIBOOT_MAX_SEGMENTS + 3);
	refused(SILL_E2BIG, "more than 16 segments");
	make_elf(32, 0x102000, phdrs, 2);
	refused(SILL_ENOEXEC, "nothing to load");
}

/* One good segment at 1 MiB, and this one. */
static void make_pair(int bits, struct phdr second)
{
	const struct phdr phdrs[] = {text_and_data[0], second};

	make_elf(bits, 0x100010, phdrs, 2);
}

static void test_segments_in_file(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int bits = both[i];

		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x200000, 0x1001, 0x2000});
		refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
		make_pair(bits, (struct phdr){LOAD, 0x3000, 0, 0x200000, 1, 0x2000});
		refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
		make_pair(bits, (struct phdr){LOAD, UINT32_MAX, 0, 0x200000, 2, 0x2000});
		refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x200000, 0x801, 0x800});
		refused(SILL_ENOEXEC, "0x200000 has more bytes in the file");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x200000, 1, 0});
		refused(SILL_ENOEXEC, "0x200000 has more bytes in the file");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x200000, 0x1000, 0x1000});
		accepted();
		/* All zeros: wherever it says that it is in the file, nothing is read there. */
		make_pair(bits, (struct phdr){LOAD, UINT32_MAX, 0, 0x200000, 0, 0x1000});
		accepted();
		is_segment(1, 0, 0, 0x200000, 0x1000);
	}
	make_pair(64, (struct phdr){LOAD, UINT64_MAX, 0, 0x200000, 0x1000, 0x1000});
	refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
	make_pair(64, (struct phdr){LOAD, 0 - 0x1000ull, 0, 0x200000, 0x1000, 0x1000});
	refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 0x200000, UINT64_MAX - 0x1fff, UINT64_MAX});
	refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
	make_pair(64, (struct phdr){LOAD, 1ull << 32, 0, 0x200000, 1, 0x1000});
	refused(SILL_ENOEXEC, "0x200000 does not lie within the file");
}

static void test_segments_in_memory(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int bits = both[i];

		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 32 * MIB - 0x1000, 1, 0x1000});
		accepted();
		assert_int_equal(plan.end, 32 * MIB);
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 32 * MIB - 0x1000, 1, 0x1001});
		refused(SILL_ENOMEM, "needs more than 0x2000000 bytes");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 32 * MIB, 0, 1});
		refused(SILL_ENOMEM, "needs more than 0x2000000 bytes");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0xfffff000, 1, 0x1000});
		refused(SILL_ENOMEM, "needs more than");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x200000, 1, UINT32_MAX});
		refused(SILL_ENOMEM, "needs more than");

		/* 9FC00h to FFFFFh. */
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0, 1, 0x9fc00});
		accepted();
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0, 1, 0x9fc01});
		refused(SILL_ENOEXEC, "touches 0x9fc00");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0xa0000, 1, 1});
		refused(SILL_ENOEXEC, "touches 0x9fc00");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0xfffff, 1, 1});
		refused(SILL_ENOEXEC, "touches 0x9fc00");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x1000, 1, 0x200000});
		refused(SILL_ENOEXEC, "touches 0x9fc00");

		/* The first segment is [100000h, 101000h). */
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x100fff, 1, 1});
		refused(SILL_ENOEXEC, "0x100000 and 0x100fff overlap");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x100000, 1, 1});
		refused(SILL_ENOEXEC, "overlap");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x100000, 1, 0x2000});
		refused(SILL_ENOEXEC, "overlap");
		make_pair(bits, (struct phdr){LOAD, 0x2000, 0, 0x101000, 1, 1});
		accepted();
	}
	/* The wraps of 64 bits, with as much memory as there can be. */
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 0 - 0x1000ull, 1, 0x1000});
	refused(SILL_ENOEXEC, "0xfffffffffffff000 wraps");
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 0x200000, 1, 0 - 0x200000ull});
	refused(SILL_ENOEXEC, "0x200000 wraps");
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 0x200000, 1, UINT64_MAX});
	refused(SILL_ENOEXEC, "0x200000 wraps");
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, UINT64_MAX, 1, UINT64_MAX});
	refused(SILL_ENOEXEC, "wraps");
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 0 - 0x1000ull, 1, 0xfff});
	ram = UINT64_MAX;
	accepted();
	assert_int_equal(plan.end, UINT64_MAX);
	/* The second from below the first, through it, to above. */
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 0x300000, 0, 0x1000});
	const struct phdr around = {LOAD, 0x2000, 0, 0x180000, 0x800, 0x400000};

	put_elf(64, 0x100010, PHDR_AT, 56, 3);
	put_phdr_at(64, phdr_at(64, 2), &around);
	refused(SILL_ENOEXEC, "0x300000 and 0x180000 overlap");
	/* Above 4 GiB, where only a 64-bit kernel's own code can go. */
	make_pair(64, (struct phdr){LOAD, 0x2000, 0, 5 * GIB, 0x800, 0x1000});
	refused(SILL_ENOMEM, "needs more than");
	ram = 6 * GIB;
	accepted();
}

static void test_entry(void **state)
{
	static const struct phdr higher_half[] = {
		{LOAD, 0x1000, 0xc0100000, 0x100000, 0x1000, 0x1000},
		{LOAD, 0x2000, 0xc0101000, 0x200000, 0x800, 0x1000},
	};
	static const struct phdr kernel_64[] = {
		{LOAD, 0x1000, 0xffffffff80000000, 0x100000, 0x1000, 0x1000},
		{LOAD, 0x2000, 0xfffffffffffff000, 0x200000, 0x800, 0x1000},
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		static const struct {
			uint64_t entry;
			int error;
		} cases[] = {
			{0x100000, 0},
			{0x100fff, 0},
			{0x2007ff, 0},		  /* inside */
			{0x200800, SILL_ENOEXEC}, /* in bss */
			{0x204fff, SILL_ENOEXEC},
			{0xfffff, SILL_ENOEXEC},
			{0x101000, SILL_ENOEXEC},
			{0x205000, SILL_ENOEXEC},
			{0, SILL_ENOEXEC},
			{UINT32_MAX, SILL_ENOEXEC},
		};

		for (unsigned j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
			make_elf(both[i], cases[j].entry, text_and_data, 2);
			if (cases[j].error) {
				refused(cases[j].error, "entry point");
			} else {
				accepted();
				assert_int_equal(plan.entry, cases[j].entry);
			}
		}
		/* Virtual as linked, or physical. */
		make_elf(both[i], 0xc0100020, higher_half, 2);
		accepted();
		assert_int_equal(plan.entry, 0x100020);
		make_elf(both[i], 0xc0101020, higher_half, 2);
		accepted();
		assert_int_equal(plan.entry, 0x200020);
		make_elf(both[i], 0x200020, higher_half, 2);
		accepted();
		assert_int_equal(plan.entry, 0x200020);
		make_elf(both[i], 0xc0101800, higher_half, 2);
		refused(SILL_ENOEXEC, "entry point 0x200800");
		make_elf(both[i], 0xc0300000, higher_half, 2);
		refused(SILL_ENOEXEC, "entry point 0xc0300000");
	}
	make_elf(64, 0xffffffff80000ffc, kernel_64, 2);
	accepted();
	assert_int_equal(plan.entry, 0x100ffc);
	make_elf(64, 0xfffffffffffff7ff, kernel_64, 2);
	accepted();
	assert_int_equal(plan.entry, 0x2007ff);
	make_elf(64, UINT64_MAX, kernel_64, 2);
	refused(SILL_ENOEXEC, "entry point 0x200fff");
	/* 32-bit code starts below 4 GiB. */
	make_pair(64, (struct phdr){LOAD, 0x2000, 5 * GIB, 5 * GIB, 0x800, 0x1000});
	put_64(24, 5 * GIB);
	ram = 6 * GIB;
	refused(SILL_ENOEXEC, "entry point 0x140000000 is not below 4 GiB");
	/* Not cut to 32 bits. */
	make_elf(64, 0x100100010, text_and_data, 2);
	refused(SILL_ENOEXEC, "entry point 0x100100010");
	/* A segment that isn't loaded doesn't translate. */
	make_pair(32, (struct phdr){2, 0x1000, 0x700000, 0x100000, 0x1000, 0x1000});
	put_32(24, 0x700000);
	refused(SILL_ENOEXEC, "entry point 0x700000");
}

/* ---- The Multiboot header ---- */

static void test_header_place(void **state)
{
	(void)state;
	for (size_t at = 0; at <= 8192 + 16; at++) {
		make_elf(32, 0x100010, text_and_data, 2);
		put_32(0x1000, 0);
		if (at < 128)
			continue; /* would be in the ELF header; see the test of addresses */
		put_header(at, 3);
		if (at % 4 == 0 && at + 12 <= 8192) {
			accepted();
			assert_int_equal(plan.header, at);
		} else {
			refused(SILL_ENOEXEC, "no Multiboot header");
		}
	}
	/* At the very end of a small file: a header, but nothing more. */
	clear_image(12);
	put_header(0, 0);
	refused(SILL_ENOEXEC, "not an ELF file");
	for (image_size = 0; image_size < 12; image_size++)
		refused(SILL_ENOEXEC, "no Multiboot header");
}

static void test_header_checksum(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 96; bit++) {
		make_elf(32, 0x100010, text_and_data, 2);
		image[0x1000 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused(SILL_ENOEXEC, bit < 32 ? "no Multiboot header" : "wrong checksum");
	}
	/* A wrong one does not hide a right one. */
	make_elf(32, 0x100010, text_and_data, 2);
	put_32(0x800, MAGIC);
	accepted();
	assert_int_equal(plan.header, 0x1000);
	/* The first of two right ones counts. */
	put_header(0x800, 0);
	accepted();
	assert_int_equal(plan.header, 0x800);
	/* The next version's header alone. */
	make_elf(32, 0x100010, text_and_data, 2);
	put_32(0x1000, 0xe85250d6);
	refused(SILL_ENOEXEC, "Multiboot2");
	put_header(0x1800, 3);
	accepted();
}

static void test_header_flags(void **state)
{
	(void)state;
	for (unsigned bit = 0; bit < 32; bit++) {
		char text[20];

		make_elf(32, 0x100010, text_and_data, 2);
		put_header(0x1000, 3 | 1u << bit);
		if (bit < 2 || bit > 16) {
			accepted();
			assert_int_equal(plan.flags, 3 | 1u << bit);
			continue;
		}
		if (bit == 16)
			continue;
		snprintf(text, sizeof(text), "(bit %u ", bit);
		refused(SILL_ENOEXEC, text);
		if (bit == 2)
			assert_non_null(strstr(reason, "video"));
	}
	make_elf(32, 0x100010, text_and_data, 2);
	put_header(0x1000, 0);
	accepted();
	put_header(0x1000, 0xffff);
	refused(SILL_ENOEXEC, "video");
	put_header(0x1000, 0xffff0000 & ~(1u << 16));
	accepted();
}

/* ---- Address fields ("a.out kludge") ---- */

/* A file that is no ELF: a header at `at`, and the fields in the header's order. */
static void make_raw(size_t at, uint32_t header_addr, uint32_t load_addr, uint32_t load_end_addr,
		     uint32_t bss_end_addr, uint32_t entry_addr)
{
	clear_image(0x3000);
	put_header(at, 0x10003);
	put_32(at + 12, header_addr);
	put_32(at + 16, load_addr);
	put_32(at + 20, load_end_addr);
	put_32(at + 24, bss_end_addr);
	put_32(at + 28, entry_addr);
}

static void test_addresses(void **state)
{
	(void)state;
	make_raw(0x100, 0x100100, 0x100000, 0x102000, 0x108000, 0x100200);
	accepted();
	assert_int_equal(plan.segment_count, 1);
	is_segment(0, 0, 0x2000, 0x100000, 0x8000);
	assert_int_equal(plan.entry, 0x100200);
	assert_int_equal(plan.end, 0x108000);
	/* Loading starts in the middle of the file, or with the header itself. */
	make_raw(0x1000, 0x100100, 0x100000, 0x100800, 0x100800, 0x100000);
	accepted();
	is_segment(0, 0xf00, 0x800, 0x100000, 0x800);
	make_raw(0x1000, 0x100000, 0x100000, 0x100800, 0, 0x1007ff);
	accepted();
	is_segment(0, 0x1000, 0x800, 0x100000, 0x800);
	/* load_end_addr 0: up to the file's end. bss_end_addr 0: no bss. */
	make_raw(0x100, 0x100100, 0x100000, 0, 0, 0x102fff);
	accepted();
	is_segment(0, 0, 0x3000, 0x100000, 0x3000);
	make_raw(0x200, 0x100100, 0x100000, 0, 0x104000, 0x100000);
	accepted();
	is_segment(0, 0x100, 0x2f00, 0x100000, 0x4000);
	make_raw(0, 0x100000, 0x100000, 0, 0x103000, 0x100020);
	accepted();
	is_segment(0, 0, 0x3000, 0x100000, 0x3000);
	/* The last place where all of it fits. */
	make_raw(8192 - 32, 0x100000, 0x100000, 0, 0, 0x100020);
	accepted();
	make_raw(8192 - 28, 0x100000, 0x100000, 0, 0, 0x100020);
	refused(SILL_ENOEXEC, "cut off");
	/* It comes before an ELF header. */
	make_elf(32, 0x100010, text_and_data, 2);
	put_header(0x1000, 0x10003);
	put_32(0x100c, 0x401000);
	put_32(0x1010, 0x400000);
	put_32(0x1014, 0);
	put_32(0x1018, 0);
	put_32(0x101c, 0x401020);
	accepted();
	is_segment(0, 0, 0x3000, 0x400000, 0x3000);
	assert_int_equal(plan.entry, 0x401020);
}

static void test_addresses_refused(void **state)
{
	(void)state;
	make_raw(0x100, 0x100100, 0x100101, 0, 0, 0x100200);
	refused(SILL_ENOEXEC, "cannot be loaded at 0x100100");
	make_raw(0x100, 0x100101, 0x100000, 0, 0, 0x100200);
	refused(SILL_ENOEXEC, "cannot be loaded at 0x100101");
	make_raw(0x100, 0xffffffff, 0, 0, 0, 0x100200);
	refused(SILL_ENOEXEC, "cannot be loaded");
	make_raw(0x100, 0, 0xffffffff, 0, 0, 0x100200);
	refused(SILL_ENOEXEC, "cannot be loaded");
	make_raw(0x100, 0x100100, 0x100000, 0xfffff, 0, 0x100200);
	refused(SILL_ENOEXEC, "load_end_addr 0xfffff below");
	make_raw(0x100, 0x100100, 0x100000, 0x103001, 0, 0x100200);
	refused(SILL_ENOEXEC, "does not lie within the file");
	make_raw(0x100, 0x100100, 0x100000, 0xffffffff, 0xffffffff, 0x100200);
	refused(SILL_ENOEXEC, "does not lie within the file");
	make_raw(0x100, 0x100100, 0x100000, 0x102000, 0x101fff, 0x100200);
	refused(SILL_ENOEXEC, "bss_end_addr 0x101fff below");
	make_raw(0x100, 0x100100, 0x100000, 0, 0x102fff, 0x100200);
	refused(SILL_ENOEXEC, "bss_end_addr 0x102fff below");
	make_raw(0x100, 0x100100, 0x100000, 0, 0xffffffff, 0x100200);
	refused(SILL_ENOMEM, "needs more than");
	make_raw(0x100, 0xfffff100, 0xfffff000, 0, 0, 0xfffff200);
	refused(SILL_ENOMEM, "needs more than");
	/* bss_end_addr cannot reach the end of what is loaded without a wrap of 32 bits. */
	make_raw(0x100, 0xfffff100, 0xfffff000, 0, 0x2800, 0xfffff200);
	refused(SILL_ENOEXEC, "bss_end_addr 0x2800 below");
	make_raw(0x100, 0x9f100, 0x9f000, 0, 0, 0x9f200);
	refused(SILL_ENOEXEC, "touches 0x9fc00");
	make_raw(0x100, 0x7d00, 0x7c00, 0, 0, 0x7e00);
	accepted();
	/* The entry point: before, at the end of the file's part, in bss. */
	make_raw(0x100, 0x100100, 0x100000, 0x102000, 0x108000, 0xfffff);
	refused(SILL_ENOEXEC, "entry point 0xfffff");
	make_raw(0x100, 0x100100, 0x100000, 0x102000, 0x108000, 0x102000);
	refused(SILL_ENOEXEC, "entry point 0x102000");
	make_raw(0x100, 0x100100, 0x100000, 0x102000, 0x108000, 0x107fff);
	refused(SILL_ENOEXEC, "entry point 0x107fff");
	/* Nothing at all to load, or only zeros. */
	make_raw(0x100, 0x100000, 0x100000, 0x100000, 0, 0x100000);
	refused(SILL_ENOEXEC, "entry point 0x100000");
	make_raw(0x100, 0x100000, 0x100000, 0x100000, 0x101000, 0x100000);
	refused(SILL_ENOEXEC, "entry point 0x100000");
}

static void test_addresses_truncated(void **state)
{
	(void)state;
	make_raw(0x100, 0x100100, 0x100000, 0x102000, 0x108000, 0x100200);
	for (size_t size = 0; size < 0x2000; size++)
		assert_int_equal(run_plan_with(size), -SILL_ENOEXEC);
	assert_int_equal(run_plan_with(0x2000), 0);
	make_raw(0x100, 0x100100, 0x100000, 0, 0, 0x100110);
	for (size_t size = 0; size < 0x120; size++)
		assert_int_equal(run_plan_with(size), -SILL_ENOEXEC);
	assert_int_equal(run_plan_with(0x120), 0);
}

/* A reason never writes beyond what the caller has for it. */
static void test_small_reason(void **state)
{
	char *small = malloc(8);

	(void)state;
	assert_non_null(small);
	clear_image(0x1000);
	assert_int_equal(multiboot_plan(image, image_size, ram, &plan, small, 8), -SILL_ENOEXEC);
	assert_int_equal(strlen(small), 7);
	free(small);
}

/* ---- Placement ---- */

static struct sill_guest guest;
static struct multiboot_layout layout;

static void make_guest(uint64_t memory, uint64_t lazy_memory)
{
	memset(&guest, 0, sizeof(guest));
	guest.memory = memory;
	guest.lazy_memory = lazy_memory;
}

static void add_module(uint64_t size, const char *cmdline)
{
	struct sill_module *module = &guest.modules[guest.module_count++];

	module->file.base = 0x12345000;
	module->file.size = size;
	snprintf(module->cmdline, sizeof(module->cmdline), "%s", cmdline);
}

static void make_plan(const struct multiboot_segment *segments, uint32_t count)
{
	memset(&plan, 0, sizeof(plan));
	plan.segment_count = count;
	for (uint32_t i = 0; i < count; i++) {
		plan.segments[i] = segments[i];
		if (segments[i].address + segments[i].memory_size > plan.end)
			plan.end = segments[i].address + segments[i].memory_size;
	}
}

static int run_place(void)
{
	memset(&layout, 0xa5, sizeof(layout));
	memset(reason, 0xa5, sizeof(reason));
	return multiboot_place(&plan, &guest, &layout, reason, sizeof(reason));
}

/* Everything that the layout promises, checked pair by pair. */
static void check_layout(void)
{
	struct sill_range ranges[1 + SILL_MAX_MODULES + MULTIBOOT_MAX_SEGMENTS];
	uint64_t limit = guest.memory - guest.lazy_memory;
	unsigned placed, count = 0;

	assert_int_equal(layout.module_count, guest.module_count);
	ranges[count++] = (struct sill_range){layout.info, MULTIBOOT_INFO_SIZE};
	for (uint32_t i = 0; i < layout.module_count; i++) {
		assert_int_equal(layout.modules[i].size, guest.modules[i].file.size);
		ranges[count++] = layout.modules[i];
	}
	placed = count;
	for (uint32_t i = 0; i < plan.segment_count; i++)
		ranges[count++] =
			(struct sill_range){plan.segments[i].address, plan.segments[i].memory_size};
	for (unsigned i = 0; i < placed; i++) {
		assert_int_equal(ranges[i].base % 4096, 0);
		assert_true(ranges[i].base >= MIB);
		assert_true(ranges[i].base + ranges[i].size <= limit);
		assert_true(ranges[i].base + ranges[i].size <= UINT32_MAX);
		for (unsigned j = 0; j < count; j++) {
			if (i == j)
				continue;
			assert_true(ranges[i].base + ranges[i].size <= ranges[j].base ||
				    ranges[j].base + ranges[j].size <= ranges[i].base);
			assert_true(ranges[i].base != ranges[j].base);
		}
	}
}

static void placed(void)
{
	int result = run_place();

	if (result)
		fail_msg("refused (%d): %s", result, reason);
	check_layout();
}

static void not_placed(const char *text)
{
	assert_int_equal(run_place(), -SILL_ENOMEM);
	assert_non_null(memchr(reason, '\0', sizeof(reason)));
	if (!strstr(reason, text))
		fail_msg("%s; expected: %s", reason, text);
}

static void test_place_above_kernel(void **state)
{
	static const struct multiboot_segment kernel[] = {
		{0, 1, 0x100000, 0x1000},
		{0, 1, 0x200000, 0x5001},
	};
	static const struct multiboot_segment low[] = {{0, 1, 0x7c00, 0x200}};

	(void)state;
	make_plan(kernel, 2);
	make_guest(32 * MIB, 4 * MIB);
	add_module(1, "");
	add_module(4096, "");
	add_module(0, "");
	add_module(0, "");
	add_module(4097, "");
	placed();
	assert_int_equal(layout.info, 0x206000);
	assert_int_equal(layout.modules[0].base, 0x207000);
	assert_int_equal(layout.modules[1].base, 0x208000);
	assert_int_equal(layout.modules[2].base, 0x209000);
	assert_int_equal(layout.modules[3].base, 0x20a000);
	assert_int_equal(layout.modules[4].base, 0x20b000);
	/* A kernel below 1 MiB leaves conventional memory to itself. */
	make_plan(low, 1);
	placed();
	assert_int_equal(layout.info, 0x100000);
}

static void test_place_in_gaps(void **state)
{
	/* Up to the end of memory, with a gap of 13 pages from 103000h. */
	static const struct multiboot_segment high[] = {
		{0, 1, 0x110000, 0xef0000 + 1},
		{0, 1, 0x100000, 0x2001},
	};

	(void)state;
	make_plan(high, 2);
	make_guest(16 * MIB + 0x1000, 0); /* not a size that a guest can have, but the tightest */
	placed();
	assert_int_equal(layout.info, 0x103000);
	add_module(0xc000, "");
	placed();
	assert_int_equal(layout.modules[0].base, 0x104000);
	guest.modules[0].file.size++;
	not_placed("module 1 (0xc001 bytes)");
	/* The second module fits above, after the first did not. */
	make_guest(16 * MIB + 0x4000, 0);
	add_module(0xb001, "");
	add_module(0x2000, "");
	placed();
	assert_int_equal(layout.info, 0x1001000);
	assert_int_equal(layout.modules[0].base, 0x103000);
	assert_int_equal(layout.modules[1].base, 0x1002000);
	/* A kernel that ends above 4 GiB. */
	static const struct multiboot_segment above[] = {
		{0, 1, 0x100000, 0x1000},
		{0, 1, 5 * GIB, 0x1000},
	};

	make_plan(above, 2);
	make_guest(6 * GIB, 0);
	placed();
	assert_int_equal(layout.info, 0x101000);
	/* The farthest that a plan can reach. */
	static const struct multiboot_segment farthest[] = {
		{0, 1, 0x100000, 0x1000},
		{0, 1, 0x200000, UINT64_MAX - 0x200000},
	};

	make_plan(farthest, 2);
	make_guest(6 * GIB, 0);
	placed();
	add_module(0xfe000, "");
	placed();
	guest.modules[0].file.size++;
	not_placed("module 1");
}

static void test_place_limits(void **state)
{
	static const struct multiboot_segment kernel[] = {{0, 1, 0x100000, 0x1000}};

	(void)state;
	make_plan(kernel, 1);
	/* Not in the lazily granted top. */
	make_guest(8 * MIB, 4 * MIB);
	add_module(4 * MIB - MIB - 0x2000, "");
	placed();
	guest.modules[0].file.size++;
	not_placed("module 1");
	guest.lazy_memory -= 2 * MIB;
	placed();
	guest.lazy_memory = guest.memory;
	not_placed("the information structure");
	guest.lazy_memory = UINT64_MAX;
	not_placed("the information structure");
	/* Below 4 GiB, and with an end that fits in 32 bits. */
	make_guest(8 * GIB, 0);
	add_module(4 * GIB - MIB - 0x3000, "");
	placed();
	guest.modules[0].file.size++;
	not_placed("module 1");
	add_module(1, "");
	guest.modules[0].file.size = 4 * GIB - MIB - 0x3000;
	not_placed("module 2");
	/* Sizes that would wrap. */
	static const uint64_t sizes[] = {4 * GIB, UINT64_MAX, UINT64_MAX - 0x101fff,
					 UINT64_MAX - 0xfff, 1ull << 63};

	for (unsigned i = 0; i < 5; i++) {
		guest.module_count = 1;
		guest.modules[0].file.size = sizes[i];
		not_placed("module 1");
	}
	/* As many modules as there can be. */
	make_guest(32 * MIB, 0);
	for (unsigned i = 0; i < SILL_MAX_MODULES; i++)
		add_module(0x1001 * i, "");
	placed();
	make_guest(MIB, 0);
	not_placed("the information structure");
}

/* ---- The information structure ---- */

static uint8_t page[MULTIBOOT_INFO_SIZE + 64] __attribute__((aligned(4096)));

/* The decoder: reads at guest-physical addresses, as a kernel would. */
static const uint8_t *at(uint64_t address, size_t size)
{
	assert_true(address >= layout.info);
	assert_true(address - layout.info + size <= MULTIBOOT_INFO_SIZE);
	return page + (address - layout.info);
}

static uint32_t get_32(uint64_t address)
{
	const uint8_t *p = at(address, 4);

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t get_64(uint64_t address)
{
	return get_32(address) | (uint64_t)get_32(address + 4) << 32;
}

static const char *get_text(uint64_t address)
{
	for (size_t length = 1;; length++) {
		if (*at(address + length - 1, 1) == '\0')
			return (const char *)at(address, length);
	}
}

static void build(void)
{
	memset(page, 0xa5, sizeof(page));
	multiboot_info_build(&guest, &layout, page);
	for (size_t i = MULTIBOOT_INFO_SIZE; i < sizeof(page); i++)
		assert_int_equal(page[i], 0xa5);
}

static void check_memory_map(uint64_t memory)
{
	const struct {
		uint64_t base, end;
		uint32_t type;
	} expected[] = {
		{0, 0x9fc00, 1},
		{0x9fc00, 0xa0000, 2},
		{0xa0000, 0x100000, 2},
		{0x100000, memory, 1},
	};
	uint64_t entry = get_32(layout.info + 48);
	uint64_t end = entry + get_32(layout.info + 44);
	unsigned count = 0;

	for (; entry < end; entry += get_32(entry) + 4, count++) {
		assert_true(count < 4);
		assert_int_equal(get_32(entry), 20);
		assert_int_equal(get_64(entry + 4), expected[count].base);
		assert_int_equal(get_64(entry + 12), expected[count].end - expected[count].base);
		assert_int_equal(get_32(entry + 20), expected[count].type);
	}
	assert_int_equal(entry, end);
	assert_int_equal(count, 4);
}

static void test_info(void **state)
{
	(void)state;
	make_guest(32 * MIB, 0);
	strcpy(guest.cmdline, "a b=\"c\"");
	memset(&layout, 0, sizeof(layout));
	layout.info = 0x206000;
	build();
	/* Memory, command line, memory map, loader name: and nothing else is claimed. */
	assert_int_equal(get_32(layout.info), 1u << 0 | 1u << 2 | 1u << 6 | 1u << 9);
	assert_int_equal(get_32(layout.info + 4), 639);
	assert_int_equal(get_32(layout.info + 8), 31 * 1024);
	assert_string_equal(get_text(get_32(layout.info + 16)), "a b=\"c\"");
	assert_string_equal(get_text(get_32(layout.info + 64)), "Sill");
	assert_int_equal(get_32(layout.info + 20), 0);
	check_memory_map(32 * MIB);

	make_guest(1ull << 40, 0);
	build();
	assert_int_equal(get_32(layout.info + 8), (1u << 30) - 1024);
	assert_string_equal(get_text(get_32(layout.info + 16)), "");
	check_memory_map(1ull << 40);

	/* The lazily granted part is RAM like any other. */
	make_guest(6 * MIB, 4 * MIB);
	build();
	assert_int_equal(get_32(layout.info + 8), 5 * 1024);
	check_memory_map(6 * MIB);
}

static void test_info_modules(void **state)
{
	static const struct multiboot_segment kernel[] = {{0, 1, 0x100000, 0x1000}};
	char longest[SILL_MAX_CMDLINE];

	(void)state;
	memset(longest, 'm', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	make_plan(kernel, 1);
	make_guest(32 * MIB, 0);
	memset(guest.cmdline, 'c', sizeof(guest.cmdline)); /* not terminated: must be cut */
	for (unsigned i = 0; i < SILL_MAX_MODULES; i++)
		add_module(i * 5000, i % 2 ? longest : "");
	placed();
	build();
	assert_int_equal(get_32(layout.info), 1u << 0 | 1u << 2 | 1u << 3 | 1u << 6 | 1u << 9);
	assert_int_equal(strlen(get_text(get_32(layout.info + 16))), SILL_MAX_CMDLINE - 1);
	assert_int_equal(get_32(layout.info + 20), SILL_MAX_MODULES);
	for (unsigned i = 0; i < SILL_MAX_MODULES; i++) {
		uint64_t entry = get_32(layout.info + 24) + 16 * i;

		assert_int_equal(get_32(entry), layout.modules[i].base);
		assert_int_equal(get_32(entry) % 4096, 0);
		assert_int_equal(get_32(entry + 4) - get_32(entry), i * 5000);
		assert_string_equal(get_text(get_32(entry + 8)), i % 2 ? longest : "");
		assert_int_equal(get_32(entry + 12), 0);
	}
	check_memory_map(32 * MIB);
	/* The highest place there can be. */
	layout.info = (uint32_t)(4 * GIB - 0x2000);
	layout.module_count = 1;
	layout.modules[0] = (struct sill_range){4 * GIB - 0x3000, 0x2000};
	build();
	assert_int_equal(get_32(get_32(layout.info + 24) + 4), 4 * GIB - 0x1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_elf_truncated),
		cmocka_unit_test(test_elf_header_truncated),
		cmocka_unit_test(test_elf_ident),
		cmocka_unit_test(test_program_header_table),
		cmocka_unit_test(test_number_of_segments),
		cmocka_unit_test(test_segments_in_file),
		cmocka_unit_test(test_segments_in_memory),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_header_place),
		cmocka_unit_test(test_header_checksum),
		cmocka_unit_test(test_header_flags),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_refused),
		cmocka_unit_test(test_addresses_truncated),
		cmocka_unit_test(test_small_reason),
		cmocka_unit_test(test_place_above_kernel),
		cmocka_unit_test(test_place_in_gaps),
		cmocka_unit_test(test_place_limits),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_info_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
