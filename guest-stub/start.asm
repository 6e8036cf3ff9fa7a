; SPDX-License-Identifier: MIT
;
; From a Multiboot loader's 32-bit entry to guest_main() in 64-bit mode: header, first page tables,
; GDT, TSS, and the stubs through which every exception reaches exceptions.c.

%include "selectors.inc"

MULTIBOOT_MAGIC	equ 0x1BADB002
MULTIBOOT_FLAGS	equ 0x00000003		; modules on page boundaries, memory information wanted

IA32_EFER	equ 0xC0000080
EFER_LME	equ 1 << 8
EFER_NXE	equ 1 << 11
CR0_PG_WP	equ 0x80010000
CR0_NE_MP	equ 0x22
CR0_EM_TS	equ 0x0C
CR4_PAE		equ 1 << 5
CR4_OSFXSR	equ (1 << 9) | (1 << 10)	; OSFXSR, OSXMMEXCPT

extern guest_main
extern mode32_boot_calls
extern exception_handler
extern boot_pml4, boot_pdpt, boot_pd

section .multiboot
align 4
	dd MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

section .text
bits 32
global start
start:
	cli
	cld
	mov [boot_magic], eax
	mov [boot_information], ebx
	mov esp, stack_top
	push 0
	popfd

	; The three identity-mapped gigabytes and a fourth, in pages of 2 MiB. User on the way
	; down so that paging.c can open single pages to ring 3; the leaves are supervisor's.
	mov edi, boot_pd
	mov eax, 0x83			; present, writable, large
	mov ecx, 2048
.fill_pd:
	mov [edi], eax
	mov dword [edi + 4], 0
	add eax, 0x200000
	add edi, 8
	loop .fill_pd
	mov edi, boot_pdpt
	mov eax, boot_pd + 7		; present, writable, user
	mov ecx, 4
.fill_pdpt:
	mov [edi], eax
	add eax, 0x1000
	add edi, 8
	loop .fill_pdpt
	mov dword [boot_pml4], boot_pdpt + 7

	call mode32_boot_calls		; while the CPU is still in 32-bit mode

	mov eax, 0x80000001
	cpuid
	bt edx, 29			; long mode
	jnc no_long_mode

	mov eax, cr4
	or eax, CR4_PAE | CR4_OSFXSR
	mov cr4, eax
	mov eax, boot_pml4
	mov cr3, eax
	mov ecx, IA32_EFER
	rdmsr
	or eax, EFER_LME | EFER_NXE
	wrmsr
	mov eax, cr0
	and eax, ~CR0_EM_TS
	or eax, CR0_PG_WP | CR0_NE_MP
	mov cr0, eax
	lgdt [gdt_pointer]
	jmp KERNEL_CODE64:start64

no_long_mode:
	mov esi, no_long_mode_text
	mov edx, 0x3F8
.next:
	lodsb
	test al, al
	jz .stop
	out dx, al
	jmp .next
.stop:
	mov al, 1
	out 0xF4, al
	cli
	hlt
	jmp .stop

bits 64
start64:
	mov eax, KERNEL_DATA
	mov ss, eax
	mov eax, USER_DATA		; usable at every privilege level
	mov ds, eax
	mov es, eax
	xor eax, eax
	mov fs, eax
	mov gs, eax
	mov rsp, stack_top
	xor ebp, ebp
	mov edi, [boot_magic]
	mov esi, [boot_information]
	call guest_main
.stop:
	cli
	hlt
	jmp .stop

; Interrupt stubs: each leaves an error code (or 0) and its vector on the stack.
%macro exception_stub 1
stub_%1:
%if %1 = 8 || (%1 >= 10 && %1 <= 14) || %1 = 17 || %1 = 21 || %1 = 29 || %1 = 30
	; the CPU pushed an error code
%else
	push 0
%endif
	push %1
	jmp exception_common
%endmacro

%assign vector 0
%rep 32
	exception_stub vector
%assign vector vector + 1
%endrep

exception_common:
	cld
	push rax
	push rbx
	push rcx
	push rdx
	push rsi
	push rdi
	push rbp
	push r8
	push r9
	push r10
	push r11
	push r12
	push r13
	push r14
	push r15
	mov rdi, rsp
	mov rbx, rsp
	and rsp, -16
	call exception_handler
	mov rsp, rbx
	pop r15
	pop r14
	pop r13
	pop r12
	pop r11
	pop r10
	pop r9
	pop r8
	pop rbp
	pop rdi
	pop rsi
	pop rdx
	pop rcx
	pop rbx
	pop rax
	add rsp, 16
	iretq

; uint64_t catch_jump(uint64_t address): jumps to address and answers when an exception came of
; it; exceptions.c sees catch_rsp and resumes at catch_resume.
global catch_jump, catch_resume
catch_jump:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	mov [catch_rsp], rsp
	jmp rdi
catch_resume:
	mov qword [catch_rsp], 0
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret

; uint64_t ring3_enter(function, argument, rflags): runs function(argument) at CPL 3 and answers
; what it returned, in RAX, by way of interrupt 80h.
global ring3_enter, ring3_leave
ring3_enter:
	push rbx
	push rbp
	push r12
	push r13
	push r14
	push r15
	pushfq
	mov [ring3_kernel_rsp], rsp
	mov [tss + 4], rsp		; RSP0: the rest of this stack
	mov rax, user_stack_top - 8
	mov rcx, ring3_return
	mov [rax], rcx
	push USER_DATA
	push rax
	push rdx
	push USER_CODE64
	push rdi
	mov rdi, rsi
	iretq
ring3_leave:
	mov rsp, [ring3_kernel_rsp]
	popfq
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbp
	pop rbx
	ret

global load_tables
load_tables:				; void load_tables(const void *idt_pointer)
	lidt [rdi]
	mov eax, TSS_SELECTOR
	ltr ax
	ret

section .user.text progbits alloc exec nowrite align=16
ring3_return:
	int 0x80

section .rodata
global exception_stubs
align 8
exception_stubs:
%assign vector 0
%rep 32
	dq stub_ %+ vector
%assign vector vector + 1
%endrep
no_long_mode_text:
	db "guest-stub: this CPU has no 64-bit mode", 13, 10, 0

section .data
global gdt
align 16
gdt:
	dq 0
	dq 0x00AF9B000000FFFF		; 08 kernel code, 64-bit
	dq 0x00CF93000000FFFF		; 10 kernel data
	dq 0x00CF9B000000FFFF		; 18 kernel code, 32-bit
	dq 0x00CFF3000000FFFF		; 20 user data
	dq 0x00AFFB000000FFFF		; 28 user code, 64-bit
	dq 0x00CFFB000000FFFF		; 30 user code, 32-bit
	dq 0x00009B000000FFFF		; 38 kernel code, 16-bit: base set by test_mode32.c
	dq 0x0000FB000000FFFF		; 40 user code, 16-bit: the same
	dq 0, 0				; 48 TSS: set by ring3.c
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
	dq gdt

section .bss
global boot_magic, boot_information, catch_rsp, tss
alignb 16
boot_magic:	resd 1
boot_information: resd 1
catch_rsp:	resq 1
ring3_kernel_rsp: resq 1
alignb 16
tss:		resb 104 + 8192 + 1
alignb 4096
		resb 32768
stack_top:
global ist_stack_tops
ist_stacks:	resb 8192
ist_stack_tops:	resb 8192
ist_stack_end:

section .user.bss nobits alloc noexec write align=4096
		resb 8192
user_stack_top:
		resb 16

section .note.GNU-stack noalloc noexec nowrite progbits
