/* SPDX-License-Identifier: MIT */
/* Files on the volume that the loader came from: the configuration, the guests, their modules. */
#include "boot/loader.h"

#include "core/format.h"
#include "core/string.h"
#include "guest/multiboot.h"

#define CONFIGURATION_PATH "\\EFI\\sill\\sill.conf"

static EFI_GUID loaded_image_protocol = LOADED_IMAGE_PROTOCOL;
static EFI_GUID simple_file_system_protocol = SIMPLE_FILE_SYSTEM_PROTOCOL;
static EFI_GUID file_info = EFI_FILE_INFO_ID;

static EFI_STATUS open_volume(struct loader *loader, EFI_FILE_HANDLE *volume)
{
	EFI_LOADED_IMAGE *image;
	EFI_FILE_IO_INTERFACE *file_system;
	EFI_STATUS status = loader->boot->HandleProtocol(loader->image, &loaded_image_protocol,
							 (void **)&image);

	if (!EFI_ERROR(status))
		status = loader->boot->HandleProtocol(
			image->DeviceHandle, &simple_file_system_protocol, (void **)&file_system);
	if (!EFI_ERROR(status))
		status = file_system->OpenVolume(file_system, volume);
	if (EFI_ERROR(status))
		return refuse(loader, status,
			      "the volume that the loader came from has no files (status %llx)",
			      (unsigned long long)status);
	return EFI_SUCCESS;
}

static EFI_STATUS read_open_file(struct loader *loader, EFI_FILE_HANDLE handle, const char *path,
				 uint64_t limit, struct sill_range *file)
{
	/* The name follows the structure; a path's last part is shorter than the path. */
	struct {
		EFI_FILE_INFO info;
		CHAR16 name[CONFIG_MAX_PATH];
	} info;
	UINTN size = sizeof(info);
	EFI_STATUS status = handle->GetInfo(handle, &file_info, &size, &info);

	if (EFI_ERROR(status))
		return refuse(loader, status, "%s cannot be read (status %llx)", path,
			      (unsigned long long)status);
	if (info.info.Attribute & EFI_FILE_DIRECTORY)
		return refuse(loader, EFI_UNSUPPORTED, "%s is a directory", path);
	if (info.info.FileSize > limit)
		return refuse(loader, EFI_UNSUPPORTED,
			      "%s is too large: %llu bytes, and at most %llu are allowed", path,
			      (unsigned long long)info.info.FileSize, (unsigned long long)limit);

	uint64_t address = 0;

	/* One byte more than the file has, so that an empty one has an address too. */
	status = allocate(loader, AllocateAnyPages, path, info.info.FileSize + 1, &address);
	if (EFI_ERROR(status))
		return status;

	uint64_t done = 0;

	while (done < info.info.FileSize) {
		UINTN piece = info.info.FileSize - done;

		status = handle->Read(handle, &piece, (void *)(uintptr_t)(address + done));
		if (EFI_ERROR(status) || piece == 0)
			return refuse(loader, EFI_ERROR(status) ? status : EFI_END_OF_FILE,
				      "%s cannot be read: after %llu of %llu bytes, status %llx",
				      path, (unsigned long long)done,
				      (unsigned long long)info.info.FileSize,
				      (unsigned long long)status);
		done += piece;
	}
	*file = (struct sill_range){.base = address, .size = done};
	return EFI_SUCCESS;
}

static EFI_STATUS read_file(struct loader *loader, EFI_FILE_HANDLE volume, const char *path,
			    uint64_t limit, struct sill_range *file)
{
	CHAR16 wide[CONFIG_MAX_PATH];
	size_t length = strnlen(path, CONFIG_MAX_PATH - 1);
	EFI_FILE_HANDLE handle;

	for (size_t i = 0; i < length; i++)
		wide[i] = (unsigned char)path[i];
	wide[length] = 0;

	EFI_STATUS status = volume->Open(volume, &handle, wide, EFI_FILE_MODE_READ, 0);

	if (status == EFI_NOT_FOUND)
		return refuse(loader, status, "%s: there is no such file on this volume", path);
	if (EFI_ERROR(status))
		return refuse(loader, status, "%s cannot be opened (status %llx)", path,
			      (unsigned long long)status);
	status = read_open_file(loader, handle, path, limit, file);
	(void)handle->Close(handle);
	return status;
}

