/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that starts a Linux kernel and says when: for tests, which compare how long a
 * kernel takes with Sill beneath it and without.
 *
 * It starts \EFI\sill\vmlinuz with the command line in \EFI\sill\cmdline (ASCII). So the kernel is
 * started in the same way, by the same code, whether this program is in the place of
 * \EFI\BOOT\BOOTX64.EFI or is what Sill starts next.
 */
#include <efi.h>
#include <efilib.h>

#define MAX_CMDLINE 1024

static UINT64 read_tsc(void)
{
	UINT32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return ((UINT64)high << 32) | low;
}

/* The file's text as the kernel wants it: UTF-16 with a NUL. Stops at the first line's end. */
static EFI_STATUS read_cmdline(EFI_HANDLE device, CHAR16 *line)
{
	static CHAR8 text[MAX_CMDLINE];
	EFI_FILE_HANDLE root, file;
	UINTN size = sizeof(text) - 1;
	EFI_STATUS status;

	root = LibOpenRoot(device);
	if (root == NULL)
		return EFI_NOT_FOUND;
	status = uefi_call_wrapper(root->Open, 5, root, &file, L"\\EFI\\sill\\cmdline",
				   EFI_FILE_MODE_READ, 0);
	if (!EFI_ERROR(status)) {
		status = uefi_call_wrapper(file->Read, 3, file, &size, text);
		uefi_call_wrapper(file->Close, 1, file);
	}
	uefi_call_wrapper(root->Close, 1, root);
	if (EFI_ERROR(status))
		return status;
	for (UINTN i = 0; i < size && text[i] >= ' '; i++)
		*line++ = text[i];
	*line = 0;
	return EFI_SUCCESS;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static CHAR16 cmdline[MAX_CMDLINE];
	EFI_LOADED_IMAGE *loaded;
	EFI_DEVICE_PATH *path;
	EFI_HANDLE kernel;
	EFI_STATUS status;

	InitializeLib(image, system);
	status = uefi_call_wrapper(BS->HandleProtocol, 3, image, &LoadedImageProtocol,
				   (void **)&loaded);
	if (EFI_ERROR(status))
		return status;
	status = read_cmdline(loaded->DeviceHandle, cmdline);
	if (EFI_ERROR(status)) {
		Print(L"launcher: no command line: %r\n", status);
		return status;
	}
	path = FileDevicePath(loaded->DeviceHandle, L"\\EFI\\sill\\vmlinuz");
	if (path == NULL)
		return EFI_OUT_OF_RESOURCES;
	status = uefi_call_wrapper(BS->LoadImage, 6, FALSE, image, path, NULL, 0, &kernel);
	if (!EFI_ERROR(status))
		status = uefi_call_wrapper(BS->HandleProtocol, 3, kernel, &LoadedImageProtocol,
					   (void **)&loaded);
	if (EFI_ERROR(status)) {
		Print(L"launcher: the kernel cannot be loaded: %r\n", status);
		return status;
	}
	loaded->LoadOptions = cmdline;
	loaded->LoadOptionsSize = (UINT32)((StrLen(cmdline) + 1) * sizeof(CHAR16));
	Print(L"MARK kernel_tsc=%ld\n", read_tsc());
	status = uefi_call_wrapper(BS->StartImage, 3, kernel, NULL, NULL);
	Print(L"launcher: the kernel returned: %r\n", status);
	return status;
}
