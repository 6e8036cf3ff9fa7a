/* SPDX-License-Identifier: MIT */
/* NMIs, machine checks and interrupts on their way to the guest; see vmx/event.h. */
#include "vmx/event.h"

#include "core/percpu.h"
#include "core/trap.h"
#include "vmx/exit.h"

/*
 * NMIs. They all go to the guest, at the first moment at which it can take one, which the CPU
 * finds by itself: NMI-window exiting. An NMI may arrive while Sill runs, up to the last
 * instruction before VM entry. So the handler itself switches NMI-window exiting on (it writes
 * values that are constant while it may interrupt, and it only adds to them, so it can't undo what
 * it interrupts), and then the entry is followed by an exit at once. None is lost between a check
 * and the entry, and the exit path has nothing to check.
 *
 * In the underlay the guest takes its NMIs without Sill. NMI-window exiting is allowed only with
 * virtual NMIs, and these only with NMI exiting (SDM, "VM-Execution Control Fields" among the
 * checks on VMX controls), so the three come and go together. Blocking by NMI is saved and loaded
 * alike with and without them, and an exit does not change it.
 */
#define PIN_FOR_NMI_WINDOW ((uint32_t)(PIN_BASED_NMI_EXITING | PIN_BASED_VIRTUAL_NMIS))

static void open_nmi_window(const struct vcpu *vcpu)
{
	vmwrite(VMCS_PIN_BASED_CONTROLS, vcpu->pin_controls | PIN_FOR_NMI_WINDOW);
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
		vcpu->primary_controls | PRIMARY_NMI_WINDOW_EXITING);
}

void event_write_controls(const struct vcpu *vcpu)
{
	/* First the controls, then the question: an NMI between the two opens the window again. */
	vmwrite(VMCS_PIN_BASED_CONTROLS, vcpu->pin_controls);
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, vcpu->primary_controls);
	if (vcpu->waiting_nmis > 0 || vcpu->waiting_machine_check)
		open_nmi_window(vcpu);
}

void event_add_nmi(struct vcpu *vcpu)
{
	/*
	 * A CPU holds one NMI pending besides the one being handled. The count is changed by one
	 * instruction each time: an NMI that comes between two changes it as well.
	 */
	if (vcpu->waiting_nmis < 2)
		__atomic_fetch_add(&vcpu->waiting_nmis, 1, __ATOMIC_RELAXED);
	open_nmi_window(vcpu);
}

void event_nmi_arrived(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (vcpu != NULL)
		event_add_nmi(vcpu);
}

/*
 * A machine check is about the machine, which is the guest's in the underlay: it gets the exception
 * as soon as it can take one, and finds in IA32_MCG_STATUS that its own RIP has nothing to do with
 * it. (If the error is in Sill's own state, RIPV is clear and no guest goes on after that.)
 */
bool event_machine_check_arrived(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (vcpu == NULL || vcpu->capability->mode != SILL_MODE_UNDERLAY)
		return false;
	vcpu->waiting_machine_check = true;
	open_nmi_window(vcpu);
	return true;
}

/* SDM, "Checks on Guest RIP, RFLAGS, and SSP" and "Checks on Guest Non-Register State". */
static bool takes_interrupts(void)
{
	return (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) != 0 &&
	       (vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) &
		(BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)) == 0 &&
	       (vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION) & INTERRUPTION_VALID) == 0;
}

/*
 * Interrupts of Sill's own making. Each that waits is a bit, which another CPU may set as well. If
 * the guest can't take one now, the CPU finds the moment: SDM, "Interrupt-Window Exiting and
 * Virtual-Interrupt Delivery": the exit comes as soon as RFLAGS.IF is 1 and nothing blocks
 * interrupts, before anything else happens, and out of HLT too.
 */
#define VECTOR_WORDS 4u

static uint64_t waiting(const struct vcpu *vcpu, uint32_t word)
{
	return __atomic_load_n(&vcpu->waiting_interrupts[word], __ATOMIC_RELAXED);
}

/* 0: no interrupt waits. */
static uint32_t highest_vector(const struct vcpu *vcpu)
{
	for (uint32_t word = VECTOR_WORDS; word-- > 0;) {
		if (waiting(vcpu, word) != 0)
			return 64 * word + 63 - (uint32_t)__builtin_clzll(waiting(vcpu, word));
	}
	return 0;
}

bool event_interrupt_waits(const struct vcpu *vcpu)
{
	return highest_vector(vcpu) != 0;
}

static bool has_window(const struct vcpu *vcpu)
{
	return vmx_capability_has(vcpu->capability, VMX_WORD_PRIMARY,
				  PRIMARY_INTERRUPT_WINDOW_EXITING);
}

void event_take_posted(struct vcpu *vcpu)
{
	bool is_open = (vcpu->primary_controls & PRIMARY_INTERRUPT_WINDOW_EXITING) != 0;

	if (event_interrupt_waits(vcpu) == is_open)
		return;
	vcpu->primary_controls ^= PRIMARY_INTERRUPT_WINDOW_EXITING;
	event_write_controls(vcpu);
}

void event_post_interrupt(struct vcpu *vcpu, uint32_t vector)
{
	if (has_window(vcpu))
		(void)__atomic_fetch_or(&vcpu->waiting_interrupts[vector / 64], 1ull << vector % 64,
					__ATOMIC_RELAXED);
}

bool event_add_interrupt(struct vcpu *vcpu, uint32_t vector)
{
	if (!event_interrupt_waits(vcpu) && takes_interrupts()) {
		vcpu_inject(vcpu, INTERRUPTION_TYPE_EXTERNAL_INTERRUPT, vector, false, 0);
		return true;
	}
	event_post_interrupt(vcpu, vector);
	event_take_posted(vcpu);
	return has_window(vcpu);
}

static void drop(struct vcpu *vcpu, uint32_t word, uint64_t bits)
{
	(void)__atomic_fetch_and(&vcpu->waiting_interrupts[word], ~bits, __ATOMIC_RELAXED);
}

void event_drop_interrupt(struct vcpu *vcpu, uint32_t vector)
{
	for (uint32_t word = 0; word < VECTOR_WORDS; word++) {
		if (vector == 0)
			drop(vcpu, word, UINT64_MAX);
		else if (vector / 64 == word)
			drop(vcpu, word, 1ull << vector % 64);
	}
	event_take_posted(vcpu);
}

void exit_interrupt_window(struct vcpu *vcpu)
{
	uint32_t vector = highest_vector(vcpu);

	event_drop_interrupt(vcpu, vector);
	if (vector != 0)
		vcpu_inject(vcpu, INTERRUPTION_TYPE_EXTERNAL_INTERRUPT, vector, false, 0);
}

void exit_nmi_window(struct vcpu *vcpu)
{
	if (vcpu->waiting_machine_check) {
		vcpu->waiting_machine_check = false;
		vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_MC, false, 0);
	} else if (vcpu->waiting_nmis > 0) {
		__atomic_fetch_sub(&vcpu->waiting_nmis, 1, __ATOMIC_RELAXED);
		vcpu_inject(vcpu, INTERRUPTION_TYPE_NMI, VECTOR_NMI, false, 0);
	}
	event_write_controls(vcpu);
}
