; SPDX-License-Identifier: MIT
;
; The services as the guest itself runs them, in the page that only the view shows (doors/view.c):
; the one door behind which Sill's code is not Sill running. A copy of this goes into a page, and
; what the time follows from into the next one. The contract is in include/sill/doors.h.

DATA		equ 4096		; struct view_data
DATA_UTC_NS	equ DATA + 0		; 0: not known
DATA_TSC	equ DATA + 8		; the guest's TSC at that moment
DATA_TSC_HZ	equ DATA + 16
NS_PER_SECOND	equ 1000000000

default rel
bits 64
section .rodata align=64

global view_code, view_code_end
align 64
view_code:				; SILL_VIEW_ECHO
	endbr64				; for callers with indirect-branch tracking
	mov	rax, rdi
	ret

align 64				; SILL_VIEW_TIME
	endbr64
	cmp	qword [view_code + DATA_UTC_NS], 0
	je	.unknown
	mov	rcx, [view_code + DATA_TSC_HZ]
	rdtsc
	shl	rdx, 32
	or	rax, rdx
	sub	rax, [view_code + DATA_TSC]
	mov	edx, NS_PER_SECOND
	mul	rdx
	div	rcx
	add	rax, [view_code + DATA_UTC_NS]
	ret
.unknown:
	xor	eax, eax
	ret
view_code_end:
