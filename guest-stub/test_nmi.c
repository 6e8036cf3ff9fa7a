/* SPDX-License-Identifier: MIT */
/*
 * A non-maskable interrupt that arrives while Sill itself runs (provoke = nmi in sill.conf): the
 * guest gets it, once, and can take it again afterwards.
 */
#include "cpu.h"
#include "exceptions.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"

/* Half a second, by the TSC; long after the provocation, a tenth after the start. */
static uint64_t half_a_second(void)
{
	struct sill_time time = {0};

	sill_time(&time, sizeof(time));
	return time.tsc_hz / 2;
}

void test_nmi(void)
{
	uint64_t patience = half_a_second(), start = rdtsc();
	uint64_t rsp_before, rsp_after;

	nmi_expected = true;
	__asm__ volatile("mov %%rsp, %0" : "=r"(rsp_before));
	while (rdtsc() - start < patience && nmi_count == 0)
		;
	tap_equal(nmi_count, 1, "an NMI that Sill took reaches the guest");
	while (rdtsc() - start < 2 * patience)
		;
	__asm__ volatile("mov %%rsp, %0" : "=r"(rsp_after));
	tap_equal(nmi_count, 1, "and reaches it once");
	tap_equal(rsp_after, rsp_before, "the stack is where it was");
	__asm__ volatile("int $2");
	tap_equal(nmi_count, 2, "the handler works by INT 2 as well");
	nmi_expected = false;
}
