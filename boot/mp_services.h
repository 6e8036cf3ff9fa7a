/* SPDX-License-Identifier: MIT */
/*
 * The part of EFI_MP_SERVICES_PROTOCOL that the loader uses, which gnu-efi has not. UEFI Platform
 * Initialization specification, "MP Services Protocol".
 */
#ifndef SILL_BOOT_MP_SERVICES_H
#define SILL_BOOT_MP_SERVICES_H

#include <efi.h>

/* The versions of clang-format differ about braces in macros. */
/* clang-format off */
#define MP_SERVICES_PROTOCOL \
	{0x3fdda605, 0xa76e, 0x4f46, {0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08}}
/* clang-format on */

#define MP_PROCESSOR_BOOT    (1u << 0)
#define MP_PROCESSOR_ENABLED (1u << 1)

struct mp_processor {
	UINT64 id; /* the local APIC's */
	UINT32 flags;
	UINT32 package, core, thread;
	UINT32 extended_location[6]; /* newer firmware writes it when asked to; room for certain */
};

typedef VOID(EFIAPI *mp_procedure)(VOID *argument);

struct mp_services {
	EFI_STATUS(EFIAPI *get_processor_count)
	(struct mp_services *services, UINTN *all, UINTN *enabled);
	EFI_STATUS(EFIAPI *get_processor)
	(struct mp_services *services, UINTN number, struct mp_processor *processor);
	VOID *startup_all_aps;
	/* Without an event: returns when the procedure has, or at the timeout. */
	EFI_STATUS(EFIAPI *startup_this_ap)
	(struct mp_services *services, mp_procedure procedure, UINTN number, EFI_EVENT event,
	 UINTN timeout_us, VOID *argument, BOOLEAN *finished);
	/* Others follow, which the loader does not call. */
};

#endif
