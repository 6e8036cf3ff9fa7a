; SPDX-License-Identifier: MIT
;
; The way into the other view and back. What lies in ordinary memory is to be seen in both.

%include "sill/hypercall.inc"

bits 64
section .user.text progbits alloc exec nowrite align=16

; uint64_t view_call(uint64_t argument, uint64_t (*function)(uint64_t), uint32_t view): calls the
; function while the view is in force. Usable at every privilege level.
global view_call
align 16
view_call:
	push rbx
	mov rbx, rsi
	xor eax, eax			; VM function 0: EPTP switching
	mov ecx, edx
	vmfunc
	call rbx
	mov rbx, rax
	xor eax, eax
	xor ecx, ecx
	vmfunc
	mov rax, rbx
	pop rbx
	ret

; uint64_t view_enter(uint32_t function, uint32_t view): VMFUNC, back to view 0 if it worked, and
; answers whether it did; the exception otherwise is caught.
global view_enter
align 16
view_enter:
	mov eax, edi
	mov ecx, esi
.at:	vmfunc
	xor eax, eax
	xor ecx, ecx
	vmfunc
	mov eax, 1
	ret
.skip:	xor eax, eax
	ret

; Functions for the view: what else can be done there. The argument is theirs.
global view_ping, view_touch, view_fault, view_cpuid
align 16
view_ping:				; VMCALL
	mov eax, SILL_CALL_PING
	vmcall
	ret
align 16
view_touch:				; writes to memory and reads it back
	mov qword [rdi], 0x5157
	mov rax, [rdi]
	ret
align 16
view_fault:				; an exception, whose handler runs in the view
	mov eax, 7
.at:	ud2
.next:	inc eax
	ret
align 16
view_cpuid:
	push rbx
	mov eax, edi
	xor ecx, ecx
	cpuid
	mov eax, ebx
	pop rbx
	ret

section .fixups progbits alloc noexec nowrite align=1
	dq view_enter.at, view_enter.skip
	dq view_fault.at, view_fault.next

section .note.GNU-stack noalloc noexec nowrite progbits
