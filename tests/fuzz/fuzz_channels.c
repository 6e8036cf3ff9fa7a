/* SPDX-License-Identifier: MIT */
/* UNIT: channel/channels.c channel/channel.c channel/check.c channel/line.c channel/rings.c channel/service.c
	 link/link.c link/frame.c link/queue.c link/stream.c link/window.c core/format.c */
/*
 * A hostile guest: calls with any arguments, rings that change at any moment (also between two
 * looks of Sill's at one page), and any bytes on the serial line. Nothing outside of the guest's
 * memory is touched, every answer is one that hypercall/calls.def knows, and what is broken stays
 * so.
 */
#include "tests/unit/channel_machine.h"

#include <sill/hypercall.h>

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static struct vcpu vcpus[2];

/* The input, word by word; zeros when it is over. */
static const uint8_t *input;
static size_t left;

static uint8_t next_byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

static uint64_t next_word(unsigned int bytes)
{
	uint64_t word = 0;

	for (unsigned int i = 0; i < bytes; i++)
		word = word << 8 | next_byte();
	return word;
}

static uint64_t handles[8];

/* Mostly something that exists. */
static uint64_t handle(void)
{
	uint8_t which = next_byte();

	return which < 250 ? handles[which % 8] : next_word(8);
}

static uint64_t address(void)
{
	uint8_t which = next_byte();

	return which < 250 ? MACHINE_BASE + next_word(3) % MACHINE_SIZE : next_word(8);
}

static uint64_t small(void)
{
	uint8_t which = next_byte();

	return which < 128 ? which : which < 250 ? next_word(3) % 7000 : next_word(8);
}

static void call_open(struct vcpu *vcpu)
{
	static const char *const names[] = {"echo", "log", "time", "a", "b", "9p", ".", "x/y"};
	const char *name = names[next_byte() % 8];
	int64_t answer;

	memcpy(machine_at(MACHINE_BASE), name, strlen(name));
	answer = channel_open(vcpu, next_byte() < 250 ? MACHINE_BASE : address(),
			      next_byte() < 250 ? strlen(name) : small(),
			      next_byte() < 250 ? next_byte() & 1 : small());
	if (answer > 0) {
		REQUIRE(answer >= SILL_CHANNEL_FIRST_HANDLE && answer <= INT32_MAX);
		handles[SILL_CHANNEL_PLACE((uint32_t)answer) % 8] = (uint64_t)answer;
	} else {
		REQUIRE(answer == -SILL_EBUSY || answer == -SILL_ENFILE || answer == -SILL_EINVAL ||
			answer == -SILL_EFAULT);
	}
}

static bool is_of_broken_channel(int64_t answer)
{
	return answer == -SILL_ENOENT || answer == -SILL_ECONNRESET || answer == -SILL_ETIMEDOUT ||
	       answer == -SILL_EPROTO || answer == -SILL_EFAULT ||
	       (answer < 0 && answer >= -SILL_MAX_ERRNO);
}

static void call_move(struct vcpu *vcpu, bool write)
{
	uint64_t size = small(), at = address(), which = handle();
	int64_t answer =
		write ? channel_write(vcpu, which, at, size) : channel_read(vcpu, which, at, size);

	REQUIRE(answer <= (int64_t)SILL_CHANNEL_MOVE_MAX);
	REQUIRE(answer < 0 || (uint64_t)answer <= size);
	REQUIRE(answer >= 0 || answer == -SILL_EBADF || answer == -SILL_EBUSY ||
		answer == -SILL_EAGAIN || answer == -SILL_EPIPE || is_of_broken_channel(answer));
}

static void call_rings(struct vcpu *vcpu)
{
	struct sill_channel_rings rings = {.version = SILL_RINGS_VERSION,
					   .pages = 1u << next_byte() % 3,
					   .vector = 64,
					   .control = MACHINE_BASE + 0x4000};
	int64_t answer;

	memset(machine_at(rings.control), 0, 4096);
	for (uint32_t i = 0; i < rings.pages; i++) {
		rings.to_sill[i] = MACHINE_BASE + 0x5000 + 4096 * i;
		rings.to_guest[i] = MACHINE_BASE + 0x9000 + 4096 * i;
	}
	if (next_byte() > 200)
		((uint8_t *)&rings)[next_word(2) % sizeof(rings)] ^= next_byte();
	memcpy(machine_at(MACHINE_BASE + 0x2000), &rings, sizeof(rings));
	answer = channel_rings(vcpu, handle(), MACHINE_BASE + 0x2000);
	REQUIRE(answer <= 0);
}

