; SPDX-License-Identifier: MIT
; The last steps of a CPU that leaves: see vmx/leave.c for the first, vmx/landing.h for the place.
;
; RBX = struct landing of this CPU, at an address that the core's page tables and the guest's have
; in common. The general registers are the guest's only from the pops on, when its IDT is in force.

default rel
section .text.leave progbits alloc exec nowrite align=512

LANDING_REGISTERS	equ 512
LANDING_CR3		equ 672
LANDING_CR4		equ 680
LANDING_DR7		equ 688
LANDING_EFER		equ 696
LANDING_FS_BASE		equ 704
LANDING_GS_BASE		equ 712
LANDING_NMIS_SEEN	equ 720
LANDING_GDTR		equ 728
LANDING_DS		equ 738
LANDING_IDTR		equ 740
LANDING_ES		equ 750
LANDING_OWN_GDTR	equ 752
LANDING_FS		equ 762
LANDING_OWN_IDTR	equ 764
LANDING_GS		equ 774
LANDING_LDTR		equ 776
LANDING_TR		equ 778
LANDING_CODE		equ 780
LANDING_NMI		equ 782
LANDING_COUNTERS	equ 784

PERCPU_NMI_COUNT	equ 152		; struct percpu
MSR_IA32_PERF_GLOBAL_CTRL equ 38fh
MSR_IA32_EFER		equ 0c0000080h
MSR_IA32_FS_BASE	equ 0c0000100h
MSR_IA32_GS_BASE	equ 0c0000101h

%macro LOAD_MSR 2			; number, offset of the value
	mov	ecx, %1
	mov	eax, [rbx + %2]
	mov	edx, [rbx + %2 + 4]
	wrmsr
%endmacro

; This part is shown to the guest, in a page at another address: 512 bytes, so that no page ends in
; it, with no absolute address, and nothing of Sill's memory but *RBX and (before CR3 changes) GS.
global landing_code
landing_code:
	; NMIs come through the core's IDT up to here, and then through the landing's.
	lidt	[rbx + LANDING_OWN_IDTR]
	mov	rax, [gs:PERCPU_NMI_COUNT]
	cmp	rax, [rbx + LANDING_NMIS_SEEN]
	je	.none_before
	mov	byte [rbx + LANDING_NMI], 1
.none_before:
	; From the landing's GDT, where the TSS is not busy; LTR has never seen the guest's.
	ltr	[rbx + LANDING_TR]
	lldt	[rbx + LANDING_LDTR]

	mov	rax, [rbx + LANDING_CR3]
	mov	cr3, rax		; from here on, only this page and *RBX are left of Sill
	LOAD_MSR MSR_IA32_EFER, LANDING_EFER ; only now: without NXE the core's tables are invalid
	lgdt	[rbx + LANDING_GDTR]
	mov	ds, [rbx + LANDING_DS]
	mov	es, [rbx + LANDING_ES]
	mov	fs, [rbx + LANDING_FS]
	mov	gs, [rbx + LANDING_GS]
	LOAD_MSR MSR_IA32_FS_BASE, LANDING_FS_BASE
	LOAD_MSR MSR_IA32_GS_BASE, LANDING_GS_BASE
	mov	rax, [rbx + LANDING_DR7]
	mov	dr7, rax
	; CR4.PGE changes, in whichever direction: SDM, "Operations that Invalidate TLBs and
	; Paging-Structure Caches": so all translations go, those of other PCIDs included.
	mov	rax, [rbx + LANDING_CR4]
	mov	cr4, rax
	cmp	dword [rbx + LANDING_COUNTERS], -1 ; no CPU has that many
	je	.no_counters
	LOAD_MSR MSR_IA32_PERF_GLOBAL_CTRL, LANDING_COUNTERS
.no_counters:

	lidt	[rbx + LANDING_IDTR]
	cmp	byte [rbx + LANDING_NMI], 0
	je	.no_nmi
	; To the guest this is the NMI: it came here, and if the landing's handler took it, NMIs
	; are still blocked.
	int	2
.no_nmi:
	pop	rax
	pop	rcx
	pop	rdx
	pop	rbx
	pop	rbp
	pop	rsi
	pop	rdi
	pop	r8
	pop	r9
	pop	r10
	pop	r11
	pop	r12
	pop	r13
	pop	r14
	pop	r15
	iretq

; An NMI on the landing. It is noted, and the code above goes on without IRET, so that NMIs stay
; blocked. MOV leaves the flags as they are, and R15 is not in use above.
global landing_nmi
landing_nmi:
	endbr64
	mov	byte [rbx + LANDING_NMI], 1
	mov	r15, [rsp]		; RIP
	mov	rsp, [rsp + 24]		; RSP
	push	r15
	ret
	times 512 - ($ - landing_code) db 0cch

; leave_step(struct landing *, code): both at their addresses in both worlds. Does not return.
; An NMI on the way finds the core's code segment in the landing's GDT too; a null SS needs no GDT.
global leave_step
leave_step:
	mov	rbx, rdi
	xor	eax, eax
	mov	ss, eax
	lea	rsp, [rbx + LANDING_REGISTERS]
	lgdt	[rbx + LANDING_OWN_GDTR]
	movzx	eax, word [rbx + LANDING_CODE]
	push	rax
	push	rsi
	retfq
