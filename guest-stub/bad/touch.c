/* SPDX-License-Identifier: MIT */
/*
 * Touches one guest-physical address as the command line says: touch=ADDRESS,KIND with a
 * hexadecimal address (of up to 52 bits) and r (read), w (write) or x (execute). Says what it read
 * where it lives on, and ends with success.
 */
#include <sill/hypercall.h>
#include "small.h"

#define PAGE_4K	    4096u
#define PAGE_2M	    0x200000u
#define PTE_P_W_PS  0x83u /* present, writable, 2 MiB large */
#define CR0_PG	    0x80000000u
#define CR4_PAE	    0x20u
#define WINDOW	    0xc0000000u /* linear: the last entry of the PDPT */
#define WINDOW_SLOT 3

static uint64_t pdpt[4] __attribute__((aligned(32)));
static uint64_t low[512] __attribute__((aligned(PAGE_4K)));
static uint64_t window[512] __attribute__((aligned(PAGE_4K)));

/* Beyond 32 bits only paging reaches: the low GiB as it is, and the address behind a window. */
static volatile uint32_t *reach(uint64_t address)
{
	uint32_t cr0, cr4;

	if (address <= UINT32_MAX)
		return (volatile uint32_t *)(uint32_t)address;
	for (uint32_t i = 0; i < 512; i++)
		low[i] = (uint64_t)i * PAGE_2M | PTE_P_W_PS;
	window[0] = (address & ~(uint64_t)(PAGE_2M - 1)) | PTE_P_W_PS;
	pdpt[0] = (uint32_t)low | 1u;
	pdpt[WINDOW_SLOT] = (uint32_t)window | 1u;
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_PAE) : "memory");
	__asm__ volatile("mov %0, %%cr3" : : "r"(pdpt) : "memory");
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_PG) : "memory");
	return (volatile uint32_t *)(WINDOW | ((uint32_t)address & (PAGE_2M - 1)));
}

static void say_address(const char *what, uint64_t address)
{
	say(what);
	if (address >> 32)
		say_hex((uint32_t)(address >> 32));
	say_hex((uint32_t)address);
	say("\n");
}

/* hex_number() has 32 bits. */
static uint64_t long_hex_number(const char *text, const char **end)
{
	uint64_t value = 0;
	char digit[2] = {0};

	for (; *text && *text != ',' && *text != ' '; text++) {
		const char *after;

		digit[0] = *text;
		value = value << 4 | hex_number(digit, &after);
	}
	*end = text;
	return value;
}

void main(const char *command_line)
{
	const char *text = option(command_line, "touch=");
	volatile uint32_t *pointer;
	uint64_t address = 0;
	char kind = 0;

	if (text) {
		address = long_hex_number(text, &text);
		if (*text == ',')
			kind = text[1];
	}
	pointer = reach(address);
	switch (kind) {
	case 'r':
		say_address("touch: reading ", address);
		say_hex(*pointer);
		say(" was there\n");
		break;
	case 'w':
		say_address("touch: writing ", address);
		*pointer = 0x11223344;
		say("written\n");
		break;
	case 'x':
		say_address("touch: executing ", address);
		((void (*)(void))pointer)();
		say("executed\n");
		break;
	default:
		say("touch: no touch=ADDRESS,r|w|x in the command line\n");
		vmcall(SILL_CALL_EXIT, 2);
	}
	say("touch: still here\n");
	vmcall(SILL_CALL_EXIT, 0);
}
