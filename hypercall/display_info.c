/* SPDX-License-Identifier: MIT */
/* display_info: the framebuffer's resolution. Also home of what services know of the machine. */
#include "core/console.h"
#include "core/time.h"
#include "hypercall/hypercall.h"

static struct sill_display_info display;

void hypercall_display_info(struct vcpu *vcpu, bool wide)
{
	if (display.width == 0)
		hypercall_return(vcpu, wide, -SILL_ENODEV);
	else
		hypercall_answer(vcpu, wide, &display, sizeof(display));
}

void hypercall_start(const struct sill_handoff *handoff)
{
	const struct sill_framebuffer *framebuffer = &handoff->framebuffer;

	if (framebuffer->format == SILL_PIXEL_NONE)
		return;
	display = (struct sill_display_info){
		.width = framebuffer->width,
		.height = framebuffer->height,
		.max_width = framebuffer->max_width,
		.max_height = framebuffer->max_height,
	};
}

uint32_t hypercall_features(void)
{
	return (console_present() ? SILL_FEATURE_CONSOLE : 0) |
	       (time_is_known() ? SILL_FEATURE_TIME : 0) |
	       (display.width != 0 ? SILL_FEATURE_DISPLAY : 0);
}
