/* SPDX-License-Identifier: MIT */
/*
 * The made-up device behind the doors PORT and MMIO: a register for data, which keeps a message
 * until it is complete and then the answer, and one for control. Pure: the service comes through a
 * callback. What the registers do is told in include/sill/doors.h.
 */
#ifndef SILL_DOORS_DEVICE_H
#define SILL_DOORS_DEVICE_H

#include <sill/doors.h>
#include <sill/errno.h>

#include "core/string.h"

#include <stdbool.h>
#include <stdint.h>

struct vcpu; /* passed on to the service */

/* Answers `size` bytes of message in their place: how many bytes of answer, or a negative error. */
typedef int64_t device_service(struct vcpu *vcpu, uint64_t service, void *data, uint64_t size,
			       uint64_t room);

/* All zero after a reset. */
struct door_device {
	uint32_t service;
	int32_t error;	/* 0, or what CONTROL reads until it is written */
	uint32_t size;	/* of the message, then of the answer */
	uint32_t taken; /* bytes of the answer that were read */
	bool answered;
	/* An access of 8 bytes may begin with the last. */
	uint8_t data[SILL_BLOCK_MAX + 8];
};

/*
 * All is inline, so that the service can be as well: these are paths on which instructions count.
 */

static inline void device_write_control(struct door_device *device, uint32_t service)
{
	device->service = service;
	device->error = 0;
	device->size = 0;
	device->answered = false;
}

/* An access that no register takes. */
static inline void device_reject(struct door_device *device)
{
	device->error = -SILL_EINVAL;
}

/* bytes: 1, 2, 4 or 8; of a value that is written only the lowest count. */

static inline uint64_t device_ones(unsigned int bytes)
{
	return UINT64_MAX >> (64 - 8 * bytes);
}

static inline void device_write_data(struct door_device *device, uint64_t value, unsigned int bytes)
{
	if (device->error != 0)
		return;
	if (device->answered) {
		device->answered = false;
		device->size = 0;
	}
	if (device->size + bytes > SILL_BLOCK_MAX) {
		device->error = -SILL_E2BIG;
		return;
	}
	/* What is stored beyond `bytes` is overwritten later, or lies beyond the message. */
	__builtin_memcpy(&device->data[device->size], &value, 8);
	device->size += bytes;
}

/* Whether there is an answer, which a read asks for. */
static inline bool device_answer(struct door_device *device, device_service *serve,
				 struct vcpu *vcpu)
{
	int64_t size;

	if (device->answered || device->error != 0)
		return device->error == 0;
	size = serve(vcpu, device->service, device->data, device->size, SILL_BLOCK_MAX);
	if (size < 0) {
		device->error = (int32_t)size;
		return false;
	}
	device->answered = true;
	device->size = (uint32_t)size;
	device->taken = 0;
	return true;
}

static inline uint64_t device_read_data(struct door_device *device, unsigned int bytes,
					device_service *serve, struct vcpu *vcpu)
{
	uint64_t value;
	uint32_t left;

	if (!device_answer(device, serve, vcpu))
		return device_ones(bytes);
	__builtin_memcpy(&value, &device->data[device->taken], 8);
	left = device->size - device->taken;
	if (left < bytes) {
		value |= left == 0 ? UINT64_MAX : UINT64_MAX << 8 * left;
		device->taken = device->size;
	} else {
		device->taken += bytes;
	}
	return value & device_ones(bytes);
}

/* The same as that many accesses one after another, of any size: for string instructions. */
static inline void device_write_block(struct door_device *device, const void *from, uint32_t size)
{
	if (device->error != 0)
		return;
	if (device->answered) {
		device->answered = false;
		device->size = 0;
	}
	if (size > SILL_BLOCK_MAX - device->size) {
		device->error = -SILL_E2BIG;
		return;
	}
	memcpy(&device->data[device->size], from, size);
	device->size += size;
}

static inline void device_read_block(struct door_device *device, void *to, uint32_t size,
				     device_service *serve, struct vcpu *vcpu)
{
	uint32_t left = device_answer(device, serve, vcpu) ? device->size - device->taken : 0;
	uint32_t there = size < left ? size : left;

	memcpy(to, &device->data[device->taken], there);
	memset((uint8_t *)to + there, 0xff, size - there);
	if (device->error == 0)
		device->taken += there;
}

static inline uint32_t device_read_control(struct door_device *device, device_service *serve,
					   struct vcpu *vcpu)
{
	if (!device_answer(device, serve, vcpu))
		return (uint32_t)device->error;
	return device->size - device->taken;
}

#endif
