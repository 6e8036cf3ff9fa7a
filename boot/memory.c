/* SPDX-License-Identifier: MIT */
/* Memory from the firmware: the map of it, and the parts that Sill takes. */
#include "boot/loader.h"

#include "boot/memory_map.h"
#include "boot/reserve.h"
#include "core/string.h"
#include "sill/doors.h"

/* Descriptors that the map may grow by while the loader runs: two for each allocation and more. */
#define MAP_SLACK 512u

/* An attribute that is younger than some of the headers that Sill builds with. */
#define MEMORY_SPECIFIC_PURPOSE 0x0000000000040000ull

static uint64_t pages_of(uint64_t size)
{
	return size / EFI_PAGE_SIZE + (size % EFI_PAGE_SIZE != 0);
}

static EFI_STATUS allocate_as(struct loader *loader, EFI_MEMORY_TYPE memory_type,
			      EFI_ALLOCATE_TYPE type, const char *what, uint64_t size,
			      uint64_t *address)
{
	EFI_PHYSICAL_ADDRESS base = *address;

	if (loader->allocation_count == LOADER_MAX_ALLOCATIONS)
		return refuse(loader, EFI_OUT_OF_RESOURCES, "no room to note the memory for %s",
			      what);

	EFI_STATUS status = loader->boot->AllocatePages(type, memory_type, pages_of(size), &base);

	if (EFI_ERROR(status))
		return refuse(loader, status, "not enough memory for %s: %llu KiB were asked for",
			      what, (unsigned long long)size / 1024);
	loader->allocations[loader->allocation_count++] =
		(struct loader_allocation){.base = base, .pages = pages_of(size)};
	*address = base;
	return EFI_SUCCESS;
}

EFI_STATUS allocate(struct loader *loader, EFI_ALLOCATE_TYPE type, const char *what, uint64_t size,
		    uint64_t *address)
{
	return allocate_as(loader, EfiLoaderData, type, what, size, address);
}

void free_everything(struct loader *loader)
{
	while (loader->allocation_count > 0) {
		const struct loader_allocation *last =
			&loader->allocations[--loader->allocation_count];

		if (!loader->arena_stays || last->base != loader->arena.base)
			(void)loader->boot->FreePages(last->base, last->pages);
	}
}

/* UEFI specification, "EFI_BOOT_SERVICES.AllocatePages()": the memory types and who owns them. */
static enum sill_memory_kind kind_of(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
	switch (descriptor->Type) {
	case EfiLoaderCode:
	case EfiLoaderData:
		return SILL_MEMORY_LOADER;
	case EfiBootServicesCode:
	case EfiBootServicesData:
		return SILL_MEMORY_BOOT_SERVICES;
	case EfiRuntimeServicesCode:
	case EfiRuntimeServicesData:
		return SILL_MEMORY_RUNTIME;
	case EfiConventionalMemory:
		/* Memory that can't be cached, or is set aside for some device, isn't for us. */
		if (!(descriptor->Attribute & EFI_MEMORY_WB) ||
		    (descriptor->Attribute & MEMORY_SPECIFIC_PURPOSE))
			return SILL_MEMORY_RESERVED;
		return SILL_MEMORY_FREE;
	case EfiACPIReclaimMemory:
	case EfiACPIMemoryNVS:
		return SILL_MEMORY_ACPI;
	case EfiMemoryMappedIO:
	case EfiMemoryMappedIOPortSpace:
		return SILL_MEMORY_MMIO;
	default:
		return SILL_MEMORY_RESERVED;
	}
}

