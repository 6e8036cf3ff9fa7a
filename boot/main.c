/* SPDX-License-Identifier: MIT */
/*
 * sill.efi: finds out whether Sill can run on this machine, prepares all that the core needs, ends
 * boot services and enters the core. Up to the end of boot services every failure leads back to
 * the firmware, with the reason on the screen and the serial port and nothing left behind.
 */
#include "boot/loader.h"

#include "core/cpu.h"
#include "core/format.h"

/* Called by gnu-efi's start-up code, with the System V convention. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

/*
 * gnu-efi 3.0.16 and later come here instead, to set up a library that Sill does not use. Older
 * versions call efi_main() themselves.
 */
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *system) __attribute__((alias("efi_main")));

EFI_STATUS refuse(struct loader *loader, EFI_STATUS status, const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	vformat(loader->reason, sizeof(loader->reason), fmt, arguments);
	va_end(arguments);
	return status;
}

static EFI_STATUS start(struct loader *loader)
{
	/*
	 * In this order because the configuration says where the serial port is, and the machine's
	 * own shortcomings are more interesting than a missing file.
	 */
	static EFI_STATUS (*const steps[])(struct loader *) = {
		read_configuration, check_cpu, read_core, reserve_memory, load_guests, place_core,
	};

	for (unsigned int i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		EFI_STATUS status = steps[i](loader);

		if (EFI_ERROR(status))
			return status;
	}
	gather_facts(loader);
	return leave(loader);
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static struct loader loader; /* too big for the firmware's stack */

	loader.entry_tsc = rdtsc();
	loader.image = image;
	loader.system = system;
	loader.boot = system->BootServices;
	loader.serial = (struct sill_serial){.port = 0x3f8, .baud = 115200};

	say(&loader, "Sill: the loader has started\n");
	/* Slow media may take longer than the five minutes that firmware allows a boot program. */
	(void)loader.boot->SetWatchdogTimer(0, 0, 0, NULL);

	EFI_STATUS status = start(&loader);

	free_everything(&loader);
	tell_refusal(&loader);
	wait_for_reader(&loader);
	return status;
}
