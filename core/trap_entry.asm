; SPDX-License-Identifier: MIT
; The way into core/trap.c for each exception vector, and the way back.

default rel
section .text

extern trap_handle

%macro STUB 1
trap_stub_%1:
; These push an error code by themselves: SDM, "Error Code", and the table of exceptions.
%if %1 = 8 || %1 = 10 || %1 = 11 || %1 = 12 || %1 = 13 || %1 = 14 || %1 = 17 || %1 = 21
%else
	push	qword 0
%endif
	push	qword %1
	jmp	trap_common
%endmacro

%assign vector 0
%rep 32
	STUB	vector
%assign vector vector + 1
%endrep

trap_common:
	push	rax
	push	rbx
	push	rcx
	push	rdx
	push	rsi
	push	rdi
	push	rbp
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp
	mov	rbx, rsp
	and	rsp, -16
	call	trap_handle
	mov	rsp, rbx
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rbp
	pop	rdi
	pop	rsi
	pop	rdx
	pop	rcx
	pop	rbx
	pop	rax
	add	rsp, 16			; vector and error code
	iretq

; An IRET to the next instruction, for its side effect.
global trap_unblock_nmi
trap_unblock_nmi:
	mov	rax, rsp
	mov	ecx, ss
	push	rcx
	push	rax
	pushfq
	mov	ecx, cs
	push	rcx
	lea	rcx, [.next]
	push	rcx
	iretq
.next:
	ret

; A fault in one of these instructions is expected: core/trap.c goes on at the second address.
; See core/safe_access.h.
%macro FIXUP 2
section .fixups
	dq	%1, %2
section .text
%endmacro

; bool safe_rdmsr(uint32_t msr, uint64_t *value)
global safe_rdmsr
safe_rdmsr:
	mov	ecx, edi
.access:
	rdmsr
	shl	rdx, 32
	or	rax, rdx
	mov	[rsi], rax
	mov	eax, 1
	ret
.fault:
	xor	eax, eax
	ret
FIXUP safe_rdmsr.access, safe_rdmsr.fault

; bool safe_wrmsr(uint32_t msr, uint64_t value)
global safe_wrmsr
safe_wrmsr:
	mov	ecx, edi
	mov	eax, esi
	mov	rdx, rsi
	shr	rdx, 32
.access:
	wrmsr
	mov	eax, 1
	ret
.fault:
	xor	eax, eax
	ret
FIXUP safe_wrmsr.access, safe_wrmsr.fault

; bool safe_vmxon(uint64_t physical)
global safe_vmxon
safe_vmxon:
	push	rdi
.access:
	vmxon	[rsp]
	seta	al			; neither CF nor ZF
	movzx	eax, al
	pop	rdi
	ret
.fault:
	xor	eax, eax
	pop	rdi
	ret
FIXUP safe_vmxon.access, safe_vmxon.fault

; bool safe_xsetbv(uint32_t index, uint64_t value)
global safe_xsetbv
safe_xsetbv:
	mov	ecx, edi
	mov	eax, esi
	mov	rdx, rsi
	shr	rdx, 32
.access:
	xsetbv
	mov	eax, 1
	ret
.fault:
	xor	eax, eax
	ret
FIXUP safe_xsetbv.access, safe_xsetbv.fault

; bool safe_read_byte(const volatile void *address, uint8_t *value)
global safe_read_byte
safe_read_byte:
.access:
	mov	al, [rdi]
	mov	[rsi], al
	mov	eax, 1
	ret
.fault:
	xor	eax, eax
	ret
FIXUP safe_read_byte.access, safe_read_byte.fault

section .rodata
global trap_stubs
trap_stubs:
%assign vector 0
%rep 32
	dq	trap_stub_ %+ vector
%assign vector vector + 1
%endrep
