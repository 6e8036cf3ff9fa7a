; SPDX-License-Identifier: MIT
;
; The measuring functions of the benchmark: one for each kind of exit (measure.inc tells how).

%include "sill/hypercall.inc"
%include "measure.inc"

IA32_FEATURE_CONTROL	equ 0x3A
IA32_BIOS_SIGN_ID	equ 0x8B

bits 64
section .text

measure_start vmcall_ping
	first
	xor eax, eax
	vmcall
measure_end

measure_start vmcall_unknown
	first
	mov eax, 1000
	vmcall
measure_end

measure_start vmcall_info		; RDI: where to
	mov esi, 64
	first
	mov eax, SILL_CALL_INFO
	vmcall
measure_end

measure_start vmcall_time		; RDI: where to
	mov esi, 64
	first
	mov eax, SILL_CALL_TIME
	vmcall
measure_end

measure_start vmcall_channel_kick	; RDI: the handle
	first
	mov eax, SILL_CALL_CHANNEL_KICK
	vmcall
measure_end

measure_start cpuid_0
	xor ecx, ecx
	first
	xor eax, eax
	cpuid
measure_end

measure_start cpuid_40000000
	xor ecx, ecx
	first
	mov eax, SILL_CPUID_SIGNATURE
	cpuid
measure_end

measure_start rdmsr_feature_control
	mov ecx, IA32_FEATURE_CONTROL
	first
	rdmsr
measure_end

measure_start wrmsr_bios_sign_id
	mov ecx, IA32_BIOS_SIGN_ID
	first
	xor eax, eax
	xor edx, edx
	wrmsr
measure_end

measure_start out_uart_scratch
	first
	mov edx, 0x3FF
	mov al, 0x55
	out dx, al
measure_end

measure_start out_uart_thr
	first
	mov edx, 0x3F8
	mov al, '.'
	out dx, al
measure_end

measure_start in_uart_lsr
	first
	mov edx, 0x3FD
	in al, dx
measure_end

measure_start rtc_read			; two exits: the index and the value
	first
	xor eax, eax
	out 0x70, al
	in al, 0x71
measure_end

measure_start xsetbv
	xor ecx, ecx
	first
	mov eax, 3
	xor edx, edx
	xsetbv
measure_end

measure_start first_touch_4k		; RDI: a page nobody touched
	first
	mov al, [rdi]
measure_end

section .note.GNU-stack noalloc noexec nowrite progbits
