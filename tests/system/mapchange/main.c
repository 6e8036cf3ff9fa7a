/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that makes ExitBootServices fail as it does on real machines, and then starts
 * Sill: just before the firmware looks at the caller's map key, something allocates memory, so
 * the key is stale. It happens at the first call; or at every call, if the file
 * \EFI\sill\always.txt exists.
 *
 * It is for tests: put in the place of \EFI\BOOT\BOOTX64.EFI. It stays in memory while Sill runs.
 */
#include <efi.h>
#include <efilib.h>

static EFI_EXIT_BOOT_SERVICES firmware_exit_boot_services;
static EFI_ALLOCATE_PAGES allocate_pages;
static BOOLEAN always;
static UINTN calls;

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
	EFI_PHYSICAL_ADDRESS page = 0;

	if (calls++ == 0 || always)
		(void)allocate_pages(AllocateAnyPages, EfiBootServicesData, 1, &page);
	return firmware_exit_boot_services(image, key);
}

static BOOLEAN exists(EFI_HANDLE device, CHAR16 *path)
{
	EFI_FILE_HANDLE volume = LibOpenRoot(device), file;

	if (volume == NULL || EFI_ERROR(volume->Open(volume, &file, path, EFI_FILE_MODE_READ, 0)))
		return FALSE;
	(void)file->Close(file);
	return TRUE;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_LOADED_IMAGE *loaded;
	EFI_DEVICE_PATH *path;
	EFI_HANDLE sill;
	EFI_STATUS status;

	InitializeLib(image, system);
	status = BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded);
	if (EFI_ERROR(status)) {
		Print(L"mapchange: no loaded-image protocol: %r\n", status);
		return status;
	}
	always = exists(loaded->DeviceHandle, L"\\EFI\\sill\\always.txt");
	path = FileDevicePath(loaded->DeviceHandle, L"\\EFI\\sill\\sill.efi");
	if (path == NULL)
		return EFI_OUT_OF_RESOURCES;
	status = BS->LoadImage(FALSE, image, path, NULL, 0, &sill);
	FreePool(path);
	if (EFI_ERROR(status)) {
		Print(L"mapchange: \\EFI\\sill\\sill.efi cannot be loaded: %r\n", status);
		return status;
	}

	firmware_exit_boot_services = BS->ExitBootServices;
	allocate_pages = BS->AllocatePages;
	BS->ExitBootServices = exit_boot_services;
	Print(L"mapchange: the memory map will change at %s\n",
	      always ? L"every call" : L"the first call");
	status = BS->StartImage(sill, NULL, NULL);
	BS->ExitBootServices = firmware_exit_boot_services;
	Print(L"mapchange: Sill returned: %r\n", status);
	return status;
}
