/* SPDX-License-Identifier: MIT */
/* CPUID: a leaf that Sill answers with the word that ECX and EDX held. */
#include "cpu.h"
#include "helpers.h"
#include "ring3.h"
#include "tap.h"
#include "way.h"

measuring_function measure_cpuid_echo;

static const char *start(void)
{
	return NULL;
}

static void stop(void)
{
}

static inline int64_t serve(uint32_t service, uint64_t *word)
{
	uint32_t a = SILL_CPUID_SERVE, b = service, c = (uint32_t)*word, d = *word >> 32;

	__asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	*word = c | (uint64_t)d << 32;
	return (int32_t)a;
}

static bool echo(uint64_t *words)
{
	return serve(SILL_SERVICE_ECHO, words) == 0;
}

static int64_t transfer(void *data, size_t size)
{
	char *at = data;

	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;
		int64_t error;

		if (size - i >= 8)
			word = *(any64 *)(at + i);
		else
			for (size_t j = 0; j < size - i; j++)
				word |= (uint64_t)(uint8_t)at[i + j] << 8 * j;
		error = serve(SILL_SERVICE_ECHO, &word);
		if (error)
			return error;
		if (size - i >= 8)
			*(any64 *)(at + i) = word;
		else
			for (size_t j = 0; j < size - i; j++)
				at[i + j] = (char)(word >> 8 * j);
	}
	return (int64_t)size;
}

static uint64_t time_ns(void)
{
	uint64_t word = 0;

	return serve(SILL_SERVICE_TIME, &word) ? 0 : word;
}

static bool absent(void)
{
	const uint64_t sent = 0xfedcba9876543210;
	uint64_t word = sent;
	int64_t a = serve(SILL_SERVICE_ECHO, &word);

	if (!a && !word)
		happened("zeros");
	else
		happened("another answer: EAX=%x ECX=%x EDX=%x", (uint32_t)a, (uint32_t)word,
			 (uint32_t)(word >> 32));
	return !a && word == sent;
}

static const struct way_net nets[] = {
	{"cpuid_echo", measure_cpuid_echo, 1, 1, NULL},
	{0},
};

static const struct way ways[] = {
	{
		.name = "cpuid",
		.title = "CPUID",
		.privilege = "any",
		.without = "another answer",
		.word_bits = 64,
		.batch = 1,
		.nets = nets,
		.start = start,
		.stop = stop,
		.echo = echo,
		.transfer = transfer,
		.time_ns = time_ns,
		.absent = absent,
	},
};

static void unknown_doors(void)
{
	static const uint32_t numbers[] = {SILL_DOOR_COUNT, 31, 32, 0x100, 0x80000000, 0xfffffffe};

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct cpuid_result r = cpuid(SILL_CPUID_DOORS, numbers[i]);

		tap_ok(!r.eax && !r.ebx && !r.ecx && !r.edx, "cpuid: there is no door %x",
		       numbers[i]);
	}
	tap_ok((sill_doors_open() >> SILL_DOOR_CPUID & 1) == 1, "cpuid: the set of doors says so");
	for (uint32_t i = 0; i < SILL_DOOR_COUNT; i++) {
		/* Being asked for, it would begin to look. */
		struct cpuid_result r = i == SILL_DOOR_POLL
						? (struct cpuid_result){SILL_DOOR_OPEN, 0, 0, 0}
						: cpuid(SILL_CPUID_DOORS, i);

		tap_ok(r.eax >= SILL_DOOR_OPEN && r.eax <= SILL_DOOR_LACKING &&
			       (r.eax == SILL_DOOR_OPEN || (!r.ebx && !r.ecx && !r.edx)),
		       "cpuid: the door %s is %s", doors[i].name, door_state_name(r.eax));
	}
}

/* With garbage above bit 31, which CPUID doesn't look at, and clears. */
static void wide_registers(uint64_t (*run)(uint64_t), bool in_ring3, const char *who)
{
	const uint64_t garbage = 0xa5a5a5a500000000;
	struct registers *r = &user_registers;
	struct registers before;

	fill_pattern(r);
	r->rax = garbage | SILL_CPUID_SERVE;
	r->rbx = garbage | SILL_SERVICE_ECHO;
	r->rcx = garbage | 0x01234567;
	r->rdx = garbage | 0x89abcdef;
	before = *r;
	if (in_ring3)
		ring3_run(run, (uint64_t)r, 0);
	else
		run((uint64_t)r);
	tap_ok(r->rax == 0 && r->rcx == 0x01234567 && r->rdx == 0x89abcdef && r->rbx >> 32 == 0,
	       "cpuid, %s: the upper halves of the registers don't count, and are cleared", who);
	tap_ok(r->rsi == before.rsi && r->rdi == before.rdi && r->rbp == before.rbp &&
		       r->r8 == before.r8 && r->r9 == before.r9 && r->r10 == before.r10 &&
		       r->r11 == before.r11 && r->r12 == before.r12 && r->r13 == before.r13 &&
		       r->r14 == before.r14 && r->r15 == before.r15 && r->rflags == before.rflags,
	       "cpuid, %s: all other registers are as they were", who);
}

static void wrong(void)
{
	static const uint32_t services[] = {SILL_SERVICE_COUNT, 0x100, 0x80000000, 0xffffffff};

	for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		uint64_t word = 5;

		tap_equal((uint64_t)serve(services[i], &word), (uint64_t)-SILL_ENOSYS,
			  "cpuid: service %x: ENOSYS", services[i]);
	}
	unknown_doors();
	wide_registers(exit_cpuid, false, "ring 0");
	wide_registers(exit_cpuid, true, "ring 3");
	tap_ok(sill_present(), "cpuid: Sill is alive after all this");
}

const struct ways way_cpuid = {ways, 1, false, wrong};
