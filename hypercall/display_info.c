/* SPDX-License-Identifier: MIT */
/* display_info: the framebuffer's resolution. */
#include "hypercall/hypercall.h"

static struct sill_display_info display; /* a width of 0: there is none */

void display_info_start(const struct sill_framebuffer *framebuffer)
{
	if (framebuffer->format == SILL_PIXEL_NONE)
		return;
	display = (struct sill_display_info){
		.width = framebuffer->width,
		.height = framebuffer->height,
		.max_width = framebuffer->max_width,
		.max_height = framebuffer->max_height,
	};
}

bool display_info_present(void)
{
	return display.width != 0;
}

void hypercall_display_info(struct vcpu *vcpu, bool wide)
{
	if (display_info_present())
		hypercall_answer(vcpu, wide, 0, &display, sizeof(display));
	else
		hypercall_return(vcpu, wide, -SILL_ENODEV);
}
