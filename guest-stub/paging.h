/* SPDX-License-Identifier: MIT */
/*
 * The guest's page tables. Memory below 4 GiB is mapped one to one for ring 0, with the pages of
 * .user.* open to ring 3. From TEST_BASE on lie mappings that tests build as they need them.
 */
#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include <stdint.h>

#define PAGE_SIZE     4096ull
#define MIB	      (1024 * 1024ull)
#define GIB	      (1024 * MIB)

#define PTE_P	      (1ull << 0)
#define PTE_W	      (1ull << 1)
#define PTE_U	      (1ull << 2)
#define PTE_PS	      (1ull << 7)
#define PTE_NX	      (1ull << 63)
#define PTE_PKEY(key) ((uint64_t)(key) << 59)

#define TEST_BASE     (512 * GIB)

/* Linear addresses of the test area's pages of 4 KiB (n < 512), 2 MiB and 1 GiB (0 < n < 512). */
#define TEST_4K(n) ((char *)(TEST_BASE + PAGE_SIZE * (n)))
#define TEST_2M(n) ((char *)(TEST_BASE + 2 * MIB * (n)))
#define TEST_1G(n) ((char *)(TEST_BASE + GIB * (n)))

/* The tables of the test area; after a change call flush_tlb(). Upper levels allow everything. */
extern uint64_t test_pdpt[512], test_pd[512], test_pt[512];

void paging_start(void);
void flush_tlb(void);

/* The first gigabytes, and all of it. What a test changes it puts back. */
extern uint64_t boot_pd[4 * 512], boot_pml4[512];

/* Maps page n of 4 KiB to a guest-physical address with these flags; without flags unmaps it. */
void test_map(unsigned n, uint64_t address, uint64_t flags);

#endif
