; SPDX-License-Identifier: MIT
;
; The measuring functions of the doors (measure.inc tells how): one for each kind of access that a
; door is made of. RDI is the buffer that the door's file prepared.

%include "sill/hypercall.inc"
%include "measure.inc"

bits 64
section .text

measure_start vmcall_echo
	first
	xor eax, eax			; SILL_CALL_PING
	vmcall
measure_end

measure_start cpuid_echo
	mov ebx, SILL_SERVICE_ECHO
	mov ecx, 0x12345678
	first
	mov eax, SILL_CPUID_SERVE
	cpuid
measure_end

measure_start port_out			; RDI: the port
	first
	mov edx, edi
	out dx, eax
measure_end

measure_start port_in			; RDI: the port
	first
	mov edx, edi
	in eax, dx
measure_end

measure_start port_call			; RDI: the port
	first
	mov edx, edi
	in eax, dx
measure_end

measure_start mmio_write		; RDI: the register
	first
	mov [rdi], rax
measure_end

measure_start mmio_read			; RDI: the register
	first
	mov rax, [rdi]
measure_end

measure_start watch_write		; RDI: the page
	first
	mov [rdi + 32], rax
measure_end

measure_start watch_send		; RDI: the page
	first
	mov dword [rdi + 16], 1		; SILL_LETTER_SENT
measure_end

measure_start door_kick
	first
	mov eax, SILL_CALL_DOOR_KICK
	vmcall
measure_end

; There and back, with every instruction that it takes. RDI: the service, and the view's number.
measure_start view_echo
	mov r11, [rdi]
	mov esi, [rdi + 8]
	first
	xor eax, eax
	mov ecx, esi
	vmfunc
	call r11
	xor eax, eax
	xor ecx, ecx
	vmfunc
measure_end

section .note.GNU-stack noalloc noexec nowrite progbits
