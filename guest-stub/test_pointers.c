/* SPDX-License-Identifier: MIT */
/*
 * Pointers that a guest hands over: Sill reaches memory through the caller's page tables with the
 * caller's rights, or answers EFAULT and changes nothing.
 */
#include "cpu.h"
#include "helpers.h"
#include "paging.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

#define BAD ((uint64_t)-SILL_EFAULT)

static __attribute__((aligned(4096))) uint8_t buffer[2][4096];
static const uint64_t whole = sizeof(struct sill_info);

#define NEVER_PRINTED "MUST-NOT-APPEAR"

/* What a mapping allows, at CPL 0 and CPL 3. */
struct rights {
	const char *name;
	uint64_t flags;
	bool read0, write0, read3, write3;
};

static const struct rights rights[] = {
	{"user, writable", PTE_P | PTE_W | PTE_U, true, true, true, true},
	{"user, read-only", PTE_P | PTE_U, true, false, true, false},
	{"supervisor, writable", PTE_P | PTE_W, true, true, false, false},
	{"supervisor, read-only", PTE_P, true, false, false, false},
	{"user, no-execute", PTE_P | PTE_W | PTE_U | PTE_NX, true, true, true, true},
	{"not present", PTE_W | PTE_U, false, false, false, false},
};

/* The four accesses to what pointer points at. */
static void access_all(const char *what, const char *name, char *pointer, const struct rights *r)
{
	uint64_t p = (uint64_t)pointer;

	tap_equal((uint64_t)write_text(pointer, 1), r->read0 ? 1 : BAD, "%s %s: read from ring 0",
		  what, name);
	tap_equal((uint64_t)sill_info((struct sill_info *)pointer, whole), r->write0 ? whole : BAD,
		  "%s %s: written from ring 0", what, name);
	tap_equal((uint64_t)ring3_write_text(pointer, 1), r->read3 ? 1 : BAD,
		  "%s %s: read from ring 3", what, name);
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, p, whole, 3), r->write3 ? whole : BAD,
		  "%s %s: written from ring 3", what, name);
}

static void fill_buffers(void)
{
	memset(buffer, '.', sizeof(buffer));
}

static void each_level(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;
	const uint64_t at = (uint64_t)buffer[0];
	const uint64_t offset_2m = at % (2 * MIB);
	const bool has_1g = cpuid_or_zero(0x80000001, 0).edx >> 26 & 1;

	for (unsigned i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		const struct rights *r = &rights[i];

		fill_buffers();
		test_map(1, at, r->flags);
		access_all("4 KiB page", r->name, TEST_4K(1), r);
		test_map(1, 0, 0);

		/* The same rights one level up, over a page that allows all. */
		fill_buffers();
		test_map(1, at, all);
		test_pd[0] = (uint64_t)test_pt | r->flags;
		flush_tlb();
		access_all("page directory entry", r->name, TEST_4K(1), r);
		test_pd[0] = (uint64_t)test_pt | all;

		fill_buffers();
		test_pdpt[0] = (uint64_t)test_pd | r->flags;
		flush_tlb();
		access_all("PDPT entry", r->name, TEST_4K(1), r);
		test_pdpt[0] = (uint64_t)test_pd | all;
		test_map(1, 0, 0);

		fill_buffers();
		test_pd[1] = (at - offset_2m) | PTE_PS | r->flags;
		flush_tlb();
		access_all("2 MiB page", r->name, TEST_2M(1) + offset_2m, r);
		test_pd[1] = 0;

		if (has_1g) {
			fill_buffers();
			test_pdpt[1] = PTE_PS | r->flags;
			flush_tlb();
			access_all("1 GiB page", r->name, TEST_1G(1) + at, r);
			test_pdpt[1] = 0;
		}
		flush_tlb();
	}
	if (!has_1g) {
		test_pdpt[1] = PTE_PS | all;
		flush_tlb();
		tap_equal((uint64_t)sill_info((struct sill_info *)(TEST_1G(1) + at), whole), BAD,
			  "1 GiB page on a CPU without them: EFAULT");
		test_pdpt[1] = 0;
		flush_tlb();
	}
}

