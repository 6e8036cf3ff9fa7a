; SPDX-License-Identifier: MIT
;
; VMCALLs from 32-bit protected mode, before long mode is entered: without paging, with 32-bit
; paging and with PAE paging. The results wait in mode32_results for the suite.

%include "sill/hypercall.inc"

struc result
.ping:		resd 7			; EAX, EBX, ECX, EDX, ESI, EDI, EBP after PING
.flags:		resd 2			; EFLAGS before and after it
.unknown:	resd 1			; EAX after call number FFFFFFFFh
.info:		resd 1			; EAX after INFO
.fault:		resd 1			; EAX after INFO with a pointer to nothing
.info_text:	resb 64			; what INFO wrote
		alignb 8
endstruc

section .bss
alignb 4096
page_directory:	resb 4096		; 32-bit paging, pages of 4 MiB
pae_pdpt:	resq 4
global mode32_results, mode32_found
mode32_found:	resd 1			; 1: Sill answered CPUID in 32-bit mode
alignb 8
mode32_results:	resb 3 * result_size	; no paging, 32-bit paging, PAE paging

ALIAS		equ 0xC0000000		; where both kinds of tables map guest-physical 0 once more
NOTHING		equ 0x80000000		; nothing mapped here, and no RAM either

MULTIBOOT_INFO_CMDLINE	equ 1 << 2
MULTIBOOT_CMDLINE	equ 16		; offset in the Multiboot information

extern boot_pd
extern boot_information

section .text
bits 32
global mode32_boot_calls
mode32_boot_calls:
	mov eax, SILL_CPUID_SIGNATURE
	cpuid
	cmp ebx, SILL_SIGNATURE
	jne .done
	cmp ecx, SILL_SIGNATURE
	jne .done
	cmp edx, SILL_SIGNATURE
	jne .done
	mov dword [mode32_found], 1

	; Only for the suite: a person who reads along with the demo, or the benchmark, is not to be
	; disturbed by these calls.
	mov edi, [boot_information]
	test dword [edi], MULTIBOOT_INFO_CMDLINE
	jz .make_calls
	mov edi, [edi + MULTIBOOT_CMDLINE]
	mov eax, [edi]
	cmp eax, 'demo'
	je .done
	cmp eax, 'benc'
	je .done
	cmp eax, 'echo'
	je .done
.make_calls:
	push dword 0			; add to pointers
	push dword mode32_results
	call calls
	add esp, 8

	mov edi, page_directory
	mov ecx, 1024
	xor edx, edx			; the linear address
.fill:
	mov eax, edx
	or eax, 0x83			; present, writable, 4 MiB
	cmp edx, NOTHING
	jb .store
	xor eax, eax
	cmp edx, ALIAS
	jb .store
	mov eax, edx
	sub eax, ALIAS - 0x83
.store:
	mov [edi], eax
	add edi, 4
	add edx, 0x400000
	loop .fill
	mov eax, cr4
	or eax, 1 << 4			; PSE
	mov cr4, eax
	mov eax, page_directory
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	push dword ALIAS
	push dword mode32_results + result_size
	call calls
	add esp, 8
	mov eax, cr0
	and eax, 0x7FFFFFFF
	mov cr0, eax

	; The page directories of 64-bit mode have the format of PAE paging.
	mov dword [pae_pdpt], boot_pd + 1
	mov dword [pae_pdpt + 8], boot_pd + 0x1000 + 1
	mov dword [pae_pdpt + 24], boot_pd + 1
	mov eax, cr4
	or eax, 1 << 5			; PAE
	mov cr4, eax
	mov eax, pae_pdpt
	mov cr3, eax
	mov eax, cr0
	or eax, 0x80000000
	mov cr0, eax
	push dword ALIAS
	push dword mode32_results + 2 * result_size
	call calls
	add esp, 8
	mov eax, cr0
	and eax, 0x7FFFFFFF
	mov cr0, eax
.done:
	ret

; calls(result, offset): the same calls in every mode. EBP is an argument register of the ABI, so
; everything is found by ESP.
calls:
	push ebx
	push esi
	push edi
	push ebp
	mov eax, SILL_CALL_PING
	mov ebx, 0x12345678
	mov ecx, 0xC1C2C3C4
	mov edx, 0xD1D2D3D4
	mov esi, 0x51525354
	mov edi, 0x41424344
	mov ebp, 0xB1B2B3B4
	push dword 0x8D7 & ~0x400	; OF SF ZF AF PF CF
	popfd
	pushfd
	vmcall
	pushfd
	push eax
	mov eax, [esp + 12 + 20]	; flags before, flags after, EAX; 4 registers and EIP
	mov [eax + result.ping + 4], ebx
	mov [eax + result.ping + 8], ecx
	mov [eax + result.ping + 12], edx
	mov [eax + result.ping + 16], esi
	mov [eax + result.ping + 20], edi
	mov [eax + result.ping + 24], ebp
	mov ebp, eax
	pop dword [ebp + result.ping]
	pop dword [ebp + result.flags + 4]
	pop dword [ebp + result.flags]

	mov eax, 0xFFFFFFFF
	vmcall
	mov [ebp + result.unknown], eax

	mov eax, SILL_CALL_INFO
	lea ebx, [ebp + result.info_text]
	add ebx, [esp + 24]
	mov ecx, 64
	vmcall
	mov [ebp + result.info], eax

	mov eax, SILL_CALL_INFO
	mov ebx, NOTHING
	mov ecx, 64
	vmcall
	mov [ebp + result.fault], eax
	pop ebp
	pop edi
	pop esi
	pop ebx
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
