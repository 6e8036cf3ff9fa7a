/* SPDX-License-Identifier: MIT */
/* A ring of messages in memory, and one VMCALL for all that are in it. */
#include "exceptions.h"
#include "string.h"
#include "tap.h"
#include "way.h"

measuring_function measure_door_kick;

static __attribute__((aligned(4096))) struct sill_ring ring;

static int64_t name_ring(const void *at)
{
	return try_vmcall(SILL_CALL_DOOR_RING, (uint64_t)at, 0);
}

static const char *start(void)
{
	int64_t answer;

	memset(&ring, 0, sizeof(ring));
	ring.version = SILL_RING_VERSION;
	answer = name_ring(&ring);
	return answer ? "door_ring answers an error" : NULL;
}

static void stop(void)
{
	name_ring(NULL);
}

static inline struct sill_ring_slot *slot(uint32_t number)
{
	return &ring.slots[number % SILL_RING_SLOTS];
}

/* Puts words in, kicks, and takes the answers: false if one of them isn't there. */
static inline bool exchange(any64 *words, uint32_t count)
{
	uint32_t first = ring.head, errors = 0;

	for (uint32_t i = 0; i < count; i++) {
		slot(first + i)->word = words[i];
		slot(first + i)->service = SILL_SERVICE_ECHO;
	}
	*(volatile any32 *)&ring.head = first + count;
	if (sill_door_kick() != count || ring.tail != first + count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		words[i] = slot(first + i)->word;
		errors |= (uint32_t)slot(first + i)->result;
	}
	return !errors;
}

static inline int64_t transfer(char *at, size_t size, uint32_t batch)
{
	size_t words = size / 8, rest = size % 8;
	uint64_t last = 0;

	while (words) {
		uint32_t count = words < batch ? (uint32_t)words : batch;

		if (!exchange((any64 *)at, count))
			return -SILL_EIO;
		at += 8 * count;
		words -= count;
	}
	if (rest) {
		memcpy(&last, at, rest);
		if (!exchange(&last, 1))
			return -SILL_EIO;
		memcpy(at, &last, rest);
	}
	return (int64_t)size;
}

static uint64_t time_ns(void)
{
	struct sill_ring_slot *s = slot(ring.head);

	s->service = SILL_SERVICE_TIME;
	*(volatile any32 *)&ring.head = ring.head + 1;
	return sill_door_kick() == 1 && !s->result ? s->word : 0;
}

static bool absent(void)
{
	uint64_t word = 1;
	int64_t answer;

	memset(&ring, 0, sizeof(ring));
	ring.version = SILL_RING_VERSION;
	answer = name_ring(&ring);
	ring.slots[0].word = word;
	ring.slots[0].result = 1;
	ring.head = 1;
	if (caught.vector == NO_EXCEPTION)
		happened("VMCALL answers %ld, ", answer);
	answer = try_vmcall(SILL_CALL_DOOR_KICK, 0, 0);
	if (caught.vector != NO_EXCEPTION)
		happened("%s", exception_name(caught.vector));
	else
		happened("%ld", answer);
	return *(volatile int32_t *)&ring.slots[0].result == 0;
}

/* Full, so that the kick that is measured answers all of it. */
static void *prepare(void)
{
	for (uint32_t i = 0; i < SILL_RING_SLOTS; i++)
		slot(ring.head + i)->service = SILL_SERVICE_ECHO;
	*(volatile any32 *)&ring.head = ring.head + SILL_RING_SLOTS;
	return NULL;
}

static const struct way_net no_nets[] = {{0}};

static const struct way_net nets[] = {
	{"ring_256", measure_door_kick, 1, SILL_RING_SLOTS, prepare},
	{0},
};

/* The same ring, in batches of different sizes. */
#define BATCH(n)                                             \
	static bool echo_##n(uint64_t *words)                \
	{                                                    \
		return exchange(words, n);                   \
	}                                                    \
	static int64_t transfer_##n(void *data, size_t size) \
	{                                                    \
		return transfer(data, size, n);              \
	}
BATCH(1)
BATCH(16)
BATCH(256)
#undef BATCH

#define WITHOUT "#UD: the ring stays as it is"

