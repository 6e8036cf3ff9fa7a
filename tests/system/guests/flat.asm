; SPDX-License-Identifier: MIT
;
; A Multiboot kernel that is no ELF file: the header has the addresses ("a.out kludge"). It checks the state in
; which a Multiboot loader must start it, says what it finds on the serial port as TAP, and ends with exit status
; 0 only if all is as it should be.

	bits 32
	org 0x200000

MAGIC		equ 0x1badb002
FLAGS		equ 1 << 16 | 3		; addresses, memory information, modules at page boundaries
BSS_SIZE	equ 0x12345
COM1		equ 0x3f8
CALL_EXIT	equ 5
CR0_PE_PG	equ 1 | 1 << 31
RFLAGS_VM_IF	equ 1 << 17 | 1 << 9

file:
	times 40 db 0xcc		; the header need not be first
header:
	dd MAGIC, FLAGS, -(MAGIC + FLAGS) & 0xffffffff
	dd header, file, load_end, load_end + BSS_SIZE, entry

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

; "ok" or "not ok", by ZF, and the text after the call.
report:
	pop edi				; the text, behind which the caller goes on
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

entry:
	mov esp, stack_top
	cld
	pushfd
	pop ebp
	push eax
	push ebx
	mov esi, plan
	call print

	cmp dword [esp + 4], 0x2badb002
	check "1 - EAX says Multiboot"
	mov ebx, [esp]
	mov eax, [ebx]
	and eax, 0x41
	cmp eax, 0x41
	check "2 - EBX leads to the information, which has the memory and its map"
	mov eax, cr0
	and eax, CR0_PE_PG
	cmp eax, 1
	check "3 - protected mode, no paging"
	test ebp, RFLAGS_VM_IF
	check "4 - no interrupts, not in virtual-8086 mode"
	mov edi, load_end
	mov ecx, BSS_SIZE
	xor eax, eax
	repe scasb			; what the file has behind load_end is not loaded
	check "5 - the memory behind the image is zero"
	cmp dword [tail], 0x600d600d
	check "6 - the image is loaded up to its end"
	cmp byte [file + 39], 0xcc
	check "7 - and from its start on"
	mov eax, [cs:tail]
	cmp eax, [ss:tail]
	check "8 - all segments are flat"

	mov ebx, [failed]
	mov eax, CALL_EXIT
	vmcall
.stop:
	hlt
	jmp .stop

plan:	db "1..8", 13, 10, 0
good:	db "ok ", 0
bad:	db "not ok ", 0
failed:	dd 0
	align 16
	times 512 db 0
stack_top:
tail:	dd 0x600d600d
load_end:
	times 5000 db 0xee		; must stay in the file