/* The guest writes to its rings: mostly what makes some sense. */
static void scribble(void)
{
	struct sill_channel_control *control = (void *)machine_at(MACHINE_BASE + 0x4000);

	switch (next_byte() % 8) {
	case 0:
		control->to_sill_head += next_byte();
		break;
	case 1:
		control->to_sill_head = control->to_sill_tail + (uint32_t)next_word(2);
		break;
	case 2:
		control->to_guest_tail = control->to_guest_head;
		break;
	case 3:
		control->wake = next_byte() & 1;
		break;
	case 4:
		control->ended = next_byte() & 1;
		break;
	case 5:
		control->to_guest_tail += next_byte();
		break;
	default:
		((uint8_t *)control)[next_byte()] = next_byte();
	}
}

static void receive(void)
{
	machine.arrived = machine.taken = 0;
	for (unsigned int count = next_byte(); count > 0; count--)
		machine.arriving[machine.arrived++] = next_byte();
}

static void check_states(void)
{
	for (uint64_t place = 0; place < SILL_CHANNELS_MAX; place++) {
		struct sill_channel state;
		int64_t answer = channel_describe(place, &state);

		REQUIRE(answer == 0);
		if (state.handle == 0)
			continue;
		REQUIRE(((state.state & SILL_CHANNEL_BROKEN) != 0) == (state.error != 0));
		REQUIRE(state.error <= 0 && state.error >= -SILL_MAX_ERRNO);
		REQUIRE(memchr(state.name, 0, sizeof(state.name)) != NULL);
	}
}

static void step(void)
{
	struct vcpu *vcpu = &vcpus[next_byte() > 200];
	struct sill_channel state;
	int64_t answer;

	machine.sent_count = 0;
	switch (next_byte() % 14) {
	case 0:
		call_open(vcpu);
		break;
	case 1:
		(void)channel_close(vcpu, handle(), next_byte() % 3, next_byte() & 1, next_word(4));
		break;
	case 2:
	case 3:
		call_move(vcpu, true);
		break;
	case 4:
	case 5:
		call_move(vcpu, false);
		break;
	case 6:
		answer = channel_wait(vcpu, handle(), small(), 0);
		REQUIRE(answer == -SILL_EBADF || (answer >= 0 && answer <= 0x7f));
		break;
	case 7:
		call_rings(vcpu);
		break;
	case 8:
		(void)channel_kick(vcpu, handle());
		break;
	case 9:
		scribble();
		break;
	case 10:
		receive();
		machine_look(vcpu);
		break;
	case 11:
		machine.now_us += next_word(3);
		machine_look(vcpu);
		break;
	case 12:
		machine.missing[next_byte() % MACHINE_PAGES] = next_byte() > 240;
		machine.read_only[next_byte() % MACHINE_PAGES] = next_byte() > 240;
		break;
	default:
		(void)channel_describe(handle(), &state);
		if (next_byte() > 250)
			channels_begin(vcpu);
	}
}

static void start_once(void)
{
	static bool started;
	const struct sill_channel_settings settings = {
		.count = 4,
		.buffer = 8192,
		.link_ports = {0x2f8},
		.link_baud = 115200,
		.link_share = 50,
		.link_timeout_ms = 1000,
	};

	if (started)
		return;
	started = true;
	REQUIRE(channels_start(&settings) == 0);
	channels_begin(&vcpus[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start_once();
	input = data;
	left = size;
	memset(machine.missing, 0, sizeof(machine.missing));
	memset(machine.read_only, 0, sizeof(machine.read_only));
	machine_race = next_byte() & 1 ? scribble : NULL;
	while (left > 0)
		step();
	check_states();
	machine_race = NULL;
	/* The next input finds an empty table, and a line on which nobody is. */
	channels_end();
	machine.sent_count = machine.arrived = machine.taken = 0;
	machine.now_us += 100000000;
	machine_look(&vcpus[0]);
	machine_look(&vcpus[0]);
	memset(handles, 0, sizeof(handles));
	return 0;
}
