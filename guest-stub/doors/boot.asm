; SPDX-License-Identifier: MIT
;
; start.asm calls this while the CPU is in 32-bit mode. guest-stub makes VMCALLs then; here the door
; may be closed, and nothing could catch the exception.

bits 32
section .text

global mode32_boot_calls
mode32_boot_calls:
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
