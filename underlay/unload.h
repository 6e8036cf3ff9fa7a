#include "vmx/vcpu.h"
void underlay_unload(struct vcpu *v);
