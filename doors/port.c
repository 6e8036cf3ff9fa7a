/* SPDX-License-Identifier: MIT */
/* The door PORT: the made-up device with I/O ports; and CALL, which no device could have. */
#include <sill/errno.h>

#include "doors/device.h"
#include "doors/doors.h"
#include "doors/service.h"

static int open(struct vcpu *vcpu)
{
	vcpu->doors->state[SILL_DOOR_PORT] = door_allocate(vcpu, sizeof(struct door_device));
	return vcpu->doors->state[SILL_DOOR_PORT] != NULL ? 0 : -SILL_ENOMEM;
}

static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	(void)vcpu;
	r->ebx = SILL_DOOR_PORTS;
}

const struct door door_port = {.open = open, .describe = describe};

static struct door_device *device_of(const struct vcpu *vcpu)
{
	return vcpu->doors->state[SILL_DOOR_PORT];
}

void door_port_reject(struct vcpu *vcpu)
{
	device_reject(device_of(vcpu));
}

__attribute__((always_inline)) static inline uint32_t call(struct vcpu *vcpu,
							   struct door_device *device, uint32_t eax)
{
	struct service_answer answer = service_word(vcpu, device->service, eax);

	if (answer.error == 0)
		return (uint32_t)answer.word;
	device->error = (int32_t)answer.error;
	return UINT32_MAX;
}

__attribute__((always_inline)) static inline uint32_t in(struct vcpu *vcpu,
							 struct door_device *device,
							 unsigned int offset, unsigned int bytes,
							 uint32_t eax)
{
	if (offset == SILL_DEVICE_DATA)
		return (uint32_t)device_read_data(device, bytes, service_block, vcpu);
	if (offset == SILL_DEVICE_CALL && bytes == 4)
		return call(vcpu, device, eax);
	if (offset == SILL_DEVICE_CONTROL && bytes == 4)
		return device_read_control(device, service_block, vcpu);
	device_reject(device);
	return UINT32_MAX;
}

__attribute__((always_inline)) static inline void
out(struct door_device *device, unsigned int offset, unsigned int bytes, uint32_t value)
{
	if (offset == SILL_DEVICE_DATA)
		device_write_data(device, value, bytes);
	else if (offset == SILL_DEVICE_CONTROL && bytes == 4)
		device_write_control(device, value);
	else
		device_reject(device);
}

void door_port_in_string(struct vcpu *vcpu, uint32_t port, void *to, uint32_t size)
{
	if (port != SILL_DOOR_PORTS + SILL_DEVICE_DATA)
		device_reject(device_of(vcpu));
	device_read_block(device_of(vcpu), to, size, service_block, vcpu);
}

void door_port_out_string(struct vcpu *vcpu, uint32_t port, const void *from, uint32_t size)
{
	if (port == SILL_DOOR_PORTS + SILL_DEVICE_DATA)
		device_write_block(device_of(vcpu), from, size);
	else
		device_reject(device_of(vcpu));
}

__attribute__((always_inline)) static inline void
access(struct vcpu *vcpu, struct door_device *device, uint64_t qualification)
{
	unsigned int offset = IO_ACCESS_PORT(qualification) - SILL_DOOR_PORTS;
	unsigned int bytes = IO_ACCESS_BYTES(qualification);
	uint64_t *rax = &vcpu->registers.rax;

	if (!IO_ACCESS_IN(qualification)) {
		out(device, offset, bytes, (uint32_t)*rax);
	} else {
		uint32_t value = in(vcpu, device, offset, bytes, (uint32_t)*rax);
		uint64_t mask = (1ull << 8 * bytes) - 1;

		/* Of a register, 4 bytes clear the rest and fewer leave it. */
		*rax = bytes == 4 ? value : (*rax & ~mask) | (value & mask);
	}
	vcpu_advance(vcpu);
}

__attribute__((noinline)) static void access_for_other_service(struct vcpu *vcpu,
							       uint64_t qualification)
{
	access(vcpu, device_of(vcpu), qualification);
}

/* The echo apart: the compiler sees that it calls nobody, and does without a stack frame for it. */
void door_port_access(struct vcpu *vcpu, uint64_t qualification)
{
	struct door_device *device = device_of(vcpu);

	if (device->service == SILL_SERVICE_ECHO)
		access(vcpu, device, qualification);
	else
		access_for_other_service(vcpu, qualification);
}