static const struct way ways[] = {
	{
		.name = "ring_1",
		.title = "a ring, 1 in a batch",
		.privilege = "kernel",
		.without = WITHOUT,
		.needs_vmcall = true,
		.word_bits = 64,
		.batch = 1,
		.nets = no_nets,
		.start = start,
		.stop = stop,
		.echo = echo_1,
		.transfer = transfer_1,
		.time_ns = time_ns,
		.absent = absent,
	},
	{
		.name = "ring_16",
		.title = "a ring, 16 in a batch",
		.privilege = "kernel",
		.without = WITHOUT,
		.needs_vmcall = true,
		.word_bits = 64,
		.batch = 16,
		.nets = no_nets,
		.start = start,
		.stop = stop,
		.echo = echo_16,
		.transfer = transfer_16,
		.time_ns = time_ns,
		.absent = absent,
	},
	{
		.name = "ring_256",
		.title = "a ring, 256 in a batch",
		.privilege = "kernel",
		.without = WITHOUT,
		.needs_vmcall = true,
		.word_bits = 64,
		.batch = 256,
		.nets = nets,
		.start = start,
		.stop = stop,
		.echo = echo_256,
		.transfer = transfer_256,
		.time_ns = time_ns,
		.absent = absent,
	},
};

static void names(void)
{
	char *edge = TEST_4K(TEST_PAGE_RING);

	tap_equal((uint64_t)name_ring((char *)&ring + 8), (uint64_t)-SILL_EINVAL,
		  "ring: not a page's beginning: EINVAL");
	tap_equal((uint64_t)name_ring(TEST_4K(TEST_PAGE_NOTHING)), (uint64_t)-SILL_EFAULT,
		  "ring: an address of nothing: EFAULT");
	tap_equal((uint64_t)name_ring((void *)0x0000900000000000), (uint64_t)-SILL_EFAULT,
		  "ring: a non-canonical address: EFAULT");
	tap_equal((uint64_t)name_ring((void *)(3 * GIB)), (uint64_t)-SILL_EFAULT,
		  "ring: memory that isn't there: EFAULT");
	test_map(TEST_PAGE_RING, (uint64_t)&ring, PTE_P | PTE_W);
	tap_equal((uint64_t)name_ring(edge), (uint64_t)-SILL_EFAULT,
		  "ring: its second page is not mapped: EFAULT");
	test_map(TEST_PAGE_RING + 1, (uint64_t)&ring + PAGE_SIZE, PTE_P);
	tap_equal((uint64_t)name_ring(edge), (uint64_t)-SILL_EFAULT,
		  "ring: its second page is mapped read-only: EFAULT");
	test_map(TEST_PAGE_RING, 0, 0);
	test_map(TEST_PAGE_RING + 1, 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		static const uint32_t versions[] = {0, SILL_RING_VERSION + 1, 0xffffffff};

		ring.version = versions[i];
		tap_equal((uint64_t)name_ring(&ring), (uint64_t)-SILL_EINVAL,
			  "ring: version %x: EINVAL", versions[i]);
	}
	ring.version = SILL_RING_VERSION;
	tap_equal((uint64_t)name_ring(NULL), 0, "ring: none");
	tap_equal((uint64_t)sill_door_kick(), (uint64_t)-SILL_ENODEV,
		  "ring: a kick of none: ENODEV");
}

static void indices(void)
{
	uint64_t words[SILL_RING_SLOTS];
	uint32_t head;
	bool right = true;

	start();
	tap_equal((uint64_t)sill_door_kick(), 0, "ring: a kick with nothing in it");
	head = ring.head;
	ring.slots[head % SILL_RING_SLOTS].result = 77;
	ring.head = head + SILL_RING_SLOTS + 1;
	tap_equal((uint64_t)sill_door_kick(), (uint64_t)-SILL_EINVAL,
		  "ring: 257 messages ahead: EINVAL");
	ring.head = head + 0x80000000;
	tap_equal((uint64_t)sill_door_kick(), (uint64_t)-SILL_EINVAL,
		  "ring: 2^31 messages ahead: EINVAL");
	ring.head = head - 1;
	tap_equal((uint64_t)sill_door_kick(), (uint64_t)-SILL_EINVAL,
		  "ring: one message back: EINVAL");
	tap_equal((uint32_t)ring.slots[head % SILL_RING_SLOTS].result, 77,
		  "ring: and nothing is answered");
	ring.head = head;
	words[0] = 1;
	tap_ok(exchange(words, 1) && words[0] == 1, "ring: head put right, it goes on");

	ring.tail = head + 100;
	words[0] = 2;
	tap_ok(exchange(words, 1) && words[0] == 2,
	       "ring: what the guest writes to tail is ignored");

	/* Batches that don't divide the ring: they wrap at its end in all ways. */
	for (unsigned i = 0; i < 300; i++) {
		uint32_t count = 1 + i * 7 % SILL_RING_SLOTS;

		for (uint32_t j = 0; j < count; j++)
			words[j] = mixed(i * 1000 + j);
		right &= exchange(words, count);
		for (uint32_t j = 0; j < count; j++)
			right &= words[j] == mixed(i * 1000 + j);
	}
	tap_ok(right, "ring: batches of all sizes, around its end");

	/* The guest begins where it likes: just below 2^32, too. */
	memset(&ring, 0, sizeof(ring));
	ring.version = SILL_RING_VERSION;
	ring.head = 0xffffffff - 3;
	tap_equal((uint64_t)name_ring(&ring), 0, "ring: named with a head of 2^32 - 4");
	tap_equal(ring.tail, ring.head, "ring: tail is set to it");
	for (uint32_t j = 0; j < 8; j++)
		words[j] = mixed(j);
	right = exchange(words, 8);
	for (uint32_t j = 0; j < 8; j++)
		right &= words[j] == mixed(j);
	tap_ok(right && ring.head == 4, "ring: around 2^32");
}

