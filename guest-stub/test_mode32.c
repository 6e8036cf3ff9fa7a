/* SPDX-License-Identifier: MIT */
/*
 * Callers in 16- and 32-bit code: EAX and EBX, ECX, EDX, ESI, EDI, EBP, of which nothing above bit
 * 31 is read or changed. From compatibility mode at both ends of privilege, and from before long
 * mode (recorded by mode32.asm).
 */
#include "cpu.h"
#include "helpers.h"
#include "ring3.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

struct mode32_result {
	uint32_t ping[7];
	uint32_t flags[2];
	uint32_t unknown, info, fault;
	uint8_t info_text[64];
};
extern const struct mode32_result mode32_results[3];
extern const uint32_t mode32_found;
extern uint64_t gdt[];
extern char vmcall16_ring0_code[], vmcall16_ring3_code[];

#define HIGH   0xdeadbeef00000000ull
#define LOW(x) (0xffffffff & (x))

USER_DATA static struct sill_info user_info;
USER_DATA static char user_text[] = "32-bit code writes\n";

static void before_long_mode(void)
{
	static const char *const names[] = {"no paging", "32-bit paging", "PAE paging"};
	static const uint32_t ping[7] = {0x12345678, 0x12345678, 0xc1c2c3c4, 0xd1d2d3d4,
					 0x51525354, 0x41424344, 0xb1b2b3b4};
	struct sill_info info;

	sill_info(&info, sizeof(info));
	tap_ok(mode32_found, "protected mode: Sill is found by CPUID");
	for (unsigned i = 0; i < 3; i++) {
		const struct mode32_result *r = &mode32_results[i];

		tap_ok(!memcmp(r->ping, ping, sizeof(ping)),
		       "protected mode, %s: ping, and all registers preserved", names[i]);
		tap_equal(r->flags[1], r->flags[0], "protected mode, %s: flags preserved",
			  names[i]);
		tap_equal(r->unknown, (uint32_t)-SILL_ENOSYS, "protected mode, %s: unknown call",
			  names[i]);
		tap_equal(r->info, sizeof(info), "protected mode, %s: info", names[i]);
		tap_ok(!memcmp(r->info_text, &info, sizeof(info)),
		       "protected mode, %s: info is the same", names[i]);
		tap_ok(filled_with(r->info_text + sizeof(info), 0, 64 - sizeof(info)),
		       "protected mode, %s: and no more was written", names[i]);
		tap_equal(r->fault, (uint32_t)-SILL_EFAULT,
			  "protected mode, %s: a pointer to nothing", names[i]);
	}
}

struct caller {
	const char *name;
	uint64_t (*function)(uint64_t);
	bool ring3;
};

static void call(const struct caller *c, unsigned iopl)
{
	if (c->ring3)
		ring3_run(c->function, (uint64_t)&user_registers, iopl);
	else
		c->function((uint64_t)&user_registers);
}

/* One call whose arguments have rubbish in their upper halves. */
static uint32_t call_low(const struct caller *c, uint32_t number, uint64_t a, uint64_t b,
			 unsigned iopl)
{
	fill_pattern(&user_registers);
	user_registers.rax = HIGH | number;
	user_registers.rbx = HIGH | LOW(a);
	user_registers.rcx = HIGH | LOW(b);
	call(c, iopl);
	return (uint32_t)user_registers.rax;
}

static void compatibility(const struct caller *c)
{
	struct registers before, *r = &user_registers;
	const uint64_t whole = sizeof(struct sill_info);
	const uint64_t text = (uint64_t)user_text, length = sizeof(user_text) - 1;
	struct sill_info info;

	fill_pattern(r);
	r->rax = HIGH | SILL_CALL_PING;
	r->rbx = HIGH | 0x7654321;
	r->rflags |= RFLAGS_STATUS;
	before = *r;
	call(c, 0);
	tap_equal(LOW(r->rax), 0x7654321, "%s: ping answers in EAX", c->name);
	tap_equal(r->rax >> 32, HIGH >> 32, "%s: nothing above bit 31 of RAX is changed", c->name);
	r->rax = before.rax;
	tap_ok(!memcmp(r, &before, sizeof(before)),
	       "%s: all 64 bits of the other registers, and the flags, preserved", c->name);

	tap_equal(call_low(c, SILL_CALL_PING, 0xfffffff0, 0, 0), (uint32_t)-SILL_EINVAL,
		  "%s: a cookie that looks like a 32-bit error: EINVAL", c->name);
	tap_equal(call_low(c, SILL_CALL_PING, 0x80000000, 0, 0), 0x80000000,
		  "%s: a cookie with bit 31", c->name);
	tap_equal(call_low(c, SILL_CALL_COUNT, 0, 0, 0), (uint32_t)-SILL_ENOSYS,
		  "%s: an unknown call", c->name);
	tap_equal(call_low(c, 0xffffffff, 0, 0, 0), (uint32_t)-SILL_ENOSYS, "%s: call FFFFFFFFh",
		  c->name);

	sill_info(&info, sizeof(info));
	memset(&user_info, 0xa5, sizeof(user_info));
	tap_equal(call_low(c, SILL_CALL_INFO, (uint64_t)&user_info, whole, 0), whole,
		  "%s: info through a 32-bit pointer", c->name);
	tap_ok(!memcmp(&info, &user_info, sizeof(info)), "%s: info is the same", c->name);
	tap_equal(call_low(c, SILL_CALL_INFO, (uint64_t)&user_info, 7, 0), (uint32_t)-SILL_EINVAL,
		  "%s: info with size 7", c->name);
	tap_equal(call_low(c, SILL_CALL_INFO, (uint64_t)&user_info, 0xffffffff, 0), whole,
		  "%s: info with size FFFFFFFFh", c->name);
	tap_equal(call_low(c, SILL_CALL_INFO, 0xfffffff8, whole, 0), (uint32_t)-SILL_EFAULT,
		  "%s: a range that leaves the 4 GiB: EFAULT", c->name);
	tap_equal(call_low(c, SILL_CALL_CONSOLE_WRITE, text, length, 0),
		  c->ring3 ? (uint32_t)-SILL_EPERM : length, "%s: console_write without a grant",
		  c->name);
	tap_equal(call_low(c, SILL_CALL_CONSOLE_WRITE, text, length, 3), length,
		  "%s: console_write with IOPL 3", c->name);
	tap_equal(call_low(c, SILL_CALL_EXIT, 256, 0, 3), (uint32_t)-SILL_EINVAL, "%s: exit(256)",
		  c->name);
}

static void set_base16(unsigned selector, const char *code)
{
	uint64_t base = (uint64_t)code;

	gdt[selector / 8] |= (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
}

void test_mode32(void)
{
	static const struct caller callers[] = {
		{"32-bit code, ring 0", vmcall32_ring0, false},
		{"32-bit code, ring 3", vmcall32_ring3, true},
		{"16-bit code, ring 0", vmcall16_ring0, false},
		{"16-bit code, ring 3", vmcall16_ring3, true},
	};

	before_long_mode();
	set_base16(KERNEL_CODE16, vmcall16_ring0_code);
	set_base16(USER_CODE16, vmcall16_ring3_code);
	for (unsigned i = 0; i < sizeof(callers) / sizeof(callers[0]); i++)
		compatibility(&callers[i]);
}
