; SPDX-License-Identifier: MIT
;
; Functions that load every general register and the flags from a struct registers, execute one
; instruction that leaves the guest, and store every general register and the flags again. With
; them the tests can see what an exit changes. <name>_next is the instruction after it.

%include "selectors.inc"

R_RAX	equ 0
R_RBX	equ 8
R_RCX	equ 16
R_RDX	equ 24
R_RSI	equ 32
R_RDI	equ 40
R_RBP	equ 48
R_R8	equ 56
R_R9	equ 64
R_R10	equ 72
R_R11	equ 80
R_R12	equ 88
R_R13	equ 96
R_R14	equ 104
R_R15	equ 112
R_RFLAGS equ 120

; The popfq stands directly before the instruction, so that a TF in the flags steps over exactly it.
%macro load_registers 0
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	pushfq
	push rdi
	push qword [rdi + R_RFLAGS]
	mov rax, [rdi + R_RAX]
	mov rbx, [rdi + R_RBX]
	mov rcx, [rdi + R_RCX]
	mov rdx, [rdi + R_RDX]
	mov rsi, [rdi + R_RSI]
	mov rbp, [rdi + R_RBP]
	mov r8, [rdi + R_R8]
	mov r9, [rdi + R_R9]
	mov r10, [rdi + R_R10]
	mov r11, [rdi + R_R11]
	mov r12, [rdi + R_R12]
	mov r13, [rdi + R_R13]
	mov r14, [rdi + R_R14]
	mov r15, [rdi + R_R15]
	mov rdi, [rdi + R_RDI]
	popfq
%endmacro

%macro store_registers 0
	pushfq
	push rax
	mov rax, [rsp + 16]
	mov [rax + R_RBX], rbx
	mov [rax + R_RCX], rcx
	mov [rax + R_RDX], rdx
	mov [rax + R_RSI], rsi
	mov [rax + R_RDI], rdi
	mov [rax + R_RBP], rbp
	mov [rax + R_R8], r8
	mov [rax + R_R9], r9
	mov [rax + R_R10], r10
	mov [rax + R_R11], r11
	mov [rax + R_R12], r12
	mov [rax + R_R13], r13
	mov [rax + R_R14], r14
	mov [rax + R_R15], r15
	pop qword [rax + R_RAX]
	pop qword [rax + R_RFLAGS]
	pop rdi
	popfq
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret
%endmacro

%macro exit_function 2+
global %1, %1_next
%1:
	load_registers
	%2
%1_next:
	store_registers
%endmacro

; From 64-bit code through a far jump to 16- or 32-bit code, which executes VMCALL and jumps back.
; Arguments: name, code size, selector to go to, selector to come back to, offset to go to.
%macro compatibility_function 5
global %1
%1:
	load_registers
	jmp far dword [rel %1_pointer]
global %1_code
align 16
%1_code:
bits %2
	vmcall
	jmp dword %4:%1_back
bits 64
%1_back:
	store_registers
%1_pointer:
	dd %5
	dw %3
%endmacro

section .user.text progbits alloc exec nowrite align=16
bits 64
	exit_function exit_vmcall, vmcall
	exit_function exit_cpuid, cpuid
	exit_function exit_rdmsr, rdmsr
	exit_function exit_wrmsr, wrmsr
	exit_function exit_out, out dx, al
	exit_function exit_in, in al, dx
	exit_function exit_xsetbv, xsetbv
	exit_function exit_wbinvd, wbinvd
	exit_function exit_read, mov al, [rsi]
	exit_function exit_write, mov [rdi], al

	compatibility_function vmcall32_ring0, 32, KERNEL_CODE32, KERNEL_CODE64, vmcall32_ring0_code
	compatibility_function vmcall32_ring3, 32, USER_CODE32, USER_CODE64, vmcall32_ring3_code
	compatibility_function vmcall16_ring0, 16, KERNEL_CODE16, KERNEL_CODE64, 0
	compatibility_function vmcall16_ring3, 16, USER_CODE16, USER_CODE64, 0

section .text
; Single stepping with a MOV SS before the instruction that exits: the trap of MOV SS is held back
; until after the next instruction. void step_mov_ss_<name>(uint64_t rflags_with_tf)
%macro mov_ss_function 2+
global %1, %1_next
%1:
	push rbx
	pushfq
	mov r8d, KERNEL_DATA
	mov eax, 0
	mov ecx, 0
	push rdi
	popfq
	mov ss, r8d
	%2
%1_next:
	nop
	nop
	popfq
	pop rbx
	ret
%endmacro
	mov_ss_function mov_ss_cpuid, cpuid
	mov_ss_function mov_ss_vmcall, vmcall

; The same with MOV SS from memory under a data breakpoint (DR0 is set by the caller): the
; breakpoint stays pending over the exit. void breakpoint_mov_ss_<name>(const uint16_t *selector)
%macro breakpoint_function 2+
global %1, %1_next
%1:
	push rbx
	mov eax, 0
	mov ecx, 0
	mov ss, [rdi]
	%2
%1_next:
	nop
	pop rbx
	ret
%endmacro
	breakpoint_function breakpoint_cpuid, cpuid
	breakpoint_function breakpoint_vmcall, vmcall

; An exit in the shadow of STI. uint64_t sti_cpuid(void): RFLAGS after it.
global sti_cpuid, sti_vmcall
sti_cpuid:
	push rbx
	mov eax, 0
	mov ecx, 0
	sti
	cpuid
	pushfq
	cli
	pop rax
	pop rbx
	ret
sti_vmcall:
	mov eax, 0
	mov edi, 5
	sti
	vmcall
	pushfq
	cli
	pop rax
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
