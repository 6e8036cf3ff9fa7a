/* SPDX-License-Identifier: MIT */
/*
 * The little of ACPI that Sill uses; see core/acpi.h. Structures: ACPI Specification 6.5, "ACPI
 * Software Programming Model". The tables lie in memory that firmware owns: they are copied
 * through the window, bounded and checked before anything in them counts.
 */
#include "core/acpi.h"

#include "core/cpu.h"
#include "core/string.h"
#include "core/window.h"

#include <stddef.h>

struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	/* From revision 2 on: */
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
};

struct __attribute__((packed)) table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	uint32_t creator_id;
	uint32_t creator_revision;
};

struct __attribute__((packed)) generic_address {
	uint8_t space; /* 0 memory, 1 I/O port */
	uint8_t width;
	uint8_t offset;
	uint8_t access;
	uint64_t address;
};

/* The Fixed ACPI Description Table, as far as it is used. */
struct __attribute__((packed)) fadt {
	struct table_header header;
	uint8_t unused1[40];
	uint32_t pm_timer_block; /* at 76 */
	uint8_t unused2[28];
	uint8_t century; /* at 108 */
	uint8_t unused3[3];
	uint32_t flags; /* at 112 */
	struct generic_address reset_register;
	uint8_t reset_value;
};
_Static_assert(offsetof(struct fadt, pm_timer_block) == 76, "FADT");
_Static_assert(offsetof(struct fadt, century) == 108, "FADT");
_Static_assert(offsetof(struct fadt, flags) == 112, "FADT");

#define FADT_RESET_SUPPORTED (1u << 10)
#define SPACE_IO	     1

#define LARGEST_TABLE	     0x10000u /* FADT and XSDT are far smaller */
#define RSDP_V1_LENGTH	     20u
#define MOST_TABLES	     256u

static struct fadt fadt; /* all zero if there is none */
static bool emulator;

/* Addresses come from tables: reading where the CPU has no address would be a fault. */
static bool is_physical(uint64_t address)
{
	uint32_t bits = 36;

	if (cpuid(0x80000000, 0).eax >= 0x80000008)
		bits = cpuid(0x80000008, 0).eax & 0xff;
	return address != 0 && address < (1ull << bits) - LARGEST_TABLE;
}

static uint8_t sum_of(uint64_t physical, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++) {
		uint8_t byte;

		physical_read(physical + i, &byte, 1);
		sum = (uint8_t)(sum + byte);
	}
	return sum;
}

/* Reads a table's header; false if this is no sound table. */
static bool read_header(uint64_t physical, const char *signature, struct table_header *header)
{
	if (!is_physical(physical))
		return false;
	physical_read(physical, header, sizeof(*header));
	return memcmp(header->signature, signature, 4) == 0 && header->length >= sizeof(*header) &&
	       header->length <= LARGEST_TABLE && sum_of(physical, header->length) == 0;
}

static void read_fadt(uint64_t physical)
{
	struct table_header header;

	if (read_header(physical, "FACP", &header))
		physical_read(physical, &fadt,
			      header.length < sizeof(fadt) ? header.length : sizeof(fadt));
}

/* The RSDT lists 32-bit addresses, the XSDT 64-bit ones. */
static void read_root(uint64_t physical, const char *signature, size_t entry_size)
{
	struct table_header header;
	uint32_t count;

	if (!read_header(physical, signature, &header))
		return;
	count = (uint32_t)((header.length - sizeof(header)) / entry_size);
	for (uint32_t i = 0; i < count && i < MOST_TABLES; i++) {
		uint64_t table = 0;
		char found[4];

		physical_read(physical + sizeof(header) + i * entry_size, &table, entry_size);
		if (!is_physical(table))
			continue;
		physical_read(table, found, sizeof(found));
		if (memcmp(found, "FACP", 4) == 0)
			read_fadt(table);
	}
}

void acpi_start(uint64_t physical)
{
	struct rsdp rsdp;

	if (!is_physical(physical))
		return;
	physical_read(physical, &rsdp, sizeof(rsdp));
	if (memcmp(rsdp.signature, "RSD PTR ", 8) != 0 || sum_of(physical, RSDP_V1_LENGTH) != 0)
		return;
	emulator = memcmp(rsdp.oem_id, "BOCHS ", 6) == 0;
	if (rsdp.revision >= 2 && rsdp.xsdt != 0)
		read_root(rsdp.xsdt, "XSDT", sizeof(uint64_t));
	else
		read_root(rsdp.rsdt, "RSDT", sizeof(uint32_t));
}

bool acpi_is_emulator(void)
{
	return emulator;
}

uint16_t acpi_pm_timer_port(void)
{
	return fadt.pm_timer_block <= 0xffff ? (uint16_t)fadt.pm_timer_block : 0;
}

uint8_t acpi_century_register(void)
{
	return fadt.century < 128 ? fadt.century : 0;
}

void acpi_reset(void)
{
	if ((fadt.flags & FADT_RESET_SUPPORTED) != 0 && fadt.reset_register.space == SPACE_IO &&
	    fadt.reset_register.address <= 0xffff)
		outb((uint16_t)fadt.reset_register.address, fadt.reset_value);
}
