/* SPDX-License-Identifier: MIT */
/* How a guest ended, told on the console; see debug/report.h. */
#include "debug/report.h"

#include <sill/errno.h>

#include "core/format.h"
#include "core/log.h"
#include "core/percpu.h"
#include "debug/entry_failure.h"
#include "vmx/guest_memory.h"

#define SHOWN_EXITS 8

static void tell_registers(const struct vcpu *vcpu)
{
	const struct vcpu_registers *r = &vcpu->registers;

#define ROW(an, a, bn, b, cn, c, dn, d)                                          \
	log_info("  %-3s %016llx  %-3s %016llx  %-3s %016llx  %-3s %016llx", an, \
		 (unsigned long long)(a), bn, (unsigned long long)(b), cn,       \
		 (unsigned long long)(c), dn, (unsigned long long)(d))
	ROW("rax", r->rax, "rbx", r->rbx, "rcx", r->rcx, "rdx", r->rdx);
	ROW("rsi", r->rsi, "rdi", r->rdi, "rbp", r->rbp, "rsp", vmread(VMCS_GUEST_RSP));
	ROW("r8", r->r8, "r9", r->r9, "r10", r->r10, "r11", r->r11);
	ROW("r12", r->r12, "r13", r->r13, "r14", r->r14, "r15", r->r15);
	ROW("rip", vmread(VMCS_GUEST_RIP), "fl", vmread(VMCS_GUEST_RFLAGS), "cr0",
	    vmread(VMCS_GUEST_CR0), "cr3", vmread(VMCS_GUEST_CR3));
	ROW("cr4", vmread(VMCS_GUEST_CR4), "efr", vmread(VMCS_GUEST_IA32_EFER), "gdt",
	    vmread(VMCS_GUEST_GDTR_BASE), "idt", vmread(VMCS_GUEST_IDTR_BASE));
#undef ROW
}

static void tell_segments(void)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};

	for (unsigned int i = 0; i < VMCS_SEGMENT_COUNT; i++) {
		if (i != VMCS_SEGMENT_CS && i != VMCS_SEGMENT_SS && i != VMCS_SEGMENT_TR)
			continue;
		log_info("  %-4s %04llx base %016llx limit %08llx access rights %05llx", names[i],
			 (unsigned long long)vmread(VMCS_GUEST_SELECTOR(i)),
			 (unsigned long long)vmread(VMCS_GUEST_BASE(i)),
			 (unsigned long long)vmread(VMCS_GUEST_LIMIT(i)),
			 (unsigned long long)vmread(VMCS_GUEST_ACCESS_RIGHTS(i)));
	}
}

static void tell_code(struct vcpu *vcpu)
{
	uint64_t at = vmread(VMCS_GUEST_CS_BASE) + vmread(VMCS_GUEST_RIP);
	char text[64];
	size_t length = 0;

	for (unsigned int i = 0; i < 15; i++) {
		uint8_t byte;

		if (guest_read_as_cpu(vcpu, at + i, &byte, 1) != 0)
			break;
		length += (size_t)format(text + length, sizeof(text) - length, " %02x", byte);
	}
	if (length == 0)
		log_info("  code at rip: cannot be read");
	else
		log_info("  code at rip:%s", text);
}

static void tell_last_exits(const struct vcpu *vcpu)
{
	log_info("last VM exits, the latest first:");
	for (unsigned int i = 1; i <= SHOWN_EXITS; i++) {
		uint8_t at = (uint8_t)(vcpu->trace_at - 2 * i);
		uint64_t reason = vcpu->trace[at], rip = vcpu->trace[at + 1];

		if (reason == 0 && rip == 0)
			break;
		log_info("  %s%s at %016llx", exit_reason_words((uint32_t)reason),
			 (reason & EXIT_REASON_ENTRY_FAILURE) != 0 ? " (VM entry)" : "",
			 (unsigned long long)rip);
	}
}

void report_last_exits(void)
{
	const struct vcpu *vcpu = this_cpu()->vcpu;

	if (vcpu != NULL)
		tell_last_exits(vcpu);
}

/* What the report is about: one guest of several, or one CPU of the only one. */
struct subject {
	const char *kind;
	uint32_t number;
};

static struct subject subject_of(const struct vcpu *vcpu)
{
	if (vcpu->capability->mode == SILL_MODE_UNDERLAY)
		return (struct subject){"CPU", this_cpu()->index};
	return (struct subject){"guest", vcpu->guest_id};
}

static void tell_exit_counts(const struct vcpu *vcpu)
{
	struct subject subject = subject_of(vcpu);
	char text[120];
	size_t length = 0;
	uint64_t total = 0;

	for (unsigned int reason = 0; reason < EXIT_REASON_COUNT; reason++)
		total += vcpu->exits[reason];
	log_info("%s %u: %llu VM exits:", subject.kind, subject.number, (unsigned long long)total);
	for (unsigned int reason = 0; reason < EXIT_REASON_COUNT; reason++) {
		char item[64];
		size_t item_length;

		if (vcpu->exits[reason] == 0)
			continue;
		item_length =
			(size_t)format(item, sizeof(item), "  %s %llu", exit_reason_words(reason),
				       (unsigned long long)vcpu->exits[reason]);
		if (length + item_length >= sizeof(text) - 1) {
			log_info("%s", text);
			length = 0;
		}
		length += (size_t)format(text + length, sizeof(text) - length, "%s", item);
	}
	if (length > 0)
		log_info("%s", text);
}

static int read_field(void *context, uint32_t field, uint64_t *value)
{
	(void)context;
	return vmread_if_present(field, value) ? 0 : -SILL_ENOENT;
}

static void explain_entry(const struct vcpu *vcpu)
{
	const struct entry_failure failure = {
		.read = read_field,
		.emit = log_emit,
		.capability = vcpu->capability,
	};

	log_info("what the CPU refused:");
	if (vcpu->end == VCPU_ENTRY_REFUSED)
		entry_failure_explain_error(&failure, vcpu->instruction_error);
	else
		entry_failure_explain_exit(&failure, (uint32_t)vmread(VMCS_EXIT_REASON),
					   vmread(VMCS_EXIT_QUALIFICATION));
}

void report_guest_end(struct vcpu *vcpu)
{
	struct subject subject = subject_of(vcpu);

	if (vcpu->end == VCPU_EXITED) {
		log_info("guest %u: exit status %u (%s)", vcpu->guest_id, vcpu->status,
			 vcpu->status == 0 ? "success" : "failure");
		tell_exit_counts(vcpu);
		return;
	}
	log_info("%s %u: stopped: %s", subject.kind, subject.number, vcpu->why);
	if (vcpu->end == VCPU_ENTRY_FAILED || vcpu->end == VCPU_ENTRY_REFUSED)
		explain_entry(vcpu);
	if (vcpu->end == VCPU_NOT_HANDLED)
		log_info("  exit qualification %llx, guest-linear %llx, guest-physical %llx",
			 (unsigned long long)vmread(VMCS_EXIT_QUALIFICATION),
			 (unsigned long long)vmread(VMCS_GUEST_LINEAR_ADDRESS),
			 (unsigned long long)vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
	tell_registers(vcpu);
	tell_segments();
	tell_code(vcpu);
	tell_last_exits(vcpu);
	tell_exit_counts(vcpu);
}