static void reserved_bits(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;
	const uint64_t at = (uint64_t)buffer[0];
	const uint64_t first_reserved = 1ull << physical_bits();
	const uint64_t efer = rdmsr(IA32_EFER);
	static const struct rights none = {"reserved bits", 0, false, false, false, false};

	if (physical_bits() < 52) {
		test_map(1, at, all | first_reserved);
		access_all("4 KiB page with", "the lowest reserved bit", TEST_4K(1), &none);
		test_map(1, at, all | 1ull << 51);
		access_all("4 KiB page with", "bit 51 set", TEST_4K(1), &none);
		test_map(1, at, all);
		test_pd[0] |= 1ull << 51;
		flush_tlb();
		access_all("page directory entry with", "bit 51 set", TEST_4K(1), &none);
		test_pd[0] &= ~(1ull << 51);
		test_pdpt[0] |= 1ull << 51;
		flush_tlb();
		access_all("PDPT entry with", "bit 51 set", TEST_4K(1), &none);
		test_pdpt[0] &= ~(1ull << 51);
	}
	test_pd[1] = PTE_PS | all | 1ull << 13;
	flush_tlb();
	access_all("2 MiB page with", "bit 13 set", TEST_2M(1) + at % (2 * MIB), &none);
	test_pd[1] = 0;

	test_map(1, at, all | PTE_NX);
	wrmsr(IA32_EFER, efer & ~EFER_NXE);
	flush_tlb();
	tap_equal((uint64_t)sill_info((struct sill_info *)TEST_4K(1), whole), BAD,
		  "no-execute bit while EFER.NXE is 0: EFAULT");
	wrmsr(IA32_EFER, efer);
	test_map(1, 0, 0);
	flush_tlb();
}

/* Where a mapping leads to guest-physical addresses that aren't RAM. */
static void physical_ends(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;
	static const struct rights none = {"", 0, false, false, false, false};
	static const struct rights rom = {"", 0, true, false, true, false};
	static const struct rights ram = {"", 0, true, true, true, true};
	const uint64_t memory = guest_memory();

	test_map(1, memory, all);
	access_all("page", "just beyond the end of memory", TEST_4K(1), &none);
	test_map(1, (1ull << physical_bits()) - PAGE_SIZE, all);
	access_all("page", "at the highest physical address", TEST_4K(1), &none);
	test_map(1, 0xfee00000, all);
	access_all("page", "where a local APIC would be", TEST_4K(1), &none);
	test_map(1, 0xf0000, all);
	access_all("page", "in the read-only memory at F0000h", TEST_4K(1), &rom);
	test_map(1, 0xc0000, all);
	access_all("page", "in the read-only memory at C0000h", TEST_4K(1), &rom);
	test_map(1, 0xb8000, all);
	access_all("page", "in the text memory at B8000h", TEST_4K(1), &ram);
	test_map(1, (uint64_t)fresh_page(), all);
	access_all("page", "not touched before", TEST_4K(1), &ram);

	/* Across the end of memory: the first page is there, the second is not. */
	test_map(1, memory - PAGE_SIZE, all);
	test_map(2, memory, all);
	memset(TEST_4K(1) + 4080, 0x5a, 16);
	tap_equal((uint64_t)sill_info((struct sill_info *)(TEST_4K(1) + 4080), whole), BAD,
		  "across the end of memory: EFAULT");
	tap_ok(filled_with(TEST_4K(1) + 4080, 0x5a, 16),
	       "across the end of memory: nothing written");
	test_map(1, 0, 0);
	test_map(2, 0, 0);

	/* Tables beyond memory. */
	test_pd[1] = memory | all;
	flush_tlb();
	access_all("page table", "beyond the end of memory", TEST_2M(1), &none);
	test_pd[1] = 0;
	test_pdpt[1] = (1ull << (physical_bits() - 1)) | all;
	flush_tlb();
	access_all("page directory", "far beyond the end of memory", TEST_1G(1), &none);
	test_pdpt[1] = 0;
	flush_tlb();
}

