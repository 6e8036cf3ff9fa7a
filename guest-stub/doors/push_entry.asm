; SPDX-License-Identifier: MIT
;
; The interrupt by which Sill begins: it counts, and keeps what it finds in the page. Two vectors have
; an entry, so that one can be told from the other.

bits 64
section .text

global push_entry, push_other_entry
align 16
push_entry:
	inc qword [rel push_interrupts]
	iretq
align 16
push_other_entry:
	inc qword [rel push_other_interrupts]
	iretq

section .user.bss nobits alloc noexec write align=8
global push_interrupts, push_other_interrupts
alignb 8
push_interrupts:	resq 1
push_other_interrupts:	resq 1

section .note.GNU-stack noalloc noexec nowrite progbits
