/* SPDX-License-Identifier: MIT */
/* The guest's page tables: see paging.h for the layout. */
#include "cpu.h"
#include "paging.h"

#define TABLE __attribute__((aligned(4096))) uint64_t

TABLE boot_pml4[512];
TABLE boot_pdpt[512];
TABLE boot_pd[4 * 512];
static TABLE low_pt[2 * 512]; /* the first 4 MiB in pages of 4 KiB */
TABLE test_pdpt[512];
TABLE test_pd[512];
TABLE test_pt[512];

extern char user_start[], user_end[];

void flush_tlb(void)
{
	write_cr3(read_cr3());
}

void test_map(unsigned n, uint64_t address, uint64_t flags)
{
	test_pt[n] = flags ? address | flags : 0;
	invlpg(TEST_4K(n));
}

void paging_start(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;

	for (unsigned i = 0; i < 2 * 512; i++) {
		uint64_t address = i * PAGE_SIZE;

		low_pt[i] = address | PTE_P | PTE_W;
		if (address >= (uint64_t)user_start && address < (uint64_t)user_end)
			low_pt[i] |= PTE_U;
	}
	boot_pd[0] = (uint64_t)low_pt | all;
	boot_pd[1] = (uint64_t)(low_pt + 512) | all;
	test_pd[0] = (uint64_t)test_pt | all;
	test_pdpt[0] = (uint64_t)test_pd | all;
	boot_pml4[1] = (uint64_t)test_pdpt | all;
	flush_tlb();
}
