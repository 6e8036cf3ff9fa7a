/* SPDX-License-Identifier: MIT */
/*
 * A triple fault under an OS. A CPU would enter shutdown and say so on its bus, and the machine's
 * chip set would reset it ("Double Fault Exception (#DF)"). For some OSs it is the last means to
 * reboot. In VMX non-root operation there is only an exit, so Sill resets the machine.
 */
#include "core/finish.h"
#include "core/log.h"
#include "core/percpu.h"
#include "vmx/exit.h"

void underlay_exit_triple_fault(struct vcpu *vcpu)
{
	log_error("CPU %u: triple fault at %llx: the machine is reset", this_cpu()->index,
		  (unsigned long long)vcpu->rip);
	finish_reset_machine();
}
