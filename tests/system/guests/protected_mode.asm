; SPDX-License-Identifier: MIT
;
; A 32-bit guest that tests what a hypervisor does there in the CPU's place: string I/O, RIP at the end of memory,
; CPUID. Results go to the serial port as TAP; it ends with exit status 0 only if all is as it should be.

	bits 32
	org 0x200000

MAGIC		equ 0x1badb002
FLAGS		equ 1 << 16 | 3		; addresses, memory information, modules at page boundaries
COM1		equ 0x3f8
LOOPBACK	equ 0x10		; in the modem control register
CALL_PING	equ 0
CALL_EXIT	equ 5
CR0_PG		equ 1 << 31
CR4_PSE		equ 1 << 4
VECTOR_SS	equ 12
VECTOR_GP	equ 13
PAGES		equ 0x300000		; the page directory
BEYOND		equ 0x400000		; RAM beyond the limit of the stack segment, which is 4 MiB

; Selectors.
CODE		equ 0x08
DATA		equ 0x10
DATA_4K		equ 0x18		; limit FFFh
STACK		equ 0x20		; limit 3FFFFFh
READ_ONLY	equ 0x28
EXECUTE_ONLY	equ 0x30
DOWN		equ 0x38		; expand-down: from 1000h on

header:
	dd MAGIC, FLAGS, -(MAGIC + FLAGS) & 0xffffffff
	dd header, header, load_end, bss_end, entry

print:					; ESI: text
	lodsb
	test al, al
	jz .done
	mov ah, al
	mov dx, COM1 + 5
.wait:
	in al, dx
	test al, 0x20
	jz .wait
	mov al, ah
	mov dx, COM1
	out dx, al
	jmp print
.done:
	ret

; "ok" or "not ok", by ZF, and the text after the call. Data segments are flat from then on.
report:
	pop edi				; the text, behind which the caller goes on
	mov eax, DATA
	mov ds, eax
	mov es, eax
	mov esi, good
	jz .print
	mov esi, bad
	inc dword [failed]
.print:
	call print
	mov esi, edi
	call print
	jmp esi				; LODSB has stepped over the 0 at the end

%macro check 1
	call report
	db %1, 13, 10, 0
%endmacro

; Where an exception of the next instructions leads, with its vector and error code in memory. No exception: -1.
%macro expect 1
	mov dword [ss:resume], %1
	mov dword [ss:vector], -1
	mov dword [ss:error], -1
%endmacro

; ZF: whether it was this vector, with error code 0.
%macro caught 1
	mov ebx, [ss:vector]
	xor ebx, %1
	or ebx, [ss:error]
%endmacro

; The handlers of exceptions: those of interest push an error code.
HANDLER		equ 16			; bytes of each
	align HANDLER
%assign n 0
%rep 32
handler_ %+ n:
	mov dword [ss:vector], n
	jmp near handler
	align HANDLER
%assign n n + 1
%endrep
handler:
	pop dword [ss:error]
	push eax
	mov eax, [ss:resume]
	mov [esp + 4], eax
	pop eax
	iretd

; Everything that is sent comes back in from now on, until received.
loop_back:
	mov dx, COM1 + 5
.wait:
	in al, dx
	test al, 0x40
	jz .wait
	mov dx, COM1 + 4
	mov al, LOOPBACK | 3
	out dx, al
.drain:
	mov dx, COM1 + 5
	in al, dx
	test al, 1
	jz .done
	mov dx, COM1
	in al, dx
	jmp .drain
.done:
	mov edx, COM1
	ret

; EBX: the first four bytes that came back in, the first one lowest; 0 where there was none. ECX, ESI, EDI stay.
received:
	push ecx
	xor ebx, ebx
	mov cl, 4
.next:
	ror ebx, 8
	mov dx, COM1 + 5
	in al, dx
	test al, 1
	jz .none
	mov dx, COM1
	in al, dx
	mov bl, al
.none:
	dec cl
	jnz .next
	ror ebx, 8
	mov dx, COM1 + 4
	mov al, 3
	out dx, al
	pop ecx
	ret

