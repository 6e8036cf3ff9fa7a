; SPDX-License-Identifier: MIT
; The step from the firmware's address space into the core's. It lies in the loader's own text and
; not in memory that was copied to: firmware may make data not executable.

%define MSR_IA32_EFER	0c0000080h
%define EFER_NXE	11
%define CR0_WP		16
; SDM, "Control Registers": what firmware may have switched on that the core's page tables and code
; know nothing of. Clearing PGE also drops the TLB's global entries, which a MOV to CR3 keeps.
%define CR4_PGE		(1 << 7)
%define CR4_PCIDE	(1 << 17)
%define CR4_PKE		(1 << 22)
%define CR4_CET		(1 << 23)
%define CR4_PKS		(1 << 24)

bits 64
default rel

; A page of its own, so that mapping it maps nothing else.
section .text align=4096

global trampoline:function hidden
; RDI = physical address of the root table, RSI = stack, RDX = handoff, RCX = entry
trampoline:
	cli
	cld
	mov	r8, rdx
	mov	r9, rcx

	mov	ecx, MSR_IA32_EFER
	rdmsr
	bts	eax, EFER_NXE
	wrmsr

	mov	rax, cr4
	and	rax, ~(CR4_PGE | CR4_PCIDE | CR4_PKE | CR4_CET | CR4_PKS)
	mov	cr4, rax
	mov	rax, cr0
	bts	rax, CR0_WP
	mov	cr0, rax

	mov	cr3, rdi		; from here on, only this page of the old world is left
	mov	rsp, rsi
	xor	ebp, ebp
	mov	rdi, r8
	jmp	r9

	times 4096 - ($ - trampoline) db 0cch
