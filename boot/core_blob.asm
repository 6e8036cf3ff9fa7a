; SPDX-License-Identifier: MIT
; The core's ELF file as part of the loader. CORE_ELF is its path.

section .rodata align=16

global core_blob:data hidden
global core_blob_end:data hidden
core_blob:
	incbin	CORE_ELF
core_blob_end:

section .note.GNU-stack noalloc noexec nowrite progbits
