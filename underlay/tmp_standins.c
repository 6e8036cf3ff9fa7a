#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"
#include "underlay/memory.h"
#include "underlay/underlay.h"
#include "underlay/control_registers.h"
#include "underlay/msr_bitmap.h"
#include "core/cpu_setup.h"
void underlay_choose_owned_bits(struct vcpu *v)
{
	v->cr0_owned = CR0_NE;
	v->cr4_owned = CR4_VMXE;
	v->cr4_forced = CR4_VMXE;
}
void underlay_msr_bitmap_fill(uint8_t b[4096]){memset(b,0,4096);}
