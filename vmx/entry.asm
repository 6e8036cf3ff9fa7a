; SPDX-License-Identifier: MIT
; Into the guest and back. This is the path that every VM exit pays for: 15 pushes, a call, 15 pops.
;
; RSP in root operation: struct vcpu (vmx/vcpu.h) lies at the top of its host stack, the general
; registers first. HOST_RSP points just above them, so that pushing the registers fills in the
; structure, and RSP is then its address. HOST_RSP never changes.
;
; Floating-point and vector registers are the guest's all the time: the core is compiled to use
; none. Nothing here guards against speculative execution across the two worlds;
; docs/architecture.md says what that leaves open.

default rel
section .text.hot progbits alloc exec nowrite align=16

VCPU_RUN_RSP		equ 15 * 8
PERCPU_VMREAD		equ VMX_COUNT_OFFSET + 4 * 8
PERCPU_VMLAUNCH		equ VMX_COUNT_OFFSET + 6 * 8
VMX_COUNT_OFFSET	equ 24		; struct percpu, vmx_count; asserted in vmx/vcpu_create.c
VM_INSTRUCTION_ERROR	equ 4400h
RESUME_NOT_LAUNCHED	equ 5		; "VMRESUME with non-launched VMCS"

extern vmx_handle_exit
extern vmx_entry_refused

; HOST_RIP
global vmx_exit
align 16
vmx_exit:
	push	r15
	push	r14
	push	r13
	push	r12
	push	r11
	push	r10
	push	r9
	push	r8
	push	rdi
	push	rsi
	push	rbp
	push	rbx
	push	rdx
	push	rcx
	push	rax
	mov	rdi, rsp
	call	vmx_handle_exit
.enter:
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
	vmresume			; counted by vcpu_account()

; Still here: the VMCS has not been launched yet, or the entry was refused. The popped registers
; are still below RSP, where no interrupt handler writes (NMIs have a stack of their own).
	lea	rsp, [rsp - VCPU_RUN_RSP]
	inc	qword [gs:PERCPU_VMREAD]
	mov	eax, VM_INSTRUCTION_ERROR
	vmread	rax, rax
	cmp	eax, RESUME_NOT_LAUNCHED
	jne	.refused
	pop	rax
	lea	rsp, [rsp + VCPU_RUN_RSP - 8]
	inc	qword [gs:PERCPU_VMLAUNCH]
	vmlaunch
	lea	rsp, [rsp - VCPU_RUN_RSP]
.refused:
	mov	rdi, rsp
	call	vmx_entry_refused	; does not return

; void vmx_leave(struct vcpu *): drops the host stack as it is, and returns to who called vmx_enter.
global vmx_leave
vmx_leave:
	mov	rsp, [rdi + VCPU_RUN_RSP]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

; void vmx_enter(struct vcpu *): runs the guest; returns when vmx_leave() is called.
global vmx_enter
align 16
vmx_enter:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi + VCPU_RUN_RSP], rsp
	mov	rsp, rdi
	jmp	vmx_exit.enter
