/* SPDX-License-Identifier: MIT */
/* console_write: text to Sill's console. */
#include "core/console.h"
#include "hypercall/hypercall.h"
#include "vmx/deadline.h"
#include "vmx/guest_memory.h"

void hypercall_console_write(struct vcpu *vcpu, bool wide)
{
	uint64_t text = hypercall_argument(vcpu, wide, 0);
	uint64_t length = hypercall_argument(vcpu, wide, 1);
	char copy[SILL_CONSOLE_WRITE_MAX];
	char text_shown[2 * SILL_CONSOLE_WRITE_MAX];
	size_t count = 0;

	deadline_check(vcpu); /* the console may be a slow serial line */
	if (length > sizeof(copy))
		length = sizeof(copy);
	if (guest_read(vcpu, text, copy, length, NULL) != 0) {
		hypercall_return(vcpu, wide, -SILL_EFAULT);
		return;
	}
	for (uint64_t i = 0; i < length; i++) {
		bool shown =
			(copy[i] >= ' ' && copy[i] <= '~') || copy[i] == '\n' || copy[i] == '\t';

		if (copy[i] == '\n')
			text_shown[count++] = '\r';
		text_shown[count++] = shown ? copy[i] : '?';
	}
	console_put_guest_bytes(text_shown, count);
	hypercall_return(vcpu, wide, (int64_t)length);
}
