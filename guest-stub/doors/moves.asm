; SPDX-License-Identifier: MIT
;
; Instructions that read or write memory, each in a function of its own: those that Sill's device in
; memory knows, and some that it does not. mmio.c runs the known ones on ordinary memory first: what
; the CPU does there is what has to happen at the device.
;
; Three tables, moves_stores, moves_loads and moves_others. A row is the function, its name for
; people, and how many bytes of memory it is about. A row of zeros ends a table.

%include "selectors.inc"

section .rodata.stores progbits alloc noexec nowrite align=8
global moves_stores
moves_stores:
section .rodata.loads progbits alloc noexec nowrite align=8
global moves_loads
moves_loads:
section .rodata.others progbits alloc noexec nowrite align=8
global moves_others
moves_others:
section .fixups progbits alloc noexec nowrite align=1

bits 64

; Begins a function: its table, name, bytes.
%macro function 3
section .rodata
%%name:	db %2, 0
section .rodata.%1
	dq %%run, %%name, %3
section .text
align 16
%%run:
%endmacro

; A store of one instruction: void store(address, value). The value is in every register that can
; have it; FS begins at the address.
%macro store 3+
	function stores, %1, %2
	push rbx
	push r12
	push r13
	push r15
	mov rax, rsi
	mov rbx, rsi
	mov rcx, rsi
	mov rdx, rsi
	mov r9, rsi
	mov r12, rsi
	mov r13, rsi
	mov r15, rsi
	%3
	pop r15
	pop r13
	pop r12
	pop rbx
	ret
%endmacro

	store "mov [m], al", 1, mov [rdi], al
	store "mov [m], ah", 1, mov [rdi], ah
	store "mov [m], bl", 1, mov [rdi], bl
	store "mov [m], bh", 1, mov [rdi], bh
	store "mov [m], ch", 1, mov [rdi], ch
	store "mov [m], dh", 1, mov [rdi], dh
	store "mov [m], sil", 1, mov [rdi], sil
	store "mov [m], r9b", 1, mov [rdi], r9b
	store "mov [m], r12b", 1, mov [rdi], r12b
	store "mov [m], ax", 2, mov [rdi], ax
	store "mov [m], si", 2, mov [rdi], si
	store "mov [m], r15w", 2, mov [rdi], r15w
	store "mov [m], eax", 4, mov [rdi], eax
	store "mov [m], r13d", 4, mov [rdi], r13d
	store "mov [m], rax", 8, mov [rdi], rax
	store "mov [m], r9", 8, mov [rdi], r9
	store "mov [m], imm8", 1, mov byte [rdi], 0x9A
	store "mov [m], imm16", 2, mov word [rdi], 0x9ABC
	store "mov [m], imm32", 4, mov dword [rdi], 0x9ABCDEF0
	store "mov [m], imm32, sign-extended", 8, mov qword [rdi], -0x12345678
	store "mov [m], al with an operand-size prefix", 1, db 0x66, 0x88, 0x07
	store "mov [m], eax with an empty REX", 4, db 0x40, 0x89, 0x07
	store "mov [m], rax with an operand-size prefix, too", 8, db 0x66, 0x48, 0x89, 0x07
	store "mov [m], eax with a REX.W that another prefix follows", 4, db 0x48, 0x3E, 0x89, 0x07
	store "mov [m], rax with an ES prefix", 8, db 0x26, 0x48, 0x89, 0x07
	store "mov [fs:0], rax", 8, mov [fs:0], rax

	; The address in other ways.
	function stores, "mov [rcx + disp8], rsi", 8
	lea rcx, [rdi - 8]
	mov [rcx + 8], rsi
	ret
	function stores, "mov [rcx - disp8], rsi", 8
	lea rcx, [rdi + 120]
	mov [rcx - 120], rsi
	ret
	function stores, "mov [rcx + disp32], rsi", 8
	lea rcx, [rdi - 0x12345678]
	mov [rcx + 0x12345678], rsi
	ret
	function stores, "mov [rcx - disp32], rsi", 8
	lea rcx, [rdi + 0x12345678]
	mov [rcx - 0x12345678], rsi
	ret
	function stores, "mov [rcx + disp32], imm16", 2
	lea rcx, [rdi - 0x12345678]
	mov word [rcx + 0x12345678], 0x8123
	ret
	function stores, "mov [rcx + rdx * 4 + disp8], rsi", 8
	lea rcx, [rdi - 60]
	mov edx, 5
	mov [rcx + rdx * 4 + 40], rsi
	ret
	function stores, "mov [rcx + r8 * 8], rsi with a negative index", 8
	lea rcx, [rdi + 80]
	mov r8, -10
	mov [rcx + r8 * 8], rsi
	ret
	function stores, "mov [rcx * 2 + disp32], rsi", 8
	mov rcx, rdi
	shr rcx, 1
	mov [nosplit rcx * 2 + 0], rsi
	ret
	function stores, "mov [rbp + 0], rsi", 8
	push rbp
	mov rbp, rdi
	mov [rbp + 0], rsi
	pop rbp
	ret
	function stores, "mov [r12], rsi", 8
	push r12
	mov r12, rdi
	mov [r12], rsi
	pop r12
	ret
	function stores, "mov [r13], rsi", 8
	push r13
	mov r13, rdi
	mov [r13], rsi
	pop r13
	ret
	function stores, "mov [r9 + r12], rsi", 8
	push r12
	lea r9, [rdi - 3]
	mov r12d, 3
	mov [r9 + r12], rsi
	pop r12
	ret
	function stores, "mov [rsp], rsi", 8
	mov r10, rsp
	mov rsp, rdi
	mov [rsp], rsi
	mov rsp, r10
	ret
	function stores, "mov [fs:rcx + disp8], esi", 4
	mov ecx, -16
	movsxd rcx, ecx
	mov [fs:rcx + 16], esi
	ret

