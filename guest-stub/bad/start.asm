; SPDX-License-Identifier: MIT
;
; The start of the small guests that end badly: a Multiboot header, a stack, main(command line).

extern main

MULTIBOOT_MAGIC	equ 0x1BADB002
MULTIBOOT_FLAGS	equ 0x00000002		; memory information wanted
INFO_CMDLINE	equ 1 << 2

section .multiboot
align 4
	dd MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

section .text
bits 32
global start
start:
	cli
	cld
	mov esp, stack_top
	mov eax, empty
	test dword [ebx], INFO_CMDLINE
	jz .no_command_line
	mov eax, [ebx + 16]
.no_command_line:
	push eax
	call main
.stop:
	hlt
	jmp .stop

section .rodata
empty:	db 0

section .bss
alignb 16
	resb 8192
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
