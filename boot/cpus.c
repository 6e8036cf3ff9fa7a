/* SPDX-License-Identifier: MIT */
/*
 * The machine's CPUs: which there are, whether Sill can run on them, and how to have one of them do
 * something. In guest mode only the boot CPU matters, in underlay mode all do.
 */
#include "boot/loader.h"

#include "core/cpu.h"
#include "core/format.h"
#include "core/msr.h"
#include "core/string.h"
#include "ept/capability.h"
#include "vmx/capability.h"

/* SDM, "Control Registers" and "CPUID—CPU Identification" */
#define CR4_LA57	      (1ull << 12)
#define CR4_CET		      (1ull << 23)
#define CPUID_80000001_EDX_NX (1u << 20)
#define S_CET_SH_STK_EN	      (1u << 0)

/*
 * How long a CPU may take to come, do something and go again. Microseconds are enough; but the
 * firmware waits with its timer interrupts on, and Sill may have something to say on a serial line.
 */
#define AP_TIMEOUT_US 5000000u

static EFI_GUID mp_services_protocol = MP_SERVICES_PROTOCOL;

static uint32_t own_apic_id(void)
{
	/*
	 * SDM, "CPUID—CPU Identification": leaf 0BH has the x2APIC ID in EDX if EBX is not 0; else
	 * the initial APIC ID is in leaf 01H, EBX bits 31:24.
	 */
	if (cpuid(0, 0).eax >= 0xb) {
		struct cpuid_result topology = cpuid(0xb, 0);

		if (topology.ebx != 0)
			return topology.edx;
	}
	return cpuid(1, 0).ebx >> 24;
}

/* All that the firmware lists; *all is how many it says there are. */
static void list_cpus(struct loader *loader, UINTN *all)
{
	struct mp_services *services;
	UINTN enabled;

	*all = 0;
	if (EFI_ERROR(loader->boot->LocateProtocol(&mp_services_protocol, NULL,
						   (void **)&services)) ||
	    EFI_ERROR(services->get_processor_count(services, all, &enabled)))
		return;
	loader->mp_services = services;
	for (UINTN i = 0; i < *all && loader->cpu_count < SILL_MAX_CPUS; i++) {
		struct mp_processor processor = {0};

		if (EFI_ERROR(services->get_processor(services, i, &processor)))
			continue;
		if (processor.flags & MP_PROCESSOR_BOOT)
			loader->boot_cpu = loader->cpu_count;
		loader->cpu_numbers[loader->cpu_count] = (uint32_t)i;
		loader->cpus[loader->cpu_count++] = (struct sill_cpu){
			.apic_id = (uint32_t)processor.id,
			.flags = (processor.flags & MP_PROCESSOR_BOOT ? SILL_CPU_BOOT : 0) |
				 (processor.flags & MP_PROCESSOR_ENABLED ? SILL_CPU_ENABLED : 0),
		};
	}
}

EFI_STATUS find_cpus(struct loader *loader)
{
	bool underlay = loader->mode == SILL_MODE_UNDERLAY;
	unsigned int disabled = 0;
	UINTN all;

	list_cpus(loader, &all);
	if (loader->cpu_count == 0) {
		loader->cpus[loader->cpu_count++] = (struct sill_cpu){
			.apic_id = own_apic_id(),
			.flags = SILL_CPU_BOOT | SILL_CPU_ENABLED,
		};
		if (underlay)
			say(loader, "Sill: this firmware has no MP services: Sill comes beneath "
				    "the boot CPU only, any other CPU stays outside\n");
	}
	if (all > SILL_MAX_CPUS && underlay)
		return refuse(loader, EFI_UNSUPPORTED,
			      "this machine has %llu CPUs, and Sill knows %u at most",
			      (unsigned long long)all, SILL_MAX_CPUS);
	if (all > SILL_MAX_CPUS)
		say(loader, "Sill: only %u of this machine's %llu CPUs are listed\n", SILL_MAX_CPUS,
		    (unsigned long long)all);
	for (uint32_t i = 0; i < loader->cpu_count; i++)
		disabled += !(loader->cpus[i].flags & SILL_CPU_ENABLED);
	if (disabled > 0 && underlay)
		say(loader, "Sill: CPUs that the firmware has disabled stay outside: %u\n",
		    disabled);
	return EFI_SUCCESS;
}

