#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"
#include "underlay/memory.h"
#include "underlay/underlay.h"
#include "underlay/control_registers.h"
#include "underlay/msr_bitmap.h"
#include "underlay/unload.h"
#include "vmx/leave.h"
#include "core/cpu_setup.h"
void underlay_choose_owned_bits(struct vcpu *v)
{
	v->cr0_owned = CR0_NE;
	v->cr4_owned = CR4_VMXE;
	v->cr4_forced = CR4_VMXE;
}
void underlay_msr_bitmap_fill(uint8_t b[4096]){memset(b,0,4096);}
void underlay_unload(struct vcpu *v){(void)v;}
int leave_prepare(void){return 0;}
void launch_abandon(const struct sill_launch *l,bool v){(void)l;(void)v;panic("abandon");}
