/* SPDX-License-Identifier: MIT */
/*
 * The door VMCALL: the calls of the room hypercall/, of which ping and serve reach the services,
 * and time has a call of its own.
 */
#include "doors/doors.h"

const struct door door_vmcall = {0};
