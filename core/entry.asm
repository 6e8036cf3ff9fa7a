; SPDX-License-Identifier: MIT
; Where the loader enters the core, with the state that include/sill/handoff.h promises:
; RDI = virtual address of the handoff, RSP = top of the boot stack, interrupts off.

default rel
section .text

global core_entry
extern sill_main

core_entry:
	xor	ebp, ebp		; the end of every backtrace
	cld
	call	sill_main		; never returns
	ud2

; Loads the segment registers from the GDT that was just loaded. See core/cpu_setup.c.
global load_segments
load_segments:
	mov	eax, 10h		; SELECTOR_DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	xor	eax, eax
	mov	fs, eax
	mov	gs, eax
	lldt	ax
	pop	rax
	push	qword 08h		; SELECTOR_CODE
	push	rax
	retfq