entry:
	cld
	lgdt [gdt_pointer]
	jmp CODE:.flat
.flat:
	mov eax, DATA
	mov ds, eax
	mov es, eax
	mov eax, STACK
	mov ss, eax
	mov esp, stack_top
	xor ecx, ecx
.gate:
	imul eax, ecx, HANDLER
	add eax, handler_0
	mov [idt + ecx * 8], ax
	mov word [idt + ecx * 8 + 2], CODE
	mov word [idt + ecx * 8 + 4], 0x8e00
	shr eax, 16
	mov [idt + ecx * 8 + 6], ax
	inc ecx
	cmp ecx, 32
	jb .gate
	lidt [idt_pointer]
	mov dx, COM1 + 2
	mov al, 7			; FIFOs on and empty
	out dx, al
	mov dx, COM1 + 3
	mov al, 3
	out dx, al
	mov esi, plan
	call print

	; 16-bit addresses go on at 0, and the upper halves of the registers stay.
	mov word [0xfffe], 'AB'
	mov dword [0], 'CDyz'
	mov dword [0x10000], 'wxyz'
	call loop_back
	mov esi, 0xdeadfffe
	mov ecx, 0xbeef0004
	expect .wrapped
	a16 rep outsb
.wrapped:
	call received
	cmp ebx, 'ABCD'
	check "1 - REP OUTSB with 16-bit addresses goes on at 0"
	mov dx, COM1 + 7
	mov esi, 0xdeadfffe
	mov ecx, 0xbeef0004
	a16 rep outsb
	cmp esi, 0xdead0002
	check "2 - the upper half of ESI stays"
	mov dx, COM1 + 7
	mov esi, 0xdeadfffe
	mov ecx, 0xbeef0004
	a16 rep outsb
	cmp ecx, 0xbeef0000
	check "3 - so does that of ECX"
	mov dx, COM1 + 7
	mov edi, 0xffff
	mov ecx, 2
	mov dword [0x10000], 'wxyz'
	mov byte [0], 0
	a16 rep insb
	cmp byte [0], 'D'
	check "4 - REP INSB with 16-bit addresses goes on at 0"
	cmp dword [0x10000], 'wxyz'
	check "5 - and changes nothing at 64 KiB"

	; Limits.
	mov word [0xffe], 'EF'
	mov dword [0x1000], 'GHIJ'
	mov ebp, DATA_4K
	mov ds, ebp
	mov esi, 0x1000
	mov edx, COM1 + 7
	expect .limit
	outsb
.limit:
	caught VECTOR_GP
	check "6 - OUTSB beyond the limit of DS: #GP(0)"
	mov ds, ebp
	mov esi, 0xfff
	mov edx, COM1 + 7
	expect .across
	outsw
.across:
	caught VECTOR_GP
	check "7 - OUTSW across the limit of DS: #GP(0)"
	call loop_back
	mov ds, ebp
	mov esi, 0xffe
	mov ecx, 4
	expect .half
	rep outsb
.half:
	call received
	cmp ebx, 'EF'
	check "8 - REP OUTSB up to the limit of DS: what lies within is sent"
	mov ds, ebp
	mov esi, 0xffe
	mov ecx, 4
	mov edx, COM1 + 7
	expect .half_registers
	rep outsb
.half_registers:
	lea eax, [esi + ecx]
	caught VECTOR_GP
	xor eax, 0x1002
	xor ecx, 2
	or ebx, eax
	or ebx, ecx
	check "9 - then #GP(0), with ESI and ECX at the first byte beyond"
	mov es, ebp
	mov edi, 0x1000
	mov edx, COM1 + 7
	expect .es_limit
	insb
.es_limit:
	caught VECTOR_GP
	check "10 - INSB beyond the limit of ES: #GP(0)"
	cmp dword [0x1000], 'GHIJ'
	check "11 - it writes nothing"
	mov esi, BEYOND
	mov edx, COM1 + 7
	expect .ss_limit
	ss outsb
.ss_limit:
	caught VECTOR_SS
	check "12 - OUTSB beyond the limit of SS: #SS(0)"
	mov eax, DOWN
	mov ds, eax
	mov esi, 0xfff
	mov edx, COM1 + 7
	expect .down
	outsb
