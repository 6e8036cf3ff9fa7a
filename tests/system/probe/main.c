/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that says what it finds beneath it: whether Sill is there, and what it was told.
 * It is for tests: the program that the loader starts in underlay mode, and a few words to the UEFI
 * shell.
 *
 *   probe.efi              only that
 *   probe.efi hide-mp      takes the MP services away, as if the firmware had none
 *   probe.efi take-memory  leaves no free piece of memory below 4 GiB that is larger than 512 KiB
 *   probe.efi lock-cpu-1   locks VT-x off, if the firmware has not, on the second CPU alone
 *   probe.efi fail         returns an error
 */
#include <efi.h>
#include <efilib.h>

#include "boot/mp_services.h"

#define SILL_CPUID_SIGNATURE	  0x40000000u
#define SILL_SIGNATURE		  0x6c6c6953u
#define SMALLEST_PIECE		  (512u * 1024u)

#define IA32_FEATURE_CONTROL	  0x3a
#define IA32_FEATURE_CONTROL_LOCK 1

static EFI_GUID mp_services = MP_SERVICES_PROTOCOL;

static BOOLEAN is_beneath(void)
{
	UINT32 eax = SILL_CPUID_SIGNATURE, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return ebx == SILL_SIGNATURE && ecx == SILL_SIGNATURE && edx == SILL_SIGNATURE;
}

static EFI_STATUS hide_mp_services(void)
{
	EFI_HANDLE *handles;
	void *interface;
	UINTN count;
	EFI_STATUS status =
		BS->LocateHandleBuffer(ByProtocol, &mp_services, NULL, &count, &handles);

	if (!EFI_ERROR(status))
		status = BS->HandleProtocol(handles[0], &mp_services, &interface);
	if (!EFI_ERROR(status))
		status = BS->UninstallProtocolInterface(handles[0], &mp_services, interface);
	Print(L"probe: MP services hidden: %r\n", status);
	return status;
}

static VOID EFIAPI lock_this_cpu(VOID *unused)
{
	(void)unused;
	__asm__ volatile("wrmsr"
			 :
			 : "c"(IA32_FEATURE_CONTROL), "a"(IA32_FEATURE_CONTROL_LOCK), "d"(0)
			 : "memory");
}

static EFI_STATUS lock_second_cpu(void)
{
	struct mp_services *services;
	EFI_STATUS status = BS->LocateProtocol(&mp_services, NULL, (void **)&services);

	if (!EFI_ERROR(status))
		status = services->startup_this_ap(services, lock_this_cpu, 1, NULL, 0, NULL, NULL);
	Print(L"probe: VT-x locked off on CPU 1: %r\n", status);
	return status;
}

static void take_memory(void)
{
	for (UINT64 size = 1ull << 31; size >= SMALLEST_PIECE; size /= 2) {
		EFI_PHYSICAL_ADDRESS at = 0xffffffff;

		while (!EFI_ERROR(BS->AllocatePages(AllocateMaxAddress, EfiBootServicesData,
						    size / EFI_PAGE_SIZE, &at)))
			at = 0xffffffff;
	}
	Print(L"probe: memory taken\n");
}

static BOOLEAN ends_with(const CHAR16 *text, const CHAR16 *word)
{
	UINTN length = StrLen(text), word_length = StrLen(word);

	return length >= word_length && StrCmp(text + length - word_length, word) == 0;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_LOADED_IMAGE *loaded;
	const CHAR16 *options = L"";
	EFI_STATUS status;

	InitializeLib(image, system);
	status = BS->HandleProtocol(image, &LoadedImageProtocol, (void **)&loaded);
	if (EFI_ERROR(status))
		return status;
	if (loaded->LoadOptionsSize >= sizeof(CHAR16))
		options = loaded->LoadOptions;
	Print(L"probe: told '%s', Sill is %sbeneath\n", options, is_beneath() ? L"" : L"not ");
	if (ends_with(options, L" hide-mp"))
		return hide_mp_services();
	if (ends_with(options, L" lock-cpu-1"))
		return lock_second_cpu();
	if (ends_with(options, L" take-memory"))
		take_memory();
	return ends_with(options, L"fail") ? EFI_CRC_ERROR : EFI_SUCCESS;
}