EFI_STATUS read_memory_map(struct loader *loader, uint32_t limit, uint32_t *count, UINTN *key)
{
	UINTN size = loader->map_buffer_size, descriptor_size = 0;
	UINT32 version;
	EFI_STATUS status = loader->boot->GetMemoryMap(
		&size, (EFI_MEMORY_DESCRIPTOR *)(uintptr_t)loader->map_buffer, key,
		&descriptor_size, &version);

	if (EFI_ERROR(status))
		return refuse(loader, status, "the firmware gives no memory map (status %llx)",
			      (unsigned long long)status);
	if (version != EFI_MEMORY_DESCRIPTOR_VERSION ||
	    descriptor_size < sizeof(EFI_MEMORY_DESCRIPTOR) ||
	    size / descriptor_size > loader->ranges_limit)
		return refuse(loader, EFI_UNSUPPORTED,
			      "the firmware's memory map has an unknown form (version %u)",
			      version);

	*count = 0;
	for (UINTN at = 0; at + descriptor_size <= size; at += descriptor_size) {
		const EFI_MEMORY_DESCRIPTOR *descriptor =
			(EFI_MEMORY_DESCRIPTOR *)(uintptr_t)(loader->map_buffer + at);
		uint64_t bytes;

		if (__builtin_mul_overflow(descriptor->NumberOfPages, (uint64_t)EFI_PAGE_SIZE,
					   &bytes))
			return refuse(loader, EFI_UNSUPPORTED,
				      "the firmware's memory map has an impossible range");
		loader->ranges[(*count)++] = (struct sill_memory_range){
			.range = {.base = descriptor->PhysicalStart, .size = bytes},
			.kind = kind_of(descriptor),
			.executable = descriptor->Type == EfiBootServicesCode ||
				      descriptor->Type == EfiRuntimeServicesCode,
		};
	}
	if (memory_map_normalise(loader->ranges, count, limit) != 0)
		return refuse(loader, EFI_UNSUPPORTED,
			      "the firmware's memory map has more than %u parts", limit);
	loader->range_count = *count;
	return EFI_SUCCESS;
}

void hand_over_memory_map(struct loader *loader)
{
	memcpy(loader->handoff->memory_map, loader->ranges,
	       loader->range_count * sizeof(loader->ranges[0]));
	loader->handoff->memory_map_count = loader->range_count;
}

/* Room for the map as it is now and for what the loader's own allocations add to it. */
EFI_STATUS make_map_buffer(struct loader *loader)
{
	UINTN size = 0, key, descriptor_size = 0;
	UINT32 version;
	EFI_STATUS status =
		loader->boot->GetMemoryMap(&size, NULL, &key, &descriptor_size, &version);

	if (status != EFI_BUFFER_TOO_SMALL || descriptor_size < sizeof(EFI_MEMORY_DESCRIPTOR))
		return refuse(loader, EFI_UNSUPPORTED,
			      "the firmware gives no memory map (status %llx)",
			      (unsigned long long)status);

	uint64_t descriptors = size / descriptor_size + MAP_SLACK;
	uint64_t ranges = 0, buffer = 0;

	status = allocate(loader, AllocateAnyPages, "the memory map", descriptors * descriptor_size,
			  &buffer);
	if (EFI_ERROR(status))
		return status;
	loader->map_buffer = buffer;
	loader->map_buffer_size = descriptors * descriptor_size;

	status = allocate(loader, AllocateAnyPages, "the memory map",
			  descriptors * sizeof(struct sill_memory_range), &ranges);
	if (EFI_ERROR(status))
		return status;
	loader->ranges = (struct sill_memory_range *)(uintptr_t)ranges;
	loader->ranges_limit = (uint32_t)descriptors;
	return EFI_SUCCESS;
}

