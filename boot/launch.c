/* SPDX-License-Identifier: MIT */
/*
 * Underlay mode: the core goes beneath the running firmware, on one CPU after another. The call of
 * trampoline_beneath() is the moment: it is made by a CPU that belongs to the firmware alone, and
 * returns on one that lies on Sill. On all CPUs or on none.
 */
#include "boot/loader.h"

#include "boot/segment.h"
#include "boot/trampoline.h"
#include "core/address_space.h"
#include "core/cpu.h"
#include "core/format.h"
#include "core/msr.h"
#include "core/string.h"
#include "sill/errno.h"
#include "sill/hypercall.h"

/* SDM, "Control Registers" */
#define CR0_WP	(1ull << 16)
#define CR4_CET (1ull << 23)

/* SDM, "Checks on Guest Segment Registers": TR must be usable, with the type of a busy TSS. */
#define TSS_ACCESS_RIGHTS 0x8bu
#define TSS_LIMIT	  0x67u

/* One CPU at a time; aligned, so that it lies in one page. */
static _Alignas(1024) struct sill_launch state;
_Static_assert(sizeof(state) <= 1024, "must not cross a page's end");
_Static_assert(offsetof(struct sill_launch, result) == 12 &&
		       offsetof(struct sill_launch, rip) == 16 &&
		       offsetof(struct sill_launch, rsp) == 24 &&
		       offsetof(struct sill_launch, rflags) == 32,
	       "boot/trampoline.asm has these offsets");

/* The segment registers. Returns NULL, or the name of one that cannot be understood. */
static const char *describe_segments(const struct descriptor_table_pointer *gdt)
{
	static const char names[SILL_SEGMENT_COUNT][5] = {"ES", "CS", "SS",   "DS",
							  "FS", "GS", "LDTR", "TR"};
	const uint16_t selectors[SILL_SEGMENT_COUNT] = {
		[SILL_SEGMENT_ES] = read_es(),	   [SILL_SEGMENT_CS] = read_cs(),
		[SILL_SEGMENT_SS] = read_ss(),	   [SILL_SEGMENT_DS] = read_ds(),
		[SILL_SEGMENT_FS] = read_fs(),	   [SILL_SEGMENT_GS] = read_gs(),
		[SILL_SEGMENT_LDTR] = read_ldtr(), [SILL_SEGMENT_TR] = read_tr(),
	};
	struct sill_segment *tr = &state.segments[SILL_SEGMENT_TR];

	for (unsigned int i = 0; i < SILL_SEGMENT_COUNT; i++) {
		int error = segment_describe((const void *)(uintptr_t)gdt->base, gdt->limit,
					     selectors[i], &state.segments[i]);

		if (error != 0 && i != SILL_SEGMENT_TR)
			return names[i];
	}
	/* SDM, "Segmentation in IA-32e Mode": these two have their bases in MSRs. */
	state.segments[SILL_SEGMENT_FS].base = rdmsr(MSR_IA32_FS_BASE);
	state.segments[SILL_SEGMENT_GS].base = rdmsr(MSR_IA32_GS_BASE);
	/*
	 * As after a reset, since most firmware never needs one; a selector without a descriptor is
	 * what Sill leaves in the place of null (vmx/landing.c).
	 */
	if (tr->access_rights & SEGMENT_UNUSABLE)
		*tr = (struct sill_segment){.access_rights = TSS_ACCESS_RIGHTS, .limit = TSS_LIMIT};
	return NULL;
}

static void fail_here(const char *problem, const char *what)
{
	state.result = -SILL_EINVAL;
	format(state.reason, sizeof(state.reason), "%s%s", problem, what);
}