static EFI_STATUS parse_configuration(struct loader *loader, const struct sill_range *file)
{
	uint64_t address = 0;
	EFI_STATUS status = allocate(loader, AllocateAnyPages, "the configuration",
				     sizeof(struct sill_config), &address);

	if (EFI_ERROR(status))
		return status;

	struct sill_config *config = (struct sill_config *)(uintptr_t)address;
	struct config_error error;

	if (config_parse((const void *)(uintptr_t)file->base, file->size, config, &error) != 0) {
		if (error.line == 0)
			return refuse(loader, EFI_INVALID_PARAMETER, CONFIGURATION_PATH ": %s",
				      error.text);
		return refuse(loader, EFI_INVALID_PARAMETER, CONFIGURATION_PATH ", line %u: %s",
			      error.line, error.text);
	}
	loader->config = config;
	loader->mode = config->mode;
	loader->next = config->next;
	loader->serial = config->serial;
	return EFI_SUCCESS;
}

EFI_STATUS read_configuration(struct loader *loader)
{
	struct sill_range file;
	EFI_FILE_HANDLE volume;
	EFI_STATUS status = open_volume(loader, &volume);

	if (EFI_ERROR(status))
		return status;
	status = read_file(loader, volume, CONFIGURATION_PATH, CONFIG_MAX_FILE, &file);
	(void)volume->Close(volume);
	return EFI_ERROR(status) ? status : parse_configuration(loader, &file);
}

/*
 * The core will do the same again with the same result; here it can still be refused with nothing
 * lost.
 */
static EFI_STATUS check_guest(struct loader *loader, const struct config_guest *guest)
{
	static struct multiboot_plan plan;
	static struct multiboot_layout layout;
	const struct sill_guest *settings = &guest->settings;
	char reason[MULTIBOOT_MAX_REASON];
	/* The lazily granted top of RAM is not there yet when the image is copied. */
	int error = multiboot_plan((const void *)(uintptr_t)settings->image.base,
				   settings->image.size, settings->memory - settings->lazy_memory,
				   &plan, reason, sizeof(reason));

	if (error == 0)
		error = multiboot_place(&plan, settings, &layout, reason, sizeof(reason));
	if (error != 0)
		return refuse(loader, EFI_UNSUPPORTED, "%s cannot be started as a guest: %s",
			      guest->image_path, reason);
	return EFI_SUCCESS;
}

static EFI_STATUS load_guest(struct loader *loader, EFI_FILE_HANDLE volume,
			     struct config_guest *guest)
{
	EFI_STATUS status = read_file(loader, volume, guest->image_path, LOADER_MAX_FILE,
				      &guest->settings.image);

	for (uint32_t i = 0; !EFI_ERROR(status) && i < guest->settings.module_count; i++)
		status = read_file(loader, volume, guest->module_path[i], LOADER_MAX_FILE,
				   &guest->settings.modules[i].file);
	return EFI_ERROR(status) ? status : check_guest(loader, guest);
}

EFI_STATUS load_guests(struct loader *loader)
{
	EFI_FILE_HANDLE volume;
	EFI_STATUS status = open_volume(loader, &volume);

	if (EFI_ERROR(status))
		return status;
	for (uint32_t i = 0; !EFI_ERROR(status) && i < loader->config->guest_count; i++)
		status = load_guest(loader, volume, &loader->config->guests[i]);
	(void)volume->Close(volume);
	return status;
}
