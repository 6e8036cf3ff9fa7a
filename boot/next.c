/* SPDX-License-Identifier: MIT */
/*
 * The program that runs on top of Sill, mostly an OS's boot loader: it is looked for, loaded by the
 * firmware like any boot option, and started.
 */
#include "boot/loader.h"

#include "core/string.h"

#include <stddef.h>

/* UEFI specification, "Boot Manager": how long a boot option may take, in seconds. */
#define WATCHDOG_SECONDS (5 * 60)

#define MAX_DEVICE_PATH	 4096u /* bytes, of the paths that are taken for such */

/* gnu-efi's structure is padded at its end. */
#define PARTITION_NODE_SIZE (offsetof(HARDDRIVE_DEVICE_PATH, SignatureType) + 1)

static EFI_GUID device_path_protocol = DEVICE_PATH_PROTOCOL;
static EFI_GUID loaded_image_protocol = LOADED_IMAGE_PROTOCOL;
static EFI_GUID simple_file_system_protocol = SIMPLE_FILE_SYSTEM_PROTOCOL;

struct search {
	struct loader *loader;
	const struct config_next *next;
	CHAR16 path[CONFIG_MAX_PATH];
	EFI_LOADED_IMAGE *own;
	unsigned int volumes; /* looked at */
	EFI_HANDLE image;     /* what was loaded */
	EFI_STATUS status;    /* why it was not, once the file was found */
};

static void *protocol_of(const struct search *search, EFI_HANDLE handle, EFI_GUID *protocol)
{
	void *interface;

	if (EFI_ERROR(search->loader->boot->HandleProtocol(handle, protocol, &interface)))
		return NULL;
	return interface;
}

