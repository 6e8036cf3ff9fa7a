; SPDX-License-Identifier: MIT
;
; What every measurement begins with: nothing, and instructions whose number is known.

%include "measure.inc"

bits 64
section .text

measure_start empty
	first
measure_end

; 40 instructions that no processor executes in as many cycles: 8 dependent divisions take longer.
; Only where a tick is an instruction the answer is that of measure_empty plus 40.
measure_start forty_instructions
	mov ebx, 1
	first
%rep 8
	xor edx, edx
	mov eax, 0x7FFFFFFF
	div ebx
	add ebx, 1
	add ecx, ebx
%endrep
measure_end

section .note.GNU-stack noalloc noexec nowrite progbits