/* Runs on the CPU in question, and calls no firmware. */
static VOID EFIAPI launch_this_cpu(VOID *argument)
{
	const struct loader *loader = argument;
	struct descriptor_table_pointer gdt, idt;
	const char *unknown;

	sgdt(&gdt);
	sidt(&idt);
	unknown = describe_segments(&gdt);
	if (unknown != NULL) {
		fail_here("the firmware's GDT does not explain what is in ", unknown);
		return;
	}
	state.gdtr = (struct sill_table_register){.base = gdt.base, .limit = gdt.limit};
	state.idtr = (struct sill_table_register){.base = idt.base, .limit = idt.limit};
	state.cr0 = read_cr0();
	state.cr3 = read_cr3();
	state.cr4 = read_cr4();
	state.dr7 = read_dr7();
	state.ia32_efer = rdmsr(MSR_IA32_EFER);
	state.ia32_pat = rdmsr(MSR_IA32_PAT);
	state.ia32_debugctl = rdmsr(MSR_IA32_DEBUGCTL);
	state.ia32_sysenter_cs = rdmsr(MSR_IA32_SYSENTER_CS);
	state.ia32_sysenter_esp = rdmsr(MSR_IA32_SYSENTER_ESP);
	state.ia32_sysenter_eip = rdmsr(MSR_IA32_SYSENTER_EIP);

	if (trampoline_beneath(loader->space.root, loader->boot_stack, loader->handoff_virtual,
			       loader->core.entry, &state) == 0 &&
	    !is_beneath())
		fail_here("Sill is not there, though it said that it had started", "");
}

/* SDM, "CPUID—CPU Identification": no CPU has this range of leaves itself, and none faults. */
bool is_beneath(void)
{
	struct cpuid_result leaf = cpuid(SILL_CPUID_SIGNATURE, 0);

	return leaf.ebx == SILL_SIGNATURE && leaf.ecx == SILL_SIGNATURE &&
	       leaf.edx == SILL_SIGNATURE;
}

/*
 * How often a CPU is asked to let go of Sill, which it cannot while an interrupt is pending, say.
 */
#define UNLOAD_ATTEMPTS 100

/* Runs on the CPU that Sill shall leave, and calls no firmware. */
static VOID EFIAPI unload_this_cpu(VOID *argument)
{
	bool *gone = argument;

	for (unsigned int i = 0; i < UNLOAD_ATTEMPTS && is_beneath(); i++) {
		uint64_t rax = SILL_CALL_UNLOAD;

		__asm__ volatile("vmcall" : "+a"(rax) : : "memory", "cc");
	}
	*gone = !is_beneath();
}

static EFI_STATUS unload_cpu(struct loader *loader, uint32_t cpu)
{
	static bool gone;
	EFI_STATUS status = run_on_cpu(loader, cpu, unload_this_cpu, &gone);

	if (!EFI_ERROR(status) && !gone)
		status = refuse(loader, EFI_DEVICE_ERROR, "Sill does not leave CPU %u (APIC ID %u)",
				cpu, loader->cpus[cpu].apic_id);
	return status;
}

static bool is_used(const struct loader *loader, uint32_t cpu)
{
	return loader->cpus[cpu].flags & SILL_CPU_ENABLED;
}

/* The boot CPU last: as long as it is beneath, so is whoever asks. */
EFI_STATUS unload(struct loader *loader, uint32_t *count)
{
	*count = 1;
	for (uint32_t i = 0; i < loader->cpu_count; i++) {
		if (i == loader->boot_cpu || !is_used(loader, i))
			continue;

		EFI_STATUS status = unload_cpu(loader, i);

		if (EFI_ERROR(status))
			return status;
		++*count;
	}
	return unload_cpu(loader, loader->boot_cpu);
}

/*
 * A CPU that Sill has left came back through an entry in the top-level page table that it was
 * using, which leads into the arena (vmx/leave.h). Before the arena is other people's memory, the
 * entry has to go. Runs on the CPU in question.
 */
struct forgetting {
	struct sill_range arena;
	bool done;
};

