/* SPDX-License-Identifier: MIT */
/*
 * Callers at CPL 3: calls for anyone, and calls that the guest OS must have granted by IOPL or the
 * TSS's I/O bitmap. What the CPU itself says about IN from the doorbell port is the measure.
 */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "ring3.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

/* A status that would be seen if EXIT were served against the rules. */
#define WRONG_EXIT 77

USER_DATA static struct sill_info user_info;
USER_DATA static struct sill_time user_time;
USER_DATA static struct sill_display_info user_display;
USER_DATA static char user_text[] = "ring 3 writes\n";
USER_DATA static struct sill_log user_log;

USER_CODE static uint64_t read_doorbell(uint64_t unused)
{
	uint8_t value;

	(void)unused;
	__asm__ volatile(MAY_FAULT("inb %w1, %0")
			 : "=a"(value)
			 : "d"((uint16_t)SILL_DOORBELL_PORT)
			 : "memory");
	return 0;
}

static void anyone(void)
{
	struct sill_info info;
	bool display = cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_DISPLAY;

	ring3_ports(TSS_WHOLE, -1);
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_PING, 0x1234567890, 0, 0), 0x1234567890,
		  "ring 3: ping");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_PING, (uint64_t)-1, 0, 0),
		  (uint64_t)-SILL_EINVAL, "ring 3: ping with an error's number");
	tap_equal(
		(uint64_t)ring3_vmcall(SILL_CALL_INFO, (uint64_t)&user_info, sizeof(user_info), 0),
		sizeof(user_info), "ring 3: info");
	sill_info(&info, sizeof(info));
	tap_ok(!memcmp(&info, &user_info, sizeof(info)), "ring 3: info says the same as in ring 0");
	tap_equal(
		(uint64_t)ring3_vmcall(SILL_CALL_TIME, (uint64_t)&user_time, sizeof(user_time), 0),
		sizeof(user_time), "ring 3: time");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_DISPLAY_INFO, (uint64_t)&user_display,
					 sizeof(user_display), 0),
		  display ? sizeof(user_display) : (uint64_t)-SILL_ENODEV, "ring 3: display_info");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_COUNT, 0, 0, 0), (uint64_t)-SILL_ENOSYS,
		  "ring 3: an unknown call");
	tap_equal((uint64_t)ring3_vmcall((uint64_t)-1, 0, 0, 3), (uint64_t)-SILL_ENOSYS,
		  "ring 3: an unknown call, granted");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, (uint64_t)&info, sizeof(info), 0),
		  (uint64_t)-SILL_EFAULT, "ring 3: info into the kernel's memory");
}

struct grant {
	const char *name;
	unsigned tss_limit;
	int port;
	unsigned iopl;
	bool granted;
};

static const struct grant grants[] = {
	{"no grant", TSS_WHOLE, -1, 0, false},
	{"IOPL 1", TSS_WHOLE, -1, 1, false},
	{"IOPL 2", TSS_WHOLE, -1, 2, false},
	{"IOPL 3", TSS_WHOLE, -1, 3, true},
	{"IOPL 3 and no bitmap", TSS_WITHOUT_BITMAP, -1, 3, true},
	{"the doorbell's bit", TSS_WHOLE, SILL_DOORBELL_PORT, 0, true},
	{"the bit of the port before it", TSS_WHOLE, SILL_DOORBELL_PORT - 1, 0, false},
	{"the bit of the port after it", TSS_WHOLE, SILL_DOORBELL_PORT + 1, 0, false},
	{"the bit, beyond the TSS limit", TSS_WITHOUT_BITMAP, SILL_DOORBELL_PORT, 0, false},
	{"the bit in the byte after the limit", TSS_BITMAP_OFFSET + SILL_DOORBELL_PORT / 8 - 1,
	 SILL_DOORBELL_PORT, 0, false},
	{"the bit in the limit's last byte (the CPU reads two)",
	 TSS_BITMAP_OFFSET + SILL_DOORBELL_PORT / 8, SILL_DOORBELL_PORT, 0, false},
	{"the bit in the last byte but one", TSS_BITMAP_OFFSET + SILL_DOORBELL_PORT / 8 + 1,
	 SILL_DOORBELL_PORT, 0, true},
};

static void grant(void)
{
	const uint64_t text = (uint64_t)user_text, length = sizeof(user_text) - 1;

	for (unsigned i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
		const struct grant *g = &grants[i];

		ring3_ports(g->tss_limit, g->port);
		expect();
		ring3_run(read_doorbell, 0, g->iopl);
		tap_equal(caught.vector, g->granted ? NO_EXCEPTION : VECTOR_GP,
			  "ring 3, %s: what the CPU says to IN", g->name);
		tap_equal((uint64_t)ring3_vmcall(SILL_CALL_CONSOLE_WRITE, text, length, g->iopl),
			  g->granted ? length : (uint64_t)-SILL_EPERM, "ring 3, %s: console_write",
			  g->name);
		tap_equal((uint64_t)ring3_vmcall(SILL_CALL_EXIT, g->granted ? 256 : WRONG_EXIT, 0,
						 g->iopl),
			  g->granted ? (uint64_t)-SILL_EINVAL : (uint64_t)-SILL_EPERM,
			  "ring 3, %s: exit", g->name);
		user_log.from = 0;
		tap_equal((uint64_t)ring3_vmcall(SILL_CALL_LOG, (uint64_t)&user_log,
						 sizeof(user_log), g->iopl),
			  g->granted ? sizeof(user_log) : (uint64_t)-SILL_EPERM, "ring 3, %s: log",
			  g->name);
		tap_equal((uint64_t)ring3_vmcall(SILL_CALL_UNLOAD, 0, 0, g->iopl),
			  g->granted ? (uint64_t)-SILL_ENOTSUP : (uint64_t)-SILL_EPERM,
			  "ring 3, %s: unload", g->name);
		tap_equal((uint64_t)ring3_vmcall(SILL_CALL_PING, i, 0, g->iopl), i,
			  "ring 3, %s: ping is for anyone", g->name);
	}
	ring3_ports(TSS_WHOLE, -1);
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_CONSOLE_WRITE, (uint64_t)-1, 8, 0),
		  (uint64_t)-SILL_EPERM, "ring 3: EPERM comes before a look at the pointer");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_EXIT, 256, 0, 0), (uint64_t)-SILL_EPERM,
		  "ring 3: and before a look at the status");
}

void test_ring3(void)
{
	anyone();
	grant();
}
