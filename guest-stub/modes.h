/* SPDX-License-Identifier: MIT */
/* What the guest stub can do besides testing. None of them returns. */
#ifndef GUEST_MODES_H
#define GUEST_MODES_H

/* Makes each hypercall once and explains it. */
_Noreturn void demo(void);

/* Measures what each kind of exit costs. */
_Noreturn void bench(void);

#endif
