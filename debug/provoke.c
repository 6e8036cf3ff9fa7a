/* SPDX-License-Identifier: MIT */
/* What Sill does to itself on demand; see debug/provoke.h. */
#include "debug/provoke.h"

#include "core/apic.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/percpu.h"

#include <stdint.h>

/* Some 100,000 port reads: longer than any local APIC needs to deliver to its own CPU. */
#define PATIENCE 100000

static void take_nmi(void)
{
	/* It changes behind the compiler's back. */
	const volatile uint64_t *count = &this_cpu()->nmi_count;
	uint64_t before = *count;

	apic_send_nmi_to_self();
	for (int i = 0; i < PATIENCE && *count == before; i++)
		(void)inb(0x80);
	log_info("provoked: %llu NMI taken in VMX root operation",
		 (unsigned long long)(*count - before));
}

/* In the lower half nothing at all is mapped. */
__attribute__((noinline)) static void write_to_nowhere(void)
{
	*(volatile uint32_t *)0x5111 = 0;
}

void provoke(enum sill_provocation provocation)
{
	switch (provocation) {
	case SILL_PROVOKE_NOTHING:
		break;
	case SILL_PROVOKE_NMI:
		take_nmi();
		break;
	case SILL_PROVOKE_PANIC_TWICE:
		panic_set_hook(write_to_nowhere);
		/* fallthrough */
	case SILL_PROVOKE_PANIC:
		log_info("provoked: a write to an address where nothing is mapped");
		write_to_nowhere();
		panic("that write went through: memory is mapped where nothing should be");
	}
}
