/* SPDX-License-Identifier: MIT */
/* A letter in a page of ordinary memory, see letter.h. */
#include "clock.h"
#include "letter.h"
#include "string.h"
#include "tap.h"
#include "way.h"

static volatile struct sill_letter *seen_by_both(struct sill_letter *letter)
{
	return letter;
}

void letter_write(struct sill_letter *letter, const void *data, size_t size)
{
	uint8_t *to = letter->data;
	const uint8_t *from = data;

	for (; size >= 8; size -= 8, to += 8, from += 8)
		*(volatile any64 *)to = *(const any64 *)from;
	for (; size; size--)
		*(volatile uint8_t *)to++ = *from++;
}

/* The same the other way. */
static void letter_read(const struct sill_letter *letter, void *data, size_t size)
{
	const uint8_t *from = letter->data;
	uint8_t *to = data;

	for (; size >= 8; size -= 8, to += 8, from += 8)
		*(any64 *)to = *(const volatile any64 *)from;
	for (; size; size--)
		*to++ = *(const volatile uint8_t *)from++;
}

int64_t letter_send(struct sill_letter *letter, uint32_t service, uint32_t size, uint64_t ms)
{
	volatile struct sill_letter *l = seen_by_both(letter);

	if (l->service != service)
		l->service = service;
	if (l->size != size)
		l->size = size;
	l->state = SILL_LETTER_SENT;
	if (l->state == SILL_LETTER_SENT && !wait_while_32(&l->state, SILL_LETTER_SENT, ms))
		return -SILL_EIO;
	if (l->state != SILL_LETTER_ANSWERED)
		return -SILL_EIO;
	return l->result ? l->result : (int64_t)l->size;
}

bool letter_echo(struct sill_letter *letter, uint64_t *word, uint64_t ms)
{
	*(volatile any64 *)letter->data = *word;
	if (letter_send(letter, SILL_SERVICE_ECHO, 8, ms) != 8)
		return false;
	*word = *(volatile any64 *)letter->data;
	return true;
}

int64_t letter_transfer(struct sill_letter *letter, void *data, size_t size, uint64_t ms)
{
	char *at = data;
	size_t left = size;

	do {
		size_t part = left < SILL_LETTER_DATA_MAX ? left : SILL_LETTER_DATA_MAX;
		int64_t answer;

		letter_write(letter, at, part);
		answer = letter_send(letter, SILL_SERVICE_ECHO, (uint32_t)part, ms);
		if (answer != (int64_t)part)
			return answer < 0 ? answer : -SILL_EIO;
		letter_read(letter, at, part);
		at += part;
		left -= part;
	} while (left);
	return (int64_t)size;
}

uint64_t letter_time_ns(struct sill_letter *letter, uint64_t ms)
{
	if (letter_send(letter, SILL_SERVICE_TIME, 8, ms) < 8)
		return 0;
	return *(volatile any64 *)letter->data;
}

void letter_test(const char *door, struct sill_letter *letter, uint64_t ms)
{
	static const uint32_t services[] = {SILL_SERVICE_COUNT, 0x10000, 0x80000000, 0xffffffff};
	static const uint32_t sizes[] = {SILL_LETTER_DATA_MAX + 1, 4096, 0x80000000, 0xffffffff};
	volatile struct sill_letter *l = seen_by_both(letter);
	struct sill_letter before;
	uint64_t word = 0x0123456789abcdef;
	int64_t answer;

	for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		tap_equal((uint64_t)letter_send(letter, services[i], 8, ms), (uint64_t)-SILL_ENOSYS,
			  "%s: service %x: ENOSYS", door, services[i]);
		tap_equal(l->size, 0, "%s: and the answer is empty", door);
	}
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		answer = letter_send(letter, SILL_SERVICE_ECHO, sizes[i], ms);
		tap_ok(answer == -SILL_E2BIG || answer == -SILL_EINVAL,
		       "%s: size %x is refused (%ld)", door, sizes[i], answer);
	}
	tap_ok(letter_echo(letter, &word, ms) && word == 0x0123456789abcdef,
	       "%s: a good letter after bad ones", door);

	fill_mixed(letter->data, sizeof(letter->data), 11);
	memcpy(&before, letter, sizeof(before));
	tap_equal((uint64_t)letter_send(letter, SILL_SERVICE_ECHO, SILL_LETTER_DATA_MAX, ms),
		  SILL_LETTER_DATA_MAX, "%s: a letter that fills its page", door);
	tap_ok(!memcmp(letter->data, before.data, sizeof(before.data)), "%s: comes back", door);
	tap_equal((uint64_t)letter_send(letter, SILL_SERVICE_TIME, 0, ms), sizeof(struct sill_time),
		  "%s: a letter of no bytes gets the time as a structure", door);
	tap_ok(!memcmp(letter->data + sizeof(struct sill_time),
		       before.data + sizeof(struct sill_time),
		       sizeof(before.data) - sizeof(struct sill_time)),
	       "%s: and the rest of the page is as it was", door);
	tap_ok(l->pattern[0] == before.pattern[0] && l->pattern[1] == before.pattern[1] &&
		       l->service == SILL_SERVICE_TIME,
	       "%s: so are pattern and service", door);

	/* A letter that isn't sent. */
	memset(letter->data, 0x5a, 8);
	l->size = 8;
	l->service = SILL_SERVICE_TIME;
	l->state = SILL_LETTER_IDLE;
	wait_while_32(&l->state, SILL_LETTER_IDLE, 5);
	tap_equal(l->state, SILL_LETTER_IDLE, "%s: a letter that is not sent is not answered",
		  door);
	l->state = 0x101; /* SENT is a number, not a byte of it */
	wait_while_32(&l->state, 0x101, 5);
	tap_equal(l->state, 0x101, "%s: nor one in an unknown state", door);
	tap_ok(filled_with(letter->data, 0x5a, 8), "%s: they lie there untouched", door);
}