; A load of one instruction: uint64_t load(address, old value). Arguments: name, bytes, the 64-bit
; register that is loaded, the instruction.
%macro load 4+
	function loads, %1, %2
	push rbx
	push r13
	mov %3, rsi
	%4
	mov rax, %3
	pop r13
	pop rbx
	ret
%endmacro

	load "mov al, [m]", 1, rax, mov al, [rdi]
	load "mov ah, [m]", 1, rax, mov ah, [rdi]
	load "mov bh, [m]", 1, rbx, mov bh, [rdi]
	load "mov ch, [m]", 1, rcx, mov ch, [rdi]
	load "mov dl, [m]", 1, rdx, mov dl, [rdi]
	load "mov sil, [m]", 1, rsi, mov sil, [rdi]
	load "mov r9b, [m]", 1, r9, mov r9b, [rdi]
	load "mov cx, [m]", 2, rcx, mov cx, [rdi]
	load "mov r13w, [m]", 2, r13, mov r13w, [rdi]
	load "mov eax, [m]", 4, rax, mov eax, [rdi]
	load "mov r8d, [m]", 4, r8, mov r8d, [rdi]
	load "mov rbx, [m]", 8, rbx, mov rbx, [rdi]
	load "mov r11, [m]", 8, r11, mov r11, [rdi]
	load "mov rax, [fs:0]", 8, rax, mov rax, [fs:0]
	load "movzx ax, byte [m]", 1, rax, movzx ax, byte [rdi]
	load "movzx ecx, byte [m]", 1, rcx, movzx ecx, byte [rdi]
	load "movzx r9, byte [m]", 1, r9, movzx r9, byte [rdi]
	load "movzx eax, word [m]", 2, rax, movzx eax, word [rdi]
	load "movzx rdx, word [m]", 2, rdx, movzx rdx, word [rdi]
	load "movsx ax, byte [m]", 1, rax, movsx ax, byte [rdi]
	load "movsx r13d, byte [m]", 1, r13, movsx r13d, byte [rdi]
	load "movsx rax, byte [m]", 1, rax, movsx rax, byte [rdi]
	load "movsx ecx, word [m]", 2, rcx, movsx ecx, word [rdi]
	load "movsx rcx, word [m]", 2, rcx, movsx rcx, word [rdi]
	load "movsxd rax, dword [m]", 4, rax, movsxd rax, dword [rdi]
	load "movsxd without REX.W", 4, rax, db 0x63, 0x07
	load "movzx rax, byte [m] with an operand-size prefix", 1, rax, db 0x66, 0x48, 0x0F, 0xB6, 0x07

	function loads, "mov rdi, [rdi]", 8
	mov rdi, [rdi]
	mov rax, rdi
	ret
	function loads, "mov rsp, [rdi]", 8
	mov r10, rsp
	mov rsp, [rdi]
	mov rax, rsp
	mov rsp, r10
	ret

; What is refused: uint64_t other(address, address of ordinary memory), which are in RDI and RSI when
; the instruction is reached. Answers 0 if every register and CF were left as they were; the exception
; that the instruction raised is caught (exceptions.h). Arguments: name, the instruction.
%macro other 2+
	function others, %1, 0
	push rbx
	mov r8, rdi
	mov r9, rsi
	mov r10, rsp
	mov eax, 0x11223344
	mov ecx, 1
	mov edx, 0x22334455
	mov ebx, 0x33445566
	stc
