/* SPDX-License-Identifier: MIT */
/* What the firmware tells of the machine, for the handoff. */
#include "boot/loader.h"

#include "core/string.h"

static EFI_GUID graphics_output_protocol = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
static EFI_GUID acpi_1_table = ACPI_TABLE_GUID;
static EFI_GUID acpi_2_table = ACPI_20_TABLE_GUID;

uint64_t find_rsdp(const EFI_SYSTEM_TABLE *system)
{
	uint64_t rsdp = 0;

	for (UINTN i = 0; i < system->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *table = &system->ConfigurationTable[i];

		if (memcmp(&table->VendorGuid, &acpi_2_table, sizeof(EFI_GUID)) == 0)
			return (uint64_t)(uintptr_t)table->VendorTable;
		if (memcmp(&table->VendorGuid, &acpi_1_table, sizeof(EFI_GUID)) == 0)
			rsdp = (uint64_t)(uintptr_t)table->VendorTable;
	}
	return rsdp;
}

static enum sill_pixel_format pixel_format(EFI_GRAPHICS_PIXEL_FORMAT format)
{
	switch (format) {
	case PixelRedGreenBlueReserved8BitPerColor:
		return SILL_PIXEL_RGB;
	case PixelBlueGreenRedReserved8BitPerColor:
		return SILL_PIXEL_BGR;
	default:
		return SILL_PIXEL_NONE;
	}
}

static void find_largest_mode(struct loader *loader, EFI_GRAPHICS_OUTPUT_PROTOCOL *output,
			      struct sill_framebuffer *framebuffer)
{
	uint64_t largest = 0;

	for (UINT32 i = 0; i < output->Mode->MaxMode; i++) {
		EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;
		UINTN size;

		if (EFI_ERROR(output->QueryMode(output, i, &size, &mode)))
			continue;

		uint64_t area = (uint64_t)mode->HorizontalResolution * mode->VerticalResolution;

		if (area > largest) {
			largest = area;
			framebuffer->max_width = mode->HorizontalResolution;
			framebuffer->max_height = mode->VerticalResolution;
		}
		(void)loader->boot->FreePool(mode);
	}
}

/* The current mode of one display; false: nothing that the core could draw on. */
static bool describe_framebuffer(const EFI_GRAPHICS_OUTPUT_PROTOCOL *output,
				 struct sill_framebuffer *framebuffer)
{
	if (output->Mode == NULL || output->Mode->Info == NULL)
		return false;

	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode = output->Mode->Info;
	uint64_t pitch = (uint64_t)mode->PixelsPerScanLine * 4;
	uint64_t size = pitch * mode->VerticalResolution;

	if (pixel_format(mode->PixelFormat) == SILL_PIXEL_NONE ||
	    output->Mode->FrameBufferBase == 0 || pitch > UINT32_MAX ||
	    mode->HorizontalResolution > mode->PixelsPerScanLine || size == 0 ||
	    size > output->Mode->FrameBufferSize)
		return false;
	*framebuffer = (struct sill_framebuffer){
		.range = {.base = output->Mode->FrameBufferBase, .size = size},
		.format = pixel_format(mode->PixelFormat),
		.width = mode->HorizontalResolution,
		.height = mode->VerticalResolution,
		.pitch = (uint32_t)pitch,
	};
	return true;
}

static void find_framebuffer(struct loader *loader, struct sill_framebuffer *framebuffer)
{
	EFI_HANDLE *handles;
	UINTN count;

	*framebuffer = (struct sill_framebuffer){.format = SILL_PIXEL_NONE};
	if (EFI_ERROR(loader->boot->LocateHandleBuffer(ByProtocol, &graphics_output_protocol, NULL,
						       &count, &handles)))
		return;
	/* There may be several: a console on all of them at once has no memory of its own. */
	for (UINTN i = 0; i < count; i++) {
		EFI_GRAPHICS_OUTPUT_PROTOCOL *output;

		if (!EFI_ERROR(loader->boot->HandleProtocol(handles[i], &graphics_output_protocol,
							    (void **)&output)) &&
		    describe_framebuffer(output, framebuffer)) {
			find_largest_mode(loader, output, framebuffer);
			break;
		}
	}
	(void)loader->boot->FreePool(handles);
}

static void copy_vendor(const CHAR16 *vendor, char *to, size_t size)
{
	size_t length = 0;

	for (; vendor != NULL && vendor[length] != 0 && length + 1 < size; length++)
		to[length] =
			vendor[length] >= ' ' && vendor[length] < 0x7f ? (char)vendor[length] : '?';
	to[length] = '\0';
}

void gather_facts(struct loader *loader)
{
	const struct sill_config *config = loader->config;
	struct sill_handoff *handoff = loader->handoff;

	handoff->magic = SILL_HANDOFF_MAGIC;
	handoff->version = SILL_HANDOFF_VERSION;
	handoff->size = sizeof(*handoff);
	handoff->entry_tsc = loader->entry_tsc;

	handoff->arena = loader->arena;
	handoff->arena_used = loader->arena_used;
	handoff->core = (struct sill_range){.base = loader->arena.base, .size = loader->core.size};
	handoff->root_table = loader->space.root;
	handoff->guest_memory = loader->guest_memory;

	handoff->rsdp = find_rsdp(loader->system);
	handoff->serial = config->serial;
	handoff->channels = config->channels;
	find_framebuffer(loader, &handoff->framebuffer);
	handoff->log_level = config->log_level;
	handoff->finish = config->finish;
	copy_vendor(loader->system->FirmwareVendor, handoff->firmware_vendor,
		    sizeof(handoff->firmware_vendor));
	handoff->firmware_revision = loader->system->FirmwareRevision;
	handoff->mode = config->mode;
	handoff->underlay = config->underlay;
	handoff->cpu_count = loader->cpu_count;
	memcpy(handoff->cpus, loader->cpus, loader->cpu_count * sizeof(handoff->cpus[0]));

	handoff->guest_count = config->guest_count;
	for (uint32_t i = 0; i < config->guest_count; i++)
		handoff->guests[i] = config->guests[i].settings;
}
