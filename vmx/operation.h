/* SPDX-License-Identifier: MIT */
/* VMX operation of one CPU: in with VMXON, out with VMXOFF. */
#ifndef SILL_VMX_OPERATION_H
#define SILL_VMX_OPERATION_H

#include "vmx/capability.h"

/*
 * Enters VMX operation on the CPU that calls, which must have been found capable. -SILL_ENOMEM if
 * there is no page for the VMXON region; -SILL_EIO if the CPU refuses nevertheless.
 */
__attribute__((warn_unused_result)) int
vmx_operation_enter(const struct vmx_capability *capability);

void vmx_operation_leave(void);

#endif
