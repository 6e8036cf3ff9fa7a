/* SPDX-License-Identifier: MIT */
/* The way out of UEFI: the last look at the memory map, ExitBootServices, and the core. */
#include "boot/loader.h"

#include "boot/trampoline.h"
#include "core/cpu.h"

/*
 * More than once is already rare; a firmware that changes its map each time would go on for ever.
 */
#define MAX_ATTEMPTS 8u

static EFI_STATUS write_memory_map(struct loader *loader, UINTN *key)
{
	uint32_t count;
	EFI_STATUS status = read_memory_map(loader, SILL_MAX_MEMORY_MAP, &count, key);

	if (EFI_ERROR(status))
		return status;
	hand_over_memory_map(loader);
	return EFI_SUCCESS;
}

EFI_STATUS leave(struct loader *loader)
{
	struct sill_handoff *handoff = loader->handoff;

	say(loader, "Sill: ending boot services\n");
	for (;;) {
		UINTN key;
		EFI_STATUS status = write_memory_map(loader, &key);

		if (!EFI_ERROR(status)) {
			handoff->exit_boot_services_attempts++;
			status = loader->boot->ExitBootServices(loader->image, key);
			if (!EFI_ERROR(status))
				break;
			if (status == EFI_INVALID_PARAMETER &&
			    handoff->exit_boot_services_attempts < MAX_ATTEMPTS)
				continue;
		}
		if (handoff->exit_boot_services_attempts == 0)
			return status; /* nothing has happened yet, and the reason is written */
		/*
		 * UEFI specification, "EFI_BOOT_SERVICES.ExitBootServices()": a first call that
		 * fails may have shut down part of the boot services, and a loader may then call
		 * nothing but memory allocation and ExitBootServices. So there is no way back, and
		 * no console.
		 */
		say_on_serial(loader,
			      "\nsill: the firmware does not end its boot services: attempt %u, "
			      "status %llx\nsill: verdict: failure (Sill was not started, and "
			      "the machine must be reset)\n",
			      handoff->exit_boot_services_attempts, (unsigned long long)status);
		halt_forever();
	}
	trampoline(loader->space.root, loader->boot_stack, loader->handoff_virtual,
		   loader->core.entry);
}
