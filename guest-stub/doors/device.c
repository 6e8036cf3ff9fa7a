/* SPDX-License-Identifier: MIT */
/* The device with the registers DATA and CONTROL, see device.h. */
#include "device.h"
#include "string.h"
#include "tap.h"
#include "way.h"

#define ONES 0xffffffffu

void device_refused(const struct device *device, int error, const char *what)
{
	const uint32_t word = 0x600dc0de;

	tap_equal(device->control(), (uint32_t)-error, "%s: %s: CONTROL reads -%d", device->name,
		  what, error);
	tap_equal(device->take(), ONES, "%s: %s: DATA reads all ones", device->name, what);
	device->put(1);
	tap_equal(device->control(), (uint32_t)-error, "%s: %s: the error stays", device->name,
		  what);
	device->select(SILL_SERVICE_ECHO);
	tap_equal(device->control(), 0, "%s: %s: until CONTROL is written", device->name, what);
	device->put(word);
	tap_equal(device->take(), word, "%s: %s: and the echo is right again", device->name, what);
}

static void messages(const struct device *device)
{
	bool right = true;

	device->select(SILL_SERVICE_ECHO);
	tap_equal(device->control(), 0, "%s: no message, no answer", device->name);
	tap_equal(device->take(), ONES, "%s: DATA reads all ones then", device->name);
	tap_equal(device->control(), 0, "%s: and that is no error", device->name);

	for (uint32_t i = 0; i < 3; i++)
		device->put((uint32_t)mixed(i));
	for (uint32_t i = 0; i < 3; i++) {
		right &= device->control() == 12 - 4 * i;
		right &= device->take() == (uint32_t)mixed(i);
	}
	tap_ok(right, "%s: CONTROL counts what is left of the answer", device->name);
	tap_equal(device->control(), 0, "%s: down to 0", device->name);
	tap_equal(device->take(), ONES, "%s: DATA reads all ones beyond the answer", device->name);

	device->put(11);
	device->put(22);
	device->select(SILL_SERVICE_ECHO);
	tap_equal(device->control(), 0, "%s: writing CONTROL drops a message", device->name);
	device->put(33);
	tap_equal(device->take(), 33, "%s: what is written then is the message", device->name);

	device->put(44);
	device->put(55);
	device->take();
	device->put(66);
	tap_equal(device->control(), 4, "%s: a new message drops the rest of an answer",
		  device->name);
	tap_equal(device->take(), 66, "%s: and is answered", device->name);

	device->put_byte(0x77);
	device->put(0x01020304);
	device->put_byte(0x88);
	right = device->control() == 6 && device->take() == 0x02030477 && device->control() == 2;
	tap_ok(right, "%s: accesses of different sizes are one stream of bytes", device->name);
	tap_equal(device->take(), 0xffff8801, "%s: ones complete the answer's end", device->name);
}

static void sizes(const struct device *device)
{
	for (uint32_t i = 0; i < SILL_BLOCK_MAX / 4; i++)
		device->put(i);
	tap_equal(device->control(), SILL_BLOCK_MAX, "%s: %u bytes are a message", device->name,
		  SILL_BLOCK_MAX);
	device->select(SILL_SERVICE_ECHO);
	for (uint32_t i = 0; i < SILL_BLOCK_MAX / 4; i++)
		device->put(i);
	device->put_byte(1);
	device_refused(device, SILL_E2BIG, "one byte more than a block may have");
	for (uint32_t i = 0; i < SILL_BLOCK_MAX / 4 - 1; i++)
		device->put(i);
	device->put_byte(1);
	device->put(2);
	device_refused(device, SILL_E2BIG, "four bytes where there is room for three");
}

static void services(const struct device *device)
{
	static const uint32_t unknown[] = {SILL_SERVICE_COUNT, 0x100, 0x7fffffff, ONES};
	struct sill_time before = {0}, after = {0};
	struct sill_time answer;

	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		device->select(unknown[i]);
		device->put(1);
		device_refused(device, SILL_ENOSYS, "a service that isn't");
	}

	for (int with_message = 0; with_message < 2; with_message++) {
		bool known = try_vmcall(SILL_CALL_TIME, (uint64_t)&before, sizeof(before)) > 0;

		device->select(SILL_SERVICE_TIME);
		if (with_message)
			device->put(1);
		if (!known) {
			tap_skip("time as a block", "the call time does not answer");
			continue;
		}
		tap_equal(device->control(), sizeof(before), "%s: the answer to %s is a structure",
			  device->name, with_message ? "a message" : "no bytes at all");
		for (unsigned i = 0; i < sizeof(answer) / 4; i++)
			((any32 *)&answer)[i] = device->take();
		try_vmcall(SILL_CALL_TIME, (uint64_t)&after, sizeof(after));
		tap_ok(answer.utc_ns >= before.utc_ns && answer.utc_ns <= after.utc_ns,
		       "%s: its time is the one of the call time", device->name);
		tap_equal(answer.tsc_hz, after.tsc_hz, "%s: its tsc_hz is, too", device->name);
	}
	device->select(SILL_SERVICE_ECHO);
}

void device_test(const struct device *device)
{
	messages(device);
	sizes(device);
	services(device);
}
