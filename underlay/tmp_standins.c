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
static uint64_t at(void *c){(void)c;void*p=page_allocate();return p?physical_of(p):0;}
static void rel(void *c,uint64_t p){(void)c;page_release(virtual_of(p));}
static void *reach(void *c,uint64_t p){(void)c;return virtual_of(p);}
int underlay_memory_create(const struct sill_handoff *h, uint64_t caps)
{
	static const struct ept_memory m={.allocate=at,.release=rel,.at=reach};
	(void)h;
	int e=ept_init(&underlay.ept,caps,&underlay.mtrr,&m);
	if(!e) e=ept_map(&underlay.ept,0,0,1ull<<underlay.mtrr.physical_bits,EPT_ALL);
	return e;
}
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
