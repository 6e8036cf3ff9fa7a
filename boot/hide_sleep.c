/* SPDX-License-Identifier: MIT */
/*
 * Renames sleep states in ACPI tables; see boot/hide_sleep.h. Structures: ACPI Specification, "ACPI
 * Software Programming Model". The tables may be broken in any way: all lengths are checked.
 */
#include "boot/hide_sleep.h"

#include "core/string.h"

#include <stddef.h>

#define MAX_TABLE (16u << 20) /* bytes */

struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	/* From revision 2 on: */
	uint32_t length;
	uint64_t xsdt;
};

struct __attribute__((packed)) table {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	uint8_t rest[26];
};
_Static_assert(sizeof(struct table) == 36, "System Description Table Header");

#define FADT_DSDT   40	/* 4 bytes */
#define FADT_X_DSDT 140 /* 8 bytes */

struct visit {
	const struct sleep_memory *memory;
	bool hide;
	struct sleep_result result;
};

static bool is(const struct table *table, const char *signature)
{
	return memcmp(table->signature, signature, sizeof(table->signature)) == 0;
}

/* A table whose header and whole length are memory, or NULL. */
static struct table *table_at(struct visit *visit, uint64_t address)
{
	const struct sleep_memory *memory = visit->memory;
	struct table *table = (struct table *)(uintptr_t)address;

	if (memory->is_memory(memory->context, address, sizeof(*table))) {
		uint32_t length;

		memcpy(&length, &table->length, sizeof(length));
		if (length >= sizeof(*table) && length <= MAX_TABLE &&
		    memory->is_memory(memory->context, address, length))
			return table;
	}
	visit->result.unreadable = true;
	return NULL;
}

static uint64_t read_address(const struct table *table, uint32_t at, uint32_t size)
{
	uint64_t address = 0;

	memcpy(&address, (const uint8_t *)table + at, size);
	return address;
}

/*
 * ACPI Specification, "Term Objects Encoding": NameOp, the name, which may begin with a root
 * character, and a package.
 */
#define NAME_OP	   0x08
#define ROOT_CHAR  '\\'
#define PACKAGE_OP 0x12

static uint32_t length_of(const struct table *table)
{
	return (uint32_t)read_address(table, offsetof(struct table, length), 4);
}

/* Where the name begins that a NameOp at `at` gives to _S2 or _S3, by its first letter; or 0. */
static uint32_t find_name(const uint8_t *bytes, uint32_t at, uint32_t length, uint8_t first)
{
	uint32_t name = at + 1;

	if (bytes[at] != NAME_OP)
		return 0;
	if (name < length && bytes[name] == ROOT_CHAR)
		name++;
	if (length - name < 5 || bytes[name] != first || bytes[name + 1] != 'S' ||
	    (bytes[name + 2] != '2' && bytes[name + 2] != '3') || bytes[name + 3] != '_' ||
	    bytes[name + 4] != PACKAGE_OP)
		return 0;
	return name;
}

static void rename_states(struct visit *visit, struct table *table)
{
	const uint8_t from = visit->hide ? '_' : 'X', to = visit->hide ? 'X' : '_';
	volatile uint8_t *checksum = &table->checksum;
	uint8_t *bytes = (uint8_t *)table;
	uint32_t length = length_of(table);

	for (uint32_t at = sizeof(*table); at < length; at++) {
		uint32_t name = find_name(bytes, at, length, from);

		if (name == 0)
			continue;
		((volatile uint8_t *)bytes)[name] = to;
		/* Old firmware keeps its tables in memory that is read-only to the chipset. */
		if (((volatile uint8_t *)bytes)[name] != to) {
			visit->result.stubborn++;
			continue;
		}
		*checksum = (uint8_t)(*checksum + from - to);
		visit->result.renamed++;
	}
}

static void visit_definitions(struct visit *visit, uint64_t address, const char *signature)
{
	struct table *table = address != 0 ? table_at(visit, address) : NULL;

	if (table != NULL && is(table, signature))
		rename_states(visit, table);
}

static void visit_table(struct visit *visit, uint64_t address)
{
	struct table *table = table_at(visit, address);

	if (table == NULL)
		return;
	if (is(table, "SSDT"))
		rename_states(visit, table);
	if (!is(table, "FACP"))
		return;
	if (length_of(table) >= FADT_DSDT + 4)
		visit_definitions(visit, read_address(table, FADT_DSDT, 4), "DSDT");
	if (length_of(table) >= FADT_X_DSDT + 8)
		visit_definitions(visit, read_address(table, FADT_X_DSDT, 8), "DSDT");
}

/* The RSDT has entries of four bytes, the XSDT of eight. */
static void visit_root(struct visit *visit, uint64_t address, const char *signature, uint32_t size)
{
	struct table *root = address != 0 ? table_at(visit, address) : NULL;

	if (root == NULL || !is(root, signature))
		return;
	for (uint32_t at = sizeof(*root); length_of(root) - at >= size; at += size) {
		uint64_t entry = read_address(root, at, size);

		if (entry != 0)
			visit_table(visit, entry);
	}
}

struct sleep_result sleep_hide(uint64_t address, const struct sleep_memory *memory, bool hide)
{
	struct visit visit = {.memory = memory, .hide = hide};
	struct rsdp rsdp = {0};
	const uint32_t old_size = offsetof(struct rsdp, length);

	if (address == 0)
		return visit.result;
	visit.result.unreadable = true;
	if (!memory->is_memory(memory->context, address, old_size))
		return visit.result;
	memcpy(&rsdp, (const void *)(uintptr_t)address, old_size);
	if (memcmp(rsdp.signature, "RSD PTR ", sizeof(rsdp.signature)) != 0)
		return visit.result;
	visit.result.unreadable = false;
	/* Both, since it is the OS that chooses; what was renamed once is not found again. */
	visit_root(&visit, rsdp.rsdt, "RSDT", 4);
	if (rsdp.revision >= 2 && memory->is_memory(memory->context, address, sizeof(rsdp))) {
		memcpy(&rsdp, (const void *)(uintptr_t)address, sizeof(rsdp));
		visit_root(&visit, rsdp.xsdt, "XSDT", 8);
	}
	return visit.result;
}
