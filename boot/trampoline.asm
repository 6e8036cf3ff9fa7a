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

; struct sill_launch, see include/sill/handoff.h; boot/launch.c asserts these.
%define LAUNCH_RESULT	12
%define LAUNCH_RIP	16
%define LAUNCH_RSP	24
%define LAUNCH_RFLAGS	32

; A page of its own, so that mapping it maps nothing else.
section .text align=4096

global trampoline:function hidden
; RDI = physical address of the root table, RSI = stack, RDX = handoff, RCX = entry
trampoline:
	cli
	xor	r8d, r8d

; R8 = struct sill_launch, or 0
cross:
	cld
	mov	r9, rcx
	mov	r10, rdx

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
	mov	rdi, r10
	mov	rsi, r8
	jmp	r9

global trampoline_beneath:function hidden
; As above, and R8 = struct sill_launch
trampoline_beneath:
	pushfq
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	push	r8

	mov	[r8 + LAUNCH_RSP], rsp
	lea	rax, [.back]
	mov	[r8 + LAUNCH_RIP], rax
	mov	rax, [rsp + 7 * 8]
	mov	[r8 + LAUNCH_RFLAGS], rax
	cli
	jmp	cross

; The core, or the CPU itself in VMX non-root operation, comes back here with all as it was above,
; but for the general registers.
.back:
	pop	r8
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	popfq
	mov	eax, [r8 + LAUNCH_RESULT]
	ret

	times 4096 - ($ - trampoline) db 0cch