static VOID EFIAPI forget_arena(VOID *argument)
{
	struct forgetting *forgetting = argument;
	uint64_t cr0 = read_cr0(), cr3 = read_cr3();
	volatile uint64_t *table = (volatile uint64_t *)(uintptr_t)(cr3 & PAGE_ADDRESS);

	/* Firmware may write-protect these. SDM: with CR4.CET set, WP cannot be cleared. */
	forgetting->done = !(read_cr4() & CR4_CET);
	if (!forgetting->done)
		return;
	write_cr0(cr0 & ~CR0_WP);
	for (unsigned int i = 0; i < 512; i++) {
		uint64_t entry = table[i];

		if ((entry & PAGE_PRESENT) &&
		    (entry & PAGE_ADDRESS) - forgetting->arena.base < forgetting->arena.size)
			table[i] = 0;
	}
	write_cr0(cr0);
	write_cr3(cr3);
}

static EFI_STATUS launch_cpu(struct loader *loader, uint32_t cpu)
{
	EFI_STATUS status;

	memset(&state, 0, sizeof(state));
	state.size = sizeof(state);
	state.cpu = cpu;
	state.result = -SILL_ENODEV;
	status = run_on_cpu(loader, cpu, launch_this_cpu, loader);
	if (!EFI_ERROR(status) && state.result != 0) {
		state.reason[sizeof(state.reason) - 1] = '\0';
		status = refuse(loader, EFI_UNSUPPORTED, "on CPU %u (APIC ID %u): %s", cpu,
				loader->cpus[cpu].apic_id, state.reason);
	}
	return status;
}

/* Whether nothing leads into the arena any more, on any CPU. */
static bool all_forget_arena(struct loader *loader)
{
	static struct forgetting forgetting;
	bool all = true;

	forgetting.arena = loader->arena;
	for (uint32_t i = 0; all && i < loader->cpu_count; i++)
		all = !is_used(loader, i) ||
		      (!EFI_ERROR(run_on_cpu(loader, i, forget_arena, &forgetting)) &&
		       forgetting.done);
	return all;
}

/*
 * Takes Sill away from the CPUs that it lies beneath already. If one of them keeps it, or one has
 * not come back, the arena must stay.
 */
static void give_up(struct loader *loader, const bool *beneath, bool all_came_back)
{
	static char reason[sizeof(loader->reason)]; /* why it is given up, which is what matters */

	memcpy(reason, loader->reason, sizeof(reason));
	for (uint32_t i = 0; i < loader->cpu_count; i++) {
		if (beneath[i] && EFI_ERROR(unload_cpu(loader, i))) {
			say(loader, "Sill: %s\n", loader->reason);
			all_came_back = false;
		}
	}
	loader->arena_stays = !all_came_back || !all_forget_arena(loader);
	memcpy(loader->reason, reason, sizeof(reason));
}

EFI_STATUS launch(struct loader *loader)
{
	static bool beneath[SILL_MAX_CPUS];
	EFI_STATUS status;
	uint32_t count = 1;
	uint64_t ticks;

	status = launch_cpu(loader, loader->boot_cpu);
	ticks = rdtsc() - loader->entry_tsc;
	beneath[loader->boot_cpu] = !EFI_ERROR(status);
	for (uint32_t i = 0; !EFI_ERROR(status) && i < loader->cpu_count; i++) {
		if (i == loader->boot_cpu || !is_used(loader, i))
			continue;
		status = launch_cpu(loader, i);
		beneath[i] = !EFI_ERROR(status);
		count += beneath[i];
	}
	if (EFI_ERROR(status)) {
		give_up(loader, beneath, status != EFI_TIMEOUT);
		return status;
	}
	loader->arena_stays = true;
	say(loader, "Sill: beneath %u CPU%s, on the first after %llu ticks\n", count,
	    count == 1 ? "" : "s", (unsigned long long)ticks);
	return EFI_SUCCESS;
}
