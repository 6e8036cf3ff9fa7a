/* SPDX-License-Identifier: MIT */
/* NMIs on their way to the guest. */
#ifndef SILL_VMX_EVENT_H
#define SILL_VMX_EVENT_H

/* For trap_set_nmi_receiver(): an NMI arrived while this CPU was in VMX root operation. */
void event_nmi_arrived(void);

#endif
