/* SPDX-License-Identifier: MIT */
/* VMCALL: ping for words, serve for blocks. */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "ring3.h"
#include "string.h"
#include "tap.h"
#include "way.h"

measuring_function measure_vmcall_echo;

static const char *start(void)
{
	try_vmcall(SILL_CALL_PING, 1, 0);
	return caught.vector == NO_EXCEPTION ? NULL : "VMCALL raises an exception";
}

static void stop(void)
{
}

static bool echo(uint64_t *words)
{
	/* An answer in the range of the errors would be one: ping refuses such words. */
	words[0] = (uint64_t)sill_ping(words[0]);
	return true;
}

static int64_t transfer(void *data, size_t size)
{
	char *at = data;
	size_t left = size;

	do {
		size_t part = left < SILL_BLOCK_MAX ? left : SILL_BLOCK_MAX;
		int64_t answer = sill_serve(SILL_SERVICE_ECHO, at, part, part);

		if (answer != (int64_t)part)
			return sill_is_error(answer) ? answer : -SILL_EIO;
		at += part;
		left -= part;
	} while (left);
	return (int64_t)size;
}

static uint64_t time_ns(void)
{
	struct sill_time time = {0};

	return sill_time(&time, sizeof(time.utc_ns)) > 0 ? time.utc_ns : 0;
}

static bool absent(void)
{
	int64_t answer = try_vmcall(SILL_CALL_PING, 0x123456789, 0);

	if (caught.vector != NO_EXCEPTION) {
		happened("%s", exception_name(caught.vector));
		return false;
	}
	happened("somebody answers %lx", answer);
	return answer == 0x123456789;
}

static const struct way_net nets[] = {
	{"vmcall_echo", measure_vmcall_echo, 1, 1, NULL},
	{0},
};