static EFI_STATUS reserve_guest_memory(struct loader *loader, uint64_t size)
{
	uint32_t count;
	UINTN key;
	uint64_t base;
	EFI_STATUS status = read_memory_map(loader, loader->ranges_limit, &count, &key);

	if (EFI_ERROR(status))
		return status;
	if (!reserve_choose_guest_memory(loader->ranges, count, size, &base))
		return refuse(loader, EFI_OUT_OF_RESOURCES,
			      "not enough memory: the guests need %llu MiB in one piece, "
			      "and the largest free piece has %llu MiB",
			      (unsigned long long)size >> 20,
			      (unsigned long long)reserve_largest_free(loader->ranges, count,
								       UINT64_MAX) >>
				      20);
	status = allocate(loader, AllocateAddress, "the guests", size, &base);
	if (EFI_ERROR(status))
		return status;
	loader->guest_memory = (struct sill_range){.base = base, .size = size};
	return EFI_SUCCESS;
}

static EFI_STATUS reserve_arena(struct loader *loader, EFI_MEMORY_TYPE memory_type, uint64_t size)
{
	uint32_t count;
	UINTN key;
	uint64_t base = RESERVE_4G - 1; /* the highest address that AllocateMaxAddress may use */
	EFI_STATUS status =
		allocate_as(loader, memory_type, AllocateMaxAddress, "Sill itself", size, &base);

	if (!EFI_ERROR(status)) {
		loader->arena = (struct sill_range){.base = base, .size = size};
		return EFI_SUCCESS;
	}
	if (EFI_ERROR(read_memory_map(loader, loader->ranges_limit, &count, &key)))
		return status;
	return refuse(loader, EFI_OUT_OF_RESOURCES,
		      "not enough memory: Sill needs %llu KiB in one piece below 4 GiB, "
		      "and the largest free piece there has %llu KiB",
		      (unsigned long long)size >> 10,
		      (unsigned long long)reserve_largest_free(loader->ranges, count, RESERVE_4G) >>
			      10);
}

/*
 * The OS must see the arena as reserved, so it is not the loader's memory like the rest. The map is
 * read this once: what the core wants to know of it is where RAM ends.
 */
static EFI_STATUS reserve_underlay(struct loader *loader)
{
	uint32_t count;
	UINTN key;
	/* It is the one that goes into the handoff. */
	EFI_STATUS status = read_memory_map(loader, SILL_MAX_MEMORY_MAP, &count, &key);

	if (EFI_ERROR(status))
		return status;

	uint64_t arena = reserve_underlay_size(
		loader->core.size + reserve_channels_size(&loader->config->channels),
		loader->cpu_count, reserve_ram_end(loader->ranges, count), loader->ept_pages_1g,
		(loader->config->underlay.doors & ~SILL_DOORS_UNDERLAY) != 0);

	if (arena == 0 || arena > ARENA_VIRTUAL_SIZE)
		return refuse(loader, EFI_OUT_OF_RESOURCES,
			      "this machine's memory needs more tables than Sill has room for");
	return reserve_arena(loader, EfiReservedMemoryType, arena);
}

EFI_STATUS reserve_memory(struct loader *loader)
{
	uint64_t memory[SILL_MAX_GUESTS], lazy_memory[SILL_MAX_GUESTS], largest = 0;
	uint32_t guests = loader->config->guest_count;
	EFI_STATUS status = make_map_buffer(loader);

	if (EFI_ERROR(status))
		return status;
	if (loader->config->mode == SILL_MODE_UNDERLAY)
		return reserve_underlay(loader);
	for (uint32_t i = 0; i < guests; i++) {
		memory[i] = loader->config->guests[i].settings.memory;
		lazy_memory[i] = loader->config->guests[i].settings.lazy_memory;
		if (memory[i] > largest)
			largest = memory[i];
	}

	uint64_t arena = reserve_arena_size(
		loader->core.size + reserve_channels_size(&loader->config->channels), memory,
		lazy_memory, guests);

	if (arena == 0 || arena > ARENA_VIRTUAL_SIZE)
		return refuse(loader, EFI_OUT_OF_RESOURCES,
			      "the guests' memory needs more tables than Sill has room for");
	status = reserve_arena(loader, EfiLoaderData, arena);
	if (EFI_ERROR(status))
		return status;
	return reserve_guest_memory(loader, largest);
}
