/* SPDX-License-Identifier: MIT */
/* Accesses that may fault: they answer whether they succeeded, and a fault has no other effect. */
#ifndef SILL_CORE_SAFE_ACCESS_H
#define SILL_CORE_SAFE_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

/* False if the MSR does not exist. */
__attribute__((warn_unused_result)) bool safe_rdmsr(uint32_t msr, uint64_t *value);

/* False if the MSR does not exist or does not take the value. */
__attribute__((warn_unused_result)) bool safe_wrmsr(uint32_t msr, uint64_t value);

/*
 * VMXON with a region at this physical address. False: VMfailInvalid, or #GP. SDM, "VMXON—Enter VMX
 * Operation".
 */
__attribute__((warn_unused_result)) bool safe_vmxon(uint64_t physical);

/* False if there is no such extended control register, or it does not take the value. */
__attribute__((warn_unused_result)) bool safe_xsetbv(uint32_t index, uint64_t value);

/* False if nothing is mapped there. */
__attribute__((warn_unused_result)) bool safe_read_byte(const volatile void *address,
							uint8_t *value);

#endif