.down:
	caught VECTOR_GP
	check "13 - OUTSB below an expand-down segment: #GP(0)"
	mov eax, DOWN
	mov ds, eax
	mov esi, 0x1000
	mov edx, COM1 + 7
	expect .down_within
	outsb
.down_within:
	cmp dword [ss:vector], -1
	check "14 - OUTSB within it: no exception"

	; Types.
	xor eax, eax
	mov es, eax
	mov edi, bytes
	mov edx, COM1 + 7
	expect .null
	insb
.null:
	caught VECTOR_GP
	check "15 - INSB with an unusable ES: #GP(0)"
	xor eax, eax
	mov ds, eax
	mov esi, bytes
	mov edx, COM1 + 7
	expect .null_ds
	outsb
.null_ds:
	caught VECTOR_GP
	check "16 - OUTSB with an unusable DS: #GP(0)"
	mov eax, READ_ONLY
	mov es, eax
	mov edi, bytes
	mov edx, COM1 + 7
	expect .read_only
	insb
.read_only:
	caught VECTOR_GP
	check "17 - INSB with a read-only ES: #GP(0)"
	mov eax, READ_ONLY
	mov ds, eax
	mov esi, bytes
	mov edx, COM1 + 7
	expect .readable
	outsb
.readable:
	cmp dword [ss:vector], -1
	check "18 - OUTSB with a read-only DS: no exception"
	mov esi, bytes
	mov edx, COM1 + 7
	jmp EXECUTE_ONLY:.execute_only
.execute_only:
	expect .back
	cs outsb
.back:
	jmp CODE:.code
.code:
	caught VECTOR_GP
	check "19 - OUTSB with an execute-only CS: #GP(0)"

	mov eax, 0x80000001
	cpuid
	test edx, 1 << 11
	check "20 - CPUID: no SYSCALL, asked in 32-bit code"

	; The last 4 MiB are the first ones once more, in pages of 4 MiB.
	mov edi, PAGES
	mov ecx, 1024
	xor eax, eax
	rep stosd
	mov dword [PAGES], 0x83
	mov dword [PAGES + 4 * 1023], 0x83
	mov eax, cr4
	or eax, CR4_PSE
	mov cr4, eax
	mov eax, PAGES
	mov cr3, eax
	mov eax, cr0
	or eax, CR0_PG
	mov cr0, eax
	mov byte [0], 0x68		; PUSH of the address, RET
	mov dword [1], .after_cpuid
	mov byte [5], 0xc3
	mov word [0x3ffffe], 0xa20f
	xor eax, eax
	xor ebx, ebx
	mov esi, 0xfffffffe
	jmp esi
.after_cpuid:
	cmp ebx, 'Genu'
	check "21 - CPUID as the last instruction of 4 GiB: goes on at 0"
	mov dword [1], .after_vmcall
	mov word [0x3ffffd], 0x010f
	mov byte [0x3fffff], 0xc1
	mov eax, CALL_PING
	mov ebx, 1234
	mov esi, 0xfffffffd
	jmp esi
.after_vmcall:
	cmp eax, 1234
	check "22 - VMCALL as the last instruction of 4 GiB: goes on at 0"

	mov ebx, [failed]
	mov eax, CALL_EXIT
	vmcall
.stop:
	hlt
	jmp .stop

plan:	db "1..22", 13, 10, 0
good:	db "ok ", 0
bad:	db "not ok ", 0
bytes:	dd 0
	align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff
	dq 0x00cf93000000ffff
	dq 0x0040930000000fff
	dq 0x00c09300000003ff
	dq 0x00cf91000000ffff
	dq 0x00cf99000000ffff
	dq 0x0040970000000fff
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
	dd gdt
idt_pointer:
	dw 32 * 8 - 1
	dd idt
load_end:
	absolute load_end
	alignb 8
idt:	resq 32
failed:	resd 1
vector:	resd 1
error:	resd 1
resume:	resd 1
	resb 4096
stack_top:
bss_end:
