/* SPDX-License-Identifier: MIT */
/*
 * The door MMIO: the made-up device with registers in memory. No memory is there, so EPT reports
 * each access, but not what it is; vmx/access.c finds that out from the instruction.
 */
#include <sill/errno.h>

#include "doors/device.h"
#include "doors/doors.h"
#include "doors/service.h"
#include "vmx/access.h"

#define PAGE_INDEX 0

static uint64_t load(struct vcpu *vcpu, struct door_device *device, const struct access *access)
{
	if (access->offset == SILL_DEVICE_DATA)
		return device_read_data(device, access->bytes, service_block, vcpu);
	if (access->offset == SILL_DEVICE_CONTROL && access->bytes == 4)
		return device_read_control(device, service_block, vcpu);
	device_reject(device);
	return UINT64_MAX;
}

static void store(struct door_device *device, const struct access *access)
{
	if (access->offset == SILL_DEVICE_DATA)
		device_write_data(device, access->value, access->bytes);
	else if (access->offset == SILL_DEVICE_CONTROL && access->bytes == 4)
		device_write_control(device, (uint32_t)access->value);
	else
		device_reject(device);
}

static void make_access(struct vcpu *vcpu, uint64_t gpa, uint64_t qualification)
{
	struct door_device *device = vcpu->doors->state[SILL_DOOR_MMIO];
	struct access access;
	const char *why = access_decode(vcpu, vcpu->doors->accesses, gpa, qualification, &access);

	if (why != NULL) {
		door_refuse_access(vcpu, SILL_DOOR_MMIO, gpa, why);
	} else if (access.is_store) {
		store(device, &access);
		access_finish(vcpu, &access, 0);
	} else {
		access_finish(vcpu, &access, load(vcpu, device, &access));
	}
}

static const char *lacks(const struct vcpu *vcpu)
{
	return vcpu->doors->place->mmio_page != 0
		       ? NULL
		       : "a guest-physical address: memory goes up to the end of those";
}

static int open(struct vcpu *vcpu)
{
	struct doors *doors = vcpu->doors;

	doors->state[SILL_DOOR_MMIO] = door_allocate(vcpu, sizeof(struct door_device));
	if (doors->state[SILL_DOOR_MMIO] == NULL)
		return -SILL_ENOMEM;
	door_take_page(vcpu, PAGE_INDEX, doors->place->mmio_page, make_access);
	return 0;
}

static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	uint64_t page = vcpu->doors->place->mmio_page;

	r->ebx = (uint32_t)page;
	r->ecx = (uint32_t)(page >> 32);
}

const struct door door_mmio = {.lacks = lacks, .open = open, .describe = describe};
