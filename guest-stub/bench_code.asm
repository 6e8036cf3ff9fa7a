; SPDX-License-Identifier: MIT
;
; The measuring functions of the benchmark, in assembly so that every instruction between the two
; RDTSC is known. Each reads the TSC, loads again what RDTSC has overwritten (EAX and EDX: the
; set-up, whose number of instructions stands in the table), executes what is measured, reads the
; TSC once more and answers the difference.
;
; An indirect jump leads to each RDTSC: Bochs counts instructions by stretches of straight code, and
; the TSC shows those of a stretch only behind its end, which an indirect jump is. Without it the
; difference would be wrong by up to a stretch.

%include "sill/hypercall.inc"

IA32_FEATURE_CONTROL	equ 0x3A
IA32_BIOS_SIGN_ID	equ 0x8B

bits 64
section .text

%macro measure_start 1
global measure_%1
measure_%1:
	push rbx
%endmacro

%macro first 0
	lea r9, [rel %%now]
	lea r10, [rel .end]
	jmp r9
%%now:	rdtsc
	mov r8d, eax
%endmacro

%macro measure_end 0
	jmp r10
.end:	rdtsc
	sub eax, r8d			; both moves to 32-bit registers: RAX has the difference
	pop rbx
	ret
%endmacro

measure_start empty
	first
measure_end

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

; 40 instructions that no processor executes in as many cycles: 8 dependent divisions take longer.
; Only where a tick is an instruction the answer is that of measure_empty plus 40.
measure_start forty_instructions
	mov ebx, 1
	first
%rep 8
	xor edx, edx
	mov eax, 0x7FFFFFFF
	div ebx
	add ebx, 1
	add ecx, ebx
%endrep
measure_end

section .note.GNU-stack noalloc noexec nowrite progbits