static const struct way ways[] = {
	{
		.name = "vmcall",
		.title = "VMCALL",
		.privilege = "any",
		.without = "#UD",
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

static char block[2 * PAGE_SIZE] __attribute__((aligned(4096)));
USER_DATA static char user_block[64];

static uint64_t serve(uint64_t service, void *data, uint64_t size, uint64_t room)
{
	return (uint64_t)sill_serve(service, data, size, room);
}

static void arguments(void)
{
	static const uint64_t services[] = {SILL_SERVICE_COUNT, 0xffffffff, 1ull << 32, 1ull << 63,
					    (uint64_t)-1};
	static const uint64_t sizes[] = {SILL_BLOCK_MAX + 1, 1ull << 32, 1ull << 63, (uint64_t)-1};

	memset(block, 0x5a, sizeof(block));
	for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		tap_equal(serve(services[i], block, 8, 8), (uint64_t)-SILL_ENOSYS,
			  "serve: service %lx: ENOSYS", services[i]);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		tap_equal(serve(SILL_SERVICE_ECHO, block, sizes[i], 8), (uint64_t)-SILL_EINVAL,
			  "serve: size %lx: EINVAL", sizes[i]);
		tap_equal(serve(SILL_SERVICE_ECHO, block, 8, sizes[i]), (uint64_t)-SILL_EINVAL,
			  "serve: room %lx: EINVAL", sizes[i]);
	}
	tap_ok(filled_with(block, 0x5a, sizeof(block)), "serve: none of them wrote anything");

	tap_equal(serve(SILL_SERVICE_ECHO, block, 64, 10), 10,
		  "serve: 64 bytes, room for 10: 10 are answered");
	tap_equal(serve(SILL_SERVICE_ECHO, block, 10, 64), 10, "serve: 10 bytes, room for 64: 10");
	tap_equal(serve(SILL_SERVICE_ECHO, block, 10, 0), 0, "serve: no room at all");
	tap_equal(serve(SILL_SERVICE_TIME, block, 0, 8), 8, "serve: time, room for 8 bytes of it");
	tap_ok(filled_with(block + 8, 0x5a, sizeof(block) - 8), "serve: and no more is written");
	tap_equal(serve(SILL_SERVICE_TIME, block, 3, 100), sizeof(struct sill_time),
		  "serve: time, more room than needed");
	tap_ok(filled_with(block + sizeof(struct sill_time), 0x5a,
			   sizeof(block) - sizeof(struct sill_time)),
	       "serve: and exactly that is written");
}

static void pointers(void)
{
	char *edge = TEST_4K(TEST_PAGE_VMCALL + 1);

	tap_equal(serve(SILL_SERVICE_ECHO, TEST_4K(TEST_PAGE_NOTHING), 8, 8),
		  (uint64_t)-SILL_EFAULT, "serve: a pointer to nothing: EFAULT");
	tap_equal(serve(SILL_SERVICE_ECHO, (void *)0x0000900000000000, 8, 8),
		  (uint64_t)-SILL_EFAULT, "serve: a non-canonical pointer: EFAULT");
	tap_equal(serve(SILL_SERVICE_ECHO, (void *)-8, 16, 16), (uint64_t)-SILL_EFAULT,
		  "serve: over the end of all addresses: EFAULT");
	test_map(TEST_PAGE_VMCALL, (uint64_t)block, PTE_P | PTE_W);
	memset(block, 0x5a, PAGE_SIZE);
	tap_equal(serve(SILL_SERVICE_ECHO, edge - 8, 16, 16), (uint64_t)-SILL_EFAULT,
		  "serve: a block that ends in nothing: EFAULT");
	tap_equal(serve(SILL_SERVICE_TIME, edge - 8, 0, 24), (uint64_t)-SILL_EFAULT,
		  "serve: an answer that ends in nothing: EFAULT");
	tap_ok(filled_with(block, 0x5a, PAGE_SIZE), "serve: and its beginning is not written");
	test_map(TEST_PAGE_VMCALL, (uint64_t)block, PTE_P);
	tap_equal(serve(SILL_SERVICE_ECHO, TEST_4K(TEST_PAGE_VMCALL), 8, 8), (uint64_t)-SILL_EFAULT,
		  "serve: a page that can't be written: EFAULT");
	test_map(TEST_PAGE_VMCALL, 0, 0);

	/* Over the border of two pages, which lie in memory the other way round. */
	test_map(TEST_PAGE_VMCALL, (uint64_t)block + PAGE_SIZE, PTE_P | PTE_W);
	test_map(TEST_PAGE_VMCALL + 1, (uint64_t)block, PTE_P | PTE_W);
	fill_mixed(edge - 100, 200, 7);
	tap_equal(serve(SILL_SERVICE_ECHO, edge - 100, 200, 200), 200,
		  "serve: over the border of two pages");
	tap_equal(serve(SILL_SERVICE_TIME, edge - 12, 0, 24), 24,
		  "serve: an answer over the border of two pages");
	tap_ok(*(any64 *)(edge + 4) == ((struct sill_time *)(edge - 12))->tsc_hz &&
		       *(any64 *)(edge + 4) != 0,
	       "serve: each byte of it in its place");
	test_map(TEST_PAGE_VMCALL, 0, 0);
	test_map(TEST_PAGE_VMCALL + 1, 0, 0);
}

static uint64_t ring3_serve(void *data, unsigned iopl)
{
	fill_pattern(&user_registers);
	user_registers.rax = SILL_CALL_SERVE;
	user_registers.rdi = SILL_SERVICE_TIME;
	user_registers.rsi = (uint64_t)data;
	user_registers.rdx = 0;
	user_registers.r10 = 24;
	ring3_run(exit_vmcall, (uint64_t)&user_registers, iopl);
	return user_registers.rax;
}

static void ring3(void)
{
	static const struct {
		const char *name;
		uint64_t number;
	} supervisors[] = {
		{"door_ring", SILL_CALL_DOOR_RING},
		{"door_kick", SILL_CALL_DOOR_KICK},
		{"door_watch", SILL_CALL_DOOR_WATCH},
		{"door_push", SILL_CALL_DOOR_PUSH},
	};

	ring3_ports(TSS_WHOLE, -1);
	tap_equal(ring3_serve(user_block, 0), 24, "serve: ring 3 may, with its own memory");
	tap_equal(ring3_serve(block, 0), (uint64_t)-SILL_EFAULT,
		  "serve: ring 3, with the kernel's memory: EFAULT");
	tap_equal(ring3_serve(block, 3), (uint64_t)-SILL_EFAULT, "serve: and so with IOPL 3");
	for (unsigned i = 0; i < sizeof(supervisors) / sizeof(supervisors[0]); i++) {
		tap_equal((uint64_t)ring3_vmcall(supervisors[i].number, 0, 0, 0),
			  (uint64_t)-SILL_EPERM, "%s: ring 3: EPERM", supervisors[i].name);
		tap_equal((uint64_t)ring3_vmcall(supervisors[i].number, (uint64_t)user_block, 0, 3),
			  (uint64_t)-SILL_EPERM, "%s: ring 3 with IOPL 3: EPERM",
			  supervisors[i].name);
	}
}

static void wrong(void)
{
	arguments();
	pointers();
	ring3();
	tap_equal((uint64_t)sill_ping(77), 77, "vmcall: Sill is alive after all this");
}

const struct ways way_vmcall = {ways, 1, false, wrong};
