; SPDX-License-Identifier: MIT
; The glyphs of '!' to '~', 8 by 16 pixels, cut out of the Spleen console font (BSD 2-clause,
; Frederic Cambus), which the distribution packages as fonts-spleen. A PSF1 file: a header of four
; bytes, then 16 bytes a glyph, in the order of ASCII from ' ' on.

section .rodata
global font_glyphs

PSF1_HEADER	equ 4
GLYPH_SIZE	equ 16

font_glyphs:
	incbin "core/font.psf", PSF1_HEADER + GLYPH_SIZE, 94 * GLYPH_SIZE
