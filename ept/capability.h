/* SPDX-License-Identifier: MIT */
/*
 * What the CPU's EPT can do: the bits of the MSR IA32_VMX_EPT_VPID_CAP that are about EPT.
 * SDM, "VPID and EPT Capabilities".
 */
#ifndef EPT_CAPABILITY_H
#define EPT_CAPABILITY_H

#define EPT_CAP_EXECUTE_ONLY		  (1ull << 0)
#define EPT_CAP_WALK_LENGTH_4		  (1ull << 6)
#define EPT_CAP_WALK_LENGTH_5		  (1ull << 7)
#define EPT_CAP_UC			  (1ull << 8)  /* tables in uncacheable memory */
#define EPT_CAP_WB			  (1ull << 14) /* tables in write-back memory */
#define EPT_CAP_2MB_PAGES		  (1ull << 16)
#define EPT_CAP_1GB_PAGES		  (1ull << 17)
#define EPT_CAP_INVEPT			  (1ull << 20)
#define EPT_CAP_ACCESSED_AND_DIRTY	  (1ull << 21)
#define EPT_CAP_ADVANCED_EXIT_INFORMATION (1ull << 22)
#define EPT_CAP_SUPERVISOR_SHADOW_STACK	  (1ull << 23)
#define EPT_CAP_INVEPT_SINGLE_CONTEXT	  (1ull << 25)
#define EPT_CAP_INVEPT_ALL_CONTEXT	  (1ull << 26)

#endif
