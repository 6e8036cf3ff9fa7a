/* SPDX-License-Identifier: MIT */
/*
 * sill.efi: finds out whether Sill can run on this machine and prepares all that the core needs. In
 * guest mode it then ends boot services and enters the core, in underlay mode it puts the core
 * beneath the firmware and starts the next program. Until then every failure leads back to the
 * firmware, or without Sill to the next program, with the reason on the screen and the serial port
 * and nothing left behind.
 */
#include "boot/loader.h"

#include "boot/load_options.h"
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

typedef EFI_STATUS (*step)(struct loader *loader);

static EFI_STATUS take_steps(struct loader *loader, const step *steps, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		EFI_STATUS status = steps[i](loader);

		if (EFI_ERROR(status))
			return status;
	}
	return EFI_SUCCESS;
}

/* Guest mode: success never comes back. */
static EFI_STATUS start_guests(struct loader *loader)
{
	static const step steps[] = {reserve_memory, load_guests, place_core};
	EFI_STATUS status = take_steps(loader, steps, sizeof(steps) / sizeof(steps[0]));

	if (EFI_ERROR(status))
		return status;
	gather_facts(loader);
	return leave(loader);
}

static EFI_STATUS start_beneath(struct loader *loader)
{
	static const step steps[] = {reserve_memory, place_core};
	EFI_STATUS status = take_steps(loader, steps, sizeof(steps) / sizeof(steps[0]));

	if (EFI_ERROR(status))
		return status;
	gather_facts(loader);
	hand_over_memory_map(loader);
	status = launch(loader);
	if (!EFI_ERROR(status))
		hide_sleep(loader, true);
	return status;
}

static EFI_STATUS start(struct loader *loader)
{
	/*
	 * In this order because the configuration says where the serial port is, and the machine's
	 * own shortcomings are more interesting than a missing file.
	 */
	static const step steps[] = {read_configuration, find_cpus, check_cpus, read_core};
	EFI_STATUS status = take_steps(loader, steps, sizeof(steps) / sizeof(steps[0]));

	if (EFI_ERROR(status))
		return status;
	return loader->mode == SILL_MODE_UNDERLAY ? start_beneath(loader) : start_guests(loader);
}

static bool asked_to_unload(struct loader *loader)
{
	static EFI_GUID loaded_image_protocol = LOADED_IMAGE_PROTOCOL;
	EFI_LOADED_IMAGE *own;

	return !EFI_ERROR(loader->boot->HandleProtocol(loader->image, &loaded_image_protocol,
						       (void **)&own)) &&
	       load_options_say(own->LoadOptions, own->LoadOptionsSize, "unload");
}

/* Sill is there already: it can only be taken away. */
static EFI_STATUS meet_sill(struct loader *loader)
{
	uint32_t count;
	UINTN key;

	if (!asked_to_unload(loader)) {
		say(loader,
		    "Sill is beneath this firmware already. `sill.efi unload` takes it away.\n");
		return EFI_ALREADY_STARTED;
	}

	EFI_STATUS status = find_cpus(loader);

	if (!EFI_ERROR(status))
		status = unload(loader, &count);
	if (EFI_ERROR(status)) {
		say(loader, "Sill: %s\n", loader->reason);
		return status;
	}
	say(loader, "Sill is gone from %u CPU%s.\n", count, count == 1 ? "" : "s");
	if (!EFI_ERROR(make_map_buffer(loader)) &&
	    !EFI_ERROR(read_memory_map(loader, loader->ranges_limit, &count, &key)))
		hide_sleep(loader, false);
	free_everything(loader);
	return EFI_SUCCESS;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static struct loader loader; /* too big for the firmware's stack */

	loader.entry_tsc = rdtsc();
	loader.image = image;
	loader.system = system;
	loader.boot = system->BootServices;
	loader.serial = (struct sill_serial){.port = 0x3f8, .baud = 115200};

	if (is_beneath())
		return meet_sill(&loader);
	if (asked_to_unload(&loader)) {
		say(&loader, "There is no Sill beneath this firmware.\n");
		return EFI_NOT_STARTED;
	}
	say(&loader, "Sill: the loader has started\n");
	/* Slow media may take longer than the five minutes that firmware allows a boot program. */
	(void)loader.boot->SetWatchdogTimer(0, 0, 0, NULL);

	EFI_STATUS status = start(&loader);

	free_everything(&loader);
	if (EFI_ERROR(status)) {
		tell_refusal(&loader);
		wait_for_reader(&loader);
	}
	return loader.mode == SILL_MODE_UNDERLAY ? start_next(&loader) : status;
}