%%at:	%2
%%next:	mov r11d, 1
	jnc %%out
	inc r11d
	cmp rsp, r10
	jne %%out
	inc r11d
	cmp eax, 0x11223344
	jne %%out
	inc r11d
	cmp ecx, 1
	jne %%out
	inc r11d
	cmp edx, 0x22334455
	jne %%out
	inc r11d
	cmp ebx, 0x33445566
	jne %%out
	inc r11d
	cmp rdi, r8
	jne %%out
	inc r11d
	cmp rsi, r9
	jne %%out
	xor r11d, r11d
%%out:	mov rsp, r10
	mov eax, r11d
	pop rbx
	ret
section .fixups
	dq %%at, %%next
section .text
%endmacro

	other "add [m], eax", add [rdi], eax
	other "add eax, [m]", add eax, [rdi]
	other "or byte [m], imm8", or byte [rdi], 1
	other "lock or dword [m], imm8", lock or dword [rdi], 1
	other "xchg [m], rax", xchg [rdi], rax
	other "cmp [m], eax", cmp [rdi], eax
	other "test [m], eax", test [rdi], eax
	other "inc dword [m]", inc dword [rdi]
	other "neg byte [m]", neg byte [rdi]
	other "shl dword [m], 1", shl dword [rdi], 1
	other "imul eax, [m]", imul eax, [rdi]
	other "div dword [m]", div dword [rdi]
	other "bts dword [m], eax", bts dword [rdi], 3
	other "xadd [m], eax", xadd [rdi], eax
	other "cmpxchg [m], edx", cmpxchg [rdi], edx
	other "cmovc eax, [m]", cmovc eax, [rdi]
	other "setc [m]", setc [rdi]
	other "movnti [m], eax", movnti [rdi], eax
	other "movups [m], xmm0", movups [rdi], xmm0
	other "movdqu xmm0, [m]", movdqu xmm0, [rdi]
	other "movd xmm0, [m]", movd xmm0, [rdi]
	other "fnstcw [m]", fnstcw [rdi]
	other "push qword [m]", push qword [rdi]
	other "pop qword [m]", pop qword [rdi]
	other "call [m]", call [rdi]
	other "jmp [m]", jmp [rdi]
	other "stosb", stosb
	other "rep stosq", rep stosq
	other "movsb to [m]", movsb
	other "rep movsq to [m]", rep movsq
	other "cmpsb", cmpsb
	other "scasd", scasd
	other "mov [m], ds", mov [rdi], ds
	other "sldt [m]", sldt [rdi]

; Between them the operands of LODS and MOVS, which read at RSI.
%macro other_from 2+
	function others, %1, 0
	push rsi
	mov rsi, rdi
	mov rdi, [rsp]
	call %%try
	pop rsi
	ret
section .fixups
	dq %%at, %%next
section .text
%%try:	mov r8, rdi
	mov r9, rsi
	mov eax, 0x11223344
	mov ecx, 1
%%at:	%2
%%next:	xor eax, 0x11223344
	xor ecx, 1
	or eax, ecx
	cmp rdi, r8
	setne cl
	cmp rsi, r9
	setne ch
	or eax, ecx
	ret
%endmacro

	other_from "movsb from [m]", movsb
	other_from "rep movsq from [m]", rep movsq
	other_from "lodsd", lodsd

; The device from 32- and 16-bit code, with addresses below 4 GiB, from where DS reaches it.
; void moves_store32(address, value), uint64_t moves_load32(address), and the same for 16-bit code,
; whose segment has to begin at moves_store16_code or moves_load16_code.
%macro narrow 5				; name, code size, selector, offset, instruction
global %1
align 16
%1:
	jmp far dword [rel %%pointer]
align 16
%1_code:
bits %2
	%5
	jmp dword KERNEL_CODE64:%%back
bits 64
%%back:	mov eax, eax
	ret
%%pointer:
	dd %4
	dw %3
%endmacro

section .text
global moves_store16_code, moves_load16_code
	narrow moves_store32, 32, KERNEL_CODE32, moves_store32_code, {mov [edi], esi}
	narrow moves_load32, 32, KERNEL_CODE32, moves_load32_code, {mov eax, [edi]}
	narrow moves_store16, 16, KERNEL_CODE16, 0, {mov [edi], si}
	narrow moves_load16, 16, KERNEL_CODE16, 0, {movzx eax, word [edi]}

section .rodata.stores
	dq 0, 0, 0
section .rodata.loads
	dq 0, 0, 0
section .rodata.others
	dq 0, 0, 0

section .note.GNU-stack noalloc noexec nowrite progbits