struct errand {
	mp_procedure procedure;
	void *argument;
	volatile bool done;
};

static VOID EFIAPI run_errand(VOID *argument)
{
	struct errand *errand = argument;

	errand->procedure(errand->argument);
	errand->done = true;
}

EFI_STATUS run_on_cpu(struct loader *loader, uint32_t cpu, mp_procedure procedure, void *argument)
{
	/* Not on the stack: a CPU that comes too late must find it still. */
	static struct errand errand;
	EFI_STATUS status = EFI_SUCCESS;

	errand = (struct errand){.procedure = procedure, .argument = argument};
	if (cpu == loader->boot_cpu)
		run_errand(&errand);
	else
		status = loader->mp_services->startup_this_ap(loader->mp_services, run_errand,
							      loader->cpu_numbers[cpu], NULL,
							      AP_TIMEOUT_US, &errand, NULL);
	if (!errand.done)
		return refuse(loader, EFI_TIMEOUT,
			      "CPU %u (APIC ID %u) does not answer (status %llx)", cpu,
			      loader->cpus[cpu].apic_id, (unsigned long long)status);
	return EFI_SUCCESS;
}

/* What is wrong with one CPU. */
struct judgement {
	enum sill_mode mode;
	struct vmx_facts facts;
	struct vmx_capability capability;
	char reason[800]; /* "": nothing */
};

/* Runs on the CPU in question, and calls no firmware. */
static VOID EFIAPI judge_this_cpu(VOID *argument)
{
	struct judgement *judgement = argument;
	const struct vmx_capability *capability = &judgement->capability;
	const char *problem = "";

	vmx_facts_read(&judgement->facts);
	if (vmx_capability_check(&judgement->facts, judgement->mode, &judgement->capability) !=
	    VMX_USABLE) {
		const char *advice = vmx_capability_advice(capability);

		format(judgement->reason, sizeof(judgement->reason), "%s%s%s", capability->message,
		       advice[0] != '\0' ? "\n" : "", advice);
		return;
	}
	if (!(judgement->facts.leaf_80000001.edx & CPUID_80000001_EDX_NX))
		problem = "the CPU's execute-disable bit is switched off, and Sill's own memory "
			  "protection needs it\nSwitch it on in the firmware's settings (XD, NX, "
			  "execute disable).";
	/* SDM, "Enabling 5-level paging": it cannot be switched off in 64-bit mode. */
	else if (read_cr4() & CR4_LA57)
		problem = "the firmware runs with 5-level paging, and Sill uses 4-level paging";
	/* SDM, "Shadow-Stack Pointer": there is no way to set it for who comes back. */
	else if (judgement->mode == SILL_MODE_UNDERLAY && (read_cr4() & CR4_CET) &&
		 (rdmsr(MSR_IA32_S_CET) & S_CET_SH_STK_EN))
		problem =
			"the firmware runs with shadow stacks, and Sill could not come back to it";
	format(judgement->reason, sizeof(judgement->reason), "%s", problem);
}

EFI_STATUS check_cpus(struct loader *loader)
{
	static struct judgement judgement; /* too big for the stack of another CPU */

	judgement.mode = (enum sill_mode)loader->mode;
	judge_this_cpu(&judgement);
	if (judgement.reason[0] != '\0')
		return refuse(loader, EFI_UNSUPPORTED, "%s", judgement.reason);
	loader->ept_pages_1g = judgement.capability.ept_vpid_cap & EPT_CAP_1GB_PAGES;
	if (loader->mode != SILL_MODE_UNDERLAY)
		return EFI_SUCCESS;

	for (uint32_t i = 0; i < loader->cpu_count; i++) {
		if (i == loader->boot_cpu || !(loader->cpus[i].flags & SILL_CPU_ENABLED))
			continue;

		EFI_STATUS status = run_on_cpu(loader, i, judge_this_cpu, &judgement);

		if (EFI_ERROR(status))
			return status;
		if (judgement.reason[0] != '\0')
			return refuse(loader, EFI_UNSUPPORTED, "on CPU %u (APIC ID %u): %s", i,
				      loader->cpus[i].apic_id, judgement.reason);
	}
	return EFI_SUCCESS;
}