static void page_crossing(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;
	struct sill_info straight = {0};
	char *edge = TEST_4K(3);

	/* The compiler must not take the address for the start of an object. */
	__asm__("" : "+r"(edge));
	sill_info(&straight, sizeof(straight));
	/* Neighbours in linear memory, not in physical memory. */
	test_map(2, (uint64_t)buffer[1], all);
	test_map(3, (uint64_t)buffer[0], all);
	for (unsigned before = 1; before < whole; before += 13) {
		memset(buffer, '.', sizeof(buffer));
		tap_equal((uint64_t)sill_info((struct sill_info *)(edge - before), whole), whole,
			  "crossing a page: %u bytes before it", before);
		tap_ok(!memcmp(edge - before, &straight, whole) && *(edge - before - 1) == '.' &&
			       edge[whole - before] == '.',
		       "crossing a page: each byte in its place");
	}
	memcpy(edge - 8, "crossing pages\n", 15);
	tap_equal((uint64_t)write_text(edge - 8, 15), 15, "crossing a page: text is read");

	test_map(3, 0, 0);
	memset(buffer, 0x5a, sizeof(buffer));
	tap_equal((uint64_t)sill_info((struct sill_info *)(edge - 16), whole), BAD,
		  "crossing into an unmapped page: EFAULT");
	tap_ok(filled_with(buffer, 0x5a, sizeof(buffer)),
	       "crossing into an unmapped page: nothing is written");
	tap_equal((uint64_t)sill_info((struct sill_info *)(edge - 16), 16), 16,
		  "ending with the last mapped byte: good");
	memcpy(edge - 16, NEVER_PRINTED "\n", 16);
	tap_equal((uint64_t)write_text(edge - 16, 17), BAD,
		  "text crossing into an unmapped page: EFAULT, nothing printed");
	tap_equal((uint64_t)ring3_write_text(edge - 16, 17), BAD, "the same from ring 3");
	memset(edge - 256, '.', 256);
	edge[-1] = '\n';
	tap_equal((uint64_t)write_text(edge - 256, 300), 256,
		  "the bytes over the limit of a call need not be mapped");

	test_map(3, (uint64_t)buffer[0], PTE_P | PTE_U);
	memset(buffer, 0x5a, sizeof(buffer));
	tap_equal((uint64_t)sill_info((struct sill_info *)(edge - 16), whole), BAD,
		  "crossing into a read-only page: EFAULT");
	tap_ok(filled_with(buffer, 0x5a, sizeof(buffer)),
	       "crossing into a read-only page: nothing is written");
	test_map(3, (uint64_t)buffer[0], PTE_P | PTE_W);
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, (uint64_t)edge - 16, whole, 3), BAD,
		  "crossing into a supervisor's page from ring 3: EFAULT");
	tap_ok(filled_with(buffer, 0x5a, sizeof(buffer)),
	       "crossing into a supervisor's page from ring 3: nothing is written");
	test_map(2, 0, 0);
	test_map(3, 0, 0);
}

static void strange_addresses(void)
{
	static const struct {
		const char *name;
		uint64_t address;
	} bad[] = {
		{"the lowest non-canonical address", 0x0000800000000000},
		{"the highest non-canonical address", 0xffff7fffffffffff},
		{"a non-canonical address", 0x0123456789abcdef},
		{"an alias of mapped memory by wrong high bits", 0x8000000000200000},
		{"running into non-canonical addresses", 0x00007ffffffffff8},
		{"running into canonical addresses", 0xffff7ffffffffff8},
		{"the last 8 bytes: the sum wraps", 0xfffffffffffffff8},
		{"the last byte: the sum wraps", 0xffffffffffffffff},
		{"the last page", 0xfffffffffffff000},
		{"an unmapped upper half", 0xffff800000000000},
		{"an unmapped table of the highest level", 0x0000700000000000},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t a = bad[i].address;

		tap_equal((uint64_t)sill_info((struct sill_info *)a, whole), BAD, "%s: written",
			  bad[i].name);
		tap_equal((uint64_t)sill_info((struct sill_info *)a, (uint64_t)-1), BAD,
			  "%s: written with size 2^64 - 1", bad[i].name);
		tap_equal((uint64_t)write_text((const char *)a, 16), BAD, "%s: read", bad[i].name);
		tap_equal((uint64_t)sill_time((struct sill_time *)a, 24), BAD, "%s: by time",
			  bad[i].name);
		tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, a, whole, 0), BAD,
			  "%s: written from ring 3", bad[i].name);
	}
}

void test_pointers(void)
{
	each_level();
	reserved_bits();
	physical_ends();
	page_crossing();
	strange_addresses();
}