static void services(void)
{
	uint32_t first = ring.head;
	bool right = true;

	for (uint32_t i = 0; i < 16; i++) {
		slot(first + i)->word = mixed(i);
		slot(first + i)->result = 77;
		slot(first + i)->service = i == 5 ? SILL_SERVICE_COUNT : i == 9 ? 0xffffffff : 0;
	}
	slot(first + 16)->result = 77;
	ring.head = first + 16;
	tap_equal((uint64_t)sill_door_kick(), 16, "ring: 16 messages, two of them wrong");
	for (uint32_t i = 0; i < 16; i++)
		right &= slot(first + i)->result == (i == 5 || i == 9 ? -SILL_ENOSYS : 0) &&
			 (i == 5 || i == 9 || slot(first + i)->word == mixed(i));
	tap_ok(right, "ring: these two are refused, the others answered");
	tap_equal((uint32_t)slot(first + 16)->result, 77,
		  "ring: the slot behind them is untouched");
}

/* The pages are known by where they lie in memory; there they needn't be neighbours. */
static void mapping(void)
{
	static __attribute__((aligned(4096))) struct sill_ring_slot slots[SILL_RING_SLOTS];
	static __attribute__((aligned(4096))) volatile uint32_t indices[PAGE_SIZE / 4];
	volatile uint32_t *head = indices + offsetof(struct sill_ring, head) / 4;
	volatile uint32_t *tail = indices + offsetof(struct sill_ring, tail) / 4;
	void *alias = TEST_4K(TEST_PAGE_RING);
	uint64_t word = 3;

	test_map(TEST_PAGE_RING, (uint64_t)indices, PTE_P | PTE_W);
	test_map(TEST_PAGE_RING + 1, (uint64_t)slots, PTE_P | PTE_W);
	indices[0] = SILL_RING_VERSION;
	tap_equal((uint64_t)name_ring(alias), 0, "ring: two pages that only addresses join");
	test_map(TEST_PAGE_RING, 0, 0);
	test_map(TEST_PAGE_RING + 1, 0, 0);
	slots[0].word = 4;
	slots[0].result = 77;
	slots[0].service = SILL_SERVICE_ECHO;
	*head = 1;
	tap_equal((uint64_t)sill_door_kick(), 1, "ring: a kick while it has no address");
	tap_ok(slots[0].word == 4 && slots[0].result == 0 && *tail == 1,
	       "ring: it is answered all the same");
	start();
	tap_ok(exchange(&word, 1) && word == 3, "ring: named anew, the new one is used");
	*head = 2;
	tap_equal((uint64_t)sill_door_kick(), 0, "ring: and the old one isn't");
	tap_equal((uint64_t)name_ring((char *)&ring + 1), (uint64_t)-SILL_EINVAL,
		  "ring: a bad name");
	tap_ok(exchange(&word, 1) && word == 3, "ring: leaves all as it was");
}

static void wrong(void)
{
	uint64_t word = 9;

	start();
	names();
	indices();
	services();
	mapping();
	tap_ok(exchange(&word, 1) && word == 9, "ring: Sill is alive after all this");
	stop();
}

const struct ways way_ring = {ways, 3, false, wrong};
