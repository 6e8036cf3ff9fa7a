/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that locks VT-x off, as some firmware does, and then starts Sill.
 *
 * It is for tests: put in the place of \EFI\BOOT\BOOTX64.EFI, on a machine whose firmware left
 * IA32_FEATURE_CONTROL unlocked, it writes 1 there: the lock bit, without the bit that allows
 * VMXON. Nothing can change that before the next reset. Only the boot CPU is treated: Sill must
 * refuse because of it.
 */
#include <efi.h>
#include <efilib.h>

#define IA32_FEATURE_CONTROL	  0x3a
#define IA32_FEATURE_CONTROL_LOCK (1u << 0)
#define CPUID_1_ECX_VMX		  (1u << 5)

static UINT64 read_msr(UINT32 msr)
{
	UINT32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((UINT64)high << 32) | low;
}

static void write_msr(UINT32 msr, UINT64 value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((UINT32)value), "d"((UINT32)(value >> 32))
			 : "memory");
}

static BOOLEAN cpu_has_vmx(void)
{
	UINT32 eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return (ecx & CPUID_1_ECX_VMX) != 0;
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_LOADED_IMAGE *loaded;
	EFI_DEVICE_PATH *path;
	EFI_HANDLE sill;
	EFI_STATUS status;

	InitializeLib(image, system);

	if (!cpu_has_vmx()) {
		/* Such a CPU need not have the MSR either. */
		Print(L"lockoff: this CPU has no VT-x, nothing to lock\n");
	} else if (read_msr(IA32_FEATURE_CONTROL) & IA32_FEATURE_CONTROL_LOCK) {
		Print(L"lockoff: the firmware has already locked IA32_FEATURE_CONTROL at %lx\n",
		      read_msr(IA32_FEATURE_CONTROL));
	} else {
		write_msr(IA32_FEATURE_CONTROL, IA32_FEATURE_CONTROL_LOCK);
		Print(L"lockoff: IA32_FEATURE_CONTROL is now %lx\n",
		      read_msr(IA32_FEATURE_CONTROL));
	}

	status = uefi_call_wrapper(BS->HandleProtocol, 3, image, &LoadedImageProtocol,
				   (void **)&loaded);
	if (EFI_ERROR(status)) {
		Print(L"lockoff: no loaded-image protocol: %r\n", status);
		return status;
	}
	path = FileDevicePath(loaded->DeviceHandle, L"\\EFI\\sill\\sill.efi");
	if (path == NULL)
		return EFI_OUT_OF_RESOURCES;
	status = uefi_call_wrapper(BS->LoadImage, 6, FALSE, image, path, NULL, 0, &sill);
	FreePool(path);
	if (EFI_ERROR(status)) {
		Print(L"lockoff: \\EFI\\sill\\sill.efi cannot be loaded: %r\n", status);
		return status;
	}
	status = uefi_call_wrapper(BS->StartImage, 3, sill, NULL, NULL);
	Print(L"lockoff: Sill returned: %r\n", status);
	return status;
}
