/* SPDX-License-Identifier: MIT */
/* UNIT: boot/core_image.c */
/* The core's ELF headers: what the linker script makes, and each way to get it wrong. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/core_image.h"
#include "core/address_space.h"

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[4];
	uint8_t contents[0x100];
};

static const struct file good = {
	.header =
		{
			.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				    EV_CURRENT},
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = CORE_VIRTUAL + 0x10,
			.e_phoff = offsetof(struct file, segments),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 4,
		},
	.segments =
		{
			{PT_LOAD, PF_R | PF_X, offsetof(struct file, contents), CORE_VIRTUAL,
			 CORE_VIRTUAL, 0x80, 0x80, 0x1000},
			{PT_LOAD, PF_R, offsetof(struct file, contents), CORE_VIRTUAL + 0x1000,
			 CORE_VIRTUAL + 0x1000, 0x40, 0x40, 0x1000},
			{PT_GNU_STACK, PF_R | PF_W | PF_X, 0, 0, 0, 0, 0, 0},
			{PT_LOAD, PF_R | PF_W, offsetof(struct file, contents) + 0xf0,
			 CORE_VIRTUAL + 0x2000, CORE_VIRTUAL + 0x2000, 0x10, 0x2345, 0x1000},
		},
};

/* On the heap and exactly as long as it claims, so that the sanitizer sees every byte too far. */
static const char *parse(const struct file *file, size_t size, struct core_image *image)
{
	void *copy = malloc(size != 0 ? size : 1);
	const char *problem;

	memcpy(copy, file, size);
	problem = core_image_parse(copy, size, image);
	free(copy);
	return problem;
}

static void good_file(void **state)
{
	struct core_image image;

	(void)state;
	assert_null(parse(&good, sizeof(good), &image));
	assert_int_equal(image.entry, CORE_VIRTUAL + 0x10);
	assert_int_equal(image.size, 0x5000);
	assert_int_equal(image.segment_count, 3);
	assert_int_equal(image.segments[0].offset, 0);
	assert_int_equal(image.segments[0].size, 0x1000);
	assert_int_equal(image.segments[0].file, offsetof(struct file, contents));
	assert_int_equal(image.segments[0].file_size, 0x80);
	assert_int_equal(image.segments[0].flags, ADDRESS_SPACE_EXECUTE);
	assert_int_equal(image.segments[1].flags, 0);
	assert_int_equal(image.segments[2].offset, 0x2000);
	assert_int_equal(image.segments[2].size, 0x3000);
	assert_int_equal(image.segments[2].file_size, 0x10);
	assert_int_equal(image.segments[2].flags, ADDRESS_SPACE_WRITE);
}

static void every_truncation_is_refused(void **state)
{
	struct core_image image;

	(void)state;
	for (size_t size = 0; size < sizeof(good); size++)
		assert_non_null(parse(&good, size, &image));
}

#define REFUSED(change)                                              \
	do {                                                         \
		struct file file = good;                             \
		struct core_image image;                             \
                                                                     \
		file.change;                                         \
		assert_non_null(parse(&file, sizeof(file), &image)); \
	} while (0)

static void bad_headers(void **state)
{
	(void)state;
	REFUSED(header.e_ident[0] = 0);
	REFUSED(header.e_ident[EI_CLASS] = ELFCLASS32);
	REFUSED(header.e_ident[EI_DATA] = ELFDATA2MSB);
	REFUSED(header.e_type = ET_DYN);
	REFUSED(header.e_machine = EM_386);
	REFUSED(header.e_phentsize = 32);
	REFUSED(header.e_phoff = UINT64_MAX);
	REFUSED(header.e_phoff = sizeof(good) - 3 * sizeof(Elf64_Phdr));
	REFUSED(header.e_phnum = UINT16_MAX);
	REFUSED(header.e_phnum = 0);
	REFUSED(header.e_entry = CORE_VIRTUAL + 0x80);	 /* past the file's part of the text */
	REFUSED(header.e_entry = CORE_VIRTUAL + 0x1010); /* not executable */
	REFUSED(header.e_entry = 0);
}

static void bad_segments(void **state)
{
	(void)state;
	REFUSED(segments[0].p_flags = PF_R | PF_W | PF_X);
	REFUSED(segments[0].p_vaddr = CORE_VIRTUAL - 0x1000);
	REFUSED(segments[0].p_vaddr = 0);
	REFUSED(segments[1].p_vaddr = CORE_VIRTUAL + 0x1010);
	REFUSED(segments[1].p_vaddr = CORE_VIRTUAL);	      /* the text's page */
	REFUSED(segments[0].p_memsz = 0x1001);		      /* reaches into the next one's */
	REFUSED(segments[3].p_vaddr = CORE_VIRTUAL + 0x1000); /* the constants' page */
	REFUSED(segments[3].p_vaddr = CORE_VIRTUAL + CORE_IMAGE_MAX_SIZE);
	REFUSED(segments[3].p_memsz = CORE_IMAGE_MAX_SIZE - 0x1fff);
	REFUSED(segments[3].p_memsz = UINT64_MAX);
	REFUSED(segments[3].p_memsz = 0xf); /* less than its part of the file */
	REFUSED(segments[3].p_filesz = 0x11);
	REFUSED(segments[3].p_filesz = UINT64_MAX);
	REFUSED(segments[3].p_offset = sizeof(good) - 0xf);
	REFUSED(segments[3].p_offset = UINT64_MAX);
}

static void largest_image(void **state)
{
	struct file file = good;
	struct core_image image;

	(void)state;
	file.segments[3].p_memsz = CORE_IMAGE_MAX_SIZE - 0x2000;
	assert_null(parse(&file, sizeof(file), &image));
	assert_int_equal(image.size, CORE_IMAGE_MAX_SIZE);
}

static void empty_segments_take_nothing(void **state)
{
	struct file file = good;
	struct core_image image;

	(void)state;
	file.segments[1].p_filesz = file.segments[1].p_memsz = 0;
	assert_null(parse(&file, sizeof(file), &image));
	assert_int_equal(image.segment_count, 2);
}

static void too_many_segments(void **state)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[CORE_IMAGE_MAX_SEGMENTS + 1];
	} file = {.header = good.header};
	struct core_image image;

	(void)state;
	for (unsigned int i = 0; i <= CORE_IMAGE_MAX_SEGMENTS; i++) {
		file.segments[i] = good.segments[0];
		file.segments[i].p_vaddr = CORE_VIRTUAL + 0x1000 * i;
		file.segments[i].p_offset = 0;
	}
	file.header.e_phnum = CORE_IMAGE_MAX_SEGMENTS;
	assert_null(core_image_parse(&file, sizeof(file), &image));
	file.header.e_phnum++;
	assert_non_null(core_image_parse(&file, sizeof(file), &image));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_file),	     cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(bad_headers),	     cmocka_unit_test(bad_segments),
		cmocka_unit_test(largest_image),     cmocka_unit_test(empty_segments_take_nothing),
		cmocka_unit_test(too_many_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