static CHAR16 lower(CHAR16 c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* The nodes before the end: their bytes, and the last that begins a partition. */
static UINTN walk(EFI_DEVICE_PATH *path, HARDDRIVE_DEVICE_PATH **partition)
{
	UINTN size = 0;

	*partition = NULL;
	while (!IsDevicePathEnd(path)) {
		UINTN length = DevicePathNodeLength(path);

		if (length < sizeof(*path) || size + length > MAX_DEVICE_PATH)
			return 0;
		if (DevicePathType(path) == MEDIA_DEVICE_PATH &&
		    DevicePathSubType(path) == MEDIA_HARDDRIVE_DP && length >= PARTITION_NODE_SIZE)
			*partition = (HARDDRIVE_DEVICE_PATH *)path;
		size += length;
		path = NextDevicePathNode(path);
	}
	return size;
}

static bool is_partition(const struct config_next *next, const HARDDRIVE_DEVICE_PATH *partition)
{
	return partition != NULL && partition->SignatureType == SIGNATURE_TYPE_GUID &&
	       memcmp(partition->Signature, next->partition, sizeof(next->partition)) == 0;
}

/* Whether the path on this volume is the file that this loader itself was started from. */
static bool is_own_file(const struct search *search, EFI_HANDLE volume)
{
	EFI_DEVICE_PATH *node = search->own->FilePath;
	const CHAR16 *path = search->path;

	if (volume != search->own->DeviceHandle || node == NULL ||
	    DevicePathType(node) != MEDIA_DEVICE_PATH ||
	    DevicePathSubType(node) != MEDIA_FILEPATH_DP)
		return false;

	const uint8_t *name = (const uint8_t *)node + sizeof(*node);
	const uint8_t *end = (const uint8_t *)node + DevicePathNodeLength(node);

	for (; end - name >= (long)sizeof(CHAR16); name += sizeof(CHAR16), path++) {
		CHAR16 c;

		memcpy(&c, name, sizeof(c));
		if (lower(c) != lower(*path))
			return false;
		if (c == 0)
			return true;
	}
	return *path == 0;
}

static bool has_file(const struct search *search, EFI_HANDLE volume)
{
	EFI_FILE_IO_INTERFACE *files = protocol_of(search, volume, &simple_file_system_protocol);
	EFI_FILE_HANDLE root, file;
	EFI_STATUS status;

	if (files == NULL || EFI_ERROR(files->OpenVolume(files, &root)))
		return false;
	status = root->Open(root, &file, (CHAR16 *)search->path, EFI_FILE_MODE_READ, 0);
	if (!EFI_ERROR(status))
		(void)file->Close(file);
	(void)root->Close(root);
	return !EFI_ERROR(status);
}

/*
 * UEFI specification, "File Path Media Device Path": the volume's device path, and the file's path
 * as one more node.
 */
static EFI_STATUS load(struct search *search, EFI_DEVICE_PATH *volume, UINTN volume_size)
{
	static uint8_t full[MAX_DEVICE_PATH + sizeof(EFI_DEVICE_PATH) +
			    sizeof(CHAR16) * CONFIG_MAX_PATH + sizeof(EFI_DEVICE_PATH)];
	UINTN path_size = sizeof(CHAR16) * (strlen(search->next->path) + 1);
	EFI_DEVICE_PATH *node = (EFI_DEVICE_PATH *)(full + volume_size);

	memcpy(full, volume, volume_size);
	node->Type = MEDIA_DEVICE_PATH;
	node->SubType = MEDIA_FILEPATH_DP;
	SetDevicePathNodeLength(node, sizeof(*node) + path_size);
	memcpy(node + 1, search->path, path_size);
	node = NextDevicePathNode(node);
	SetDevicePathEndNode(node);
	return search->loader->boot->LoadImage(FALSE, search->loader->image,
					       (EFI_DEVICE_PATH *)full, NULL, 0, &search->image);
}

/* true: the search is over, for better or worse. */
static bool try_volume(struct search *search, EFI_HANDLE volume)
{
	EFI_DEVICE_PATH *path = protocol_of(search, volume, &device_path_protocol);
	HARDDRIVE_DEVICE_PATH *partition;
	UINTN size;

	if (path == NULL)
		return false;
	size = walk(path, &partition);
	if (size == 0 || (search->next->on_partition && !is_partition(search->next, partition)))
		return false;
	search->volumes++;
	if (is_own_file(search, volume) || !has_file(search, volume))
		return false;
	search->status = load(search, path, size);
	return true;
}

/* The volume that Sill came from first, then the others. */
static bool try_volumes(struct search *search)
{
	EFI_BOOT_SERVICES *boot = search->loader->boot;
	EFI_HANDLE *handles;
	UINTN count;
	bool over;

	search->volumes = 0;
	over = try_volume(search, search->own->DeviceHandle);
	if (over || EFI_ERROR(boot->LocateHandleBuffer(ByProtocol, &simple_file_system_protocol,
						       NULL, &count, &handles)))
		return over;
	for (UINTN i = 0; !over && i < count; i++) {
		if (handles[i] != search->own->DeviceHandle)
			over = try_volume(search, handles[i]);
	}
	(void)boot->FreePool(handles);
	return over;
}

/*
 * UEFI specification, "Boot Manager": firmware need not connect more devices than the boot option
 * lies on, and many don't, to boot faster.
 */
static void connect_everything(const struct search *search)
{
	EFI_BOOT_SERVICES *boot = search->loader->boot;
	EFI_HANDLE *handles;
	UINTN count;

	if (EFI_ERROR(boot->LocateHandleBuffer(AllHandles, NULL, NULL, &count, &handles)))
		return;
	for (UINTN i = 0; i < count; i++)
		(void)boot->ConnectController(handles[i], NULL, NULL, TRUE);
	(void)boot->FreePool(handles);
}

static EFI_STATUS start(const struct search *search)
{
	static CHAR16 options[CONFIG_MAX_OPTIONS];
	EFI_BOOT_SERVICES *boot = search->loader->boot;
	EFI_LOADED_IMAGE *image = protocol_of(search, search->image, &loaded_image_protocol);
	size_t length = strlen(search->next->options);
	EFI_STATUS status;

	for (size_t i = 0; i <= length; i++)
		options[i] = (unsigned char)search->next->options[i];
	if (image != NULL && length > 0) {
		image->LoadOptions = options;
		image->LoadOptionsSize = (UINT32)(sizeof(CHAR16) * (length + 1));
	}
	/*
	 * UEFI specification, "EFI_BOOT_SERVICES.SetWatchdogTimer()": the boot manager arms it
	 * before it starts a boot option, so that one that hangs is not the end. Sill is the boot
	 * option that the firmware did that for, and switched it off; what comes now is the real
	 * one.
	 */
	(void)boot->SetWatchdogTimer(WATCHDOG_SECONDS, 0, 0, NULL);
	status = boot->StartImage(search->image, NULL, NULL);
	(void)boot->SetWatchdogTimer(0, 0, 0, NULL);
	return status;
}

EFI_STATUS start_next(struct loader *loader)
{
	static struct search search;
	const struct config_next *next = &loader->next;

	if (next->path[0] == '\0') {
		say(loader, "Sill: the firmware goes on with its boot order\n");
		/* EDK2's boot manager takes success for the user's wish to see its menu. */
		return EFI_ABORTED;
	}
	search = (struct search){.loader = loader, .next = next};
	for (size_t i = 0; next->path[i] != '\0'; i++)
		search.path[i] = (unsigned char)next->path[i];
	search.own = protocol_of(&search, loader->image, &loaded_image_protocol);
	if (search.own == NULL)
		return EFI_NOT_FOUND;

	if (!try_volumes(&search)) {
		connect_everything(&search);
		if (!try_volumes(&search)) {
			say(loader,
			    "Sill: next: there is no %s%s; %u volume%s looked at. Back to the "
			    "firmware.\n",
			    next->path, next->on_partition ? " on that partition" : "",
			    search.volumes, search.volumes == 1 ? "" : "s");
			return EFI_NOT_FOUND;
		}
	}
	if (EFI_ERROR(search.status)) {
		say(loader,
		    "Sill: next: %s cannot be loaded (status %llx). Back to the firmware.\n",
		    next->path, (unsigned long long)search.status);
		return search.status;
	}
	say(loader, "Sill: starts %s\n", next->path);

	EFI_STATUS status = start(&search);

	say(loader, "Sill: next: %s has returned (status %llx). Back to the firmware.\n",
	    next->path, (unsigned long long)status);
	return status;
}
