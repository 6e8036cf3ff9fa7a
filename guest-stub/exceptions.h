/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that tests expect. An instruction under MAY_FAULT() that faults is recorded in caught
 * and skipped; any other exception ends the suite with a report.
 */
#ifndef GUEST_EXCEPTIONS_H
#define GUEST_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define VECTOR_DB    1u
#define VECTOR_NMI   2u
#define VECTOR_UD    6u
#define VECTOR_NM    7u
#define VECTOR_GP    13u
#define VECTOR_PF    14u
#define VECTOR_AC    17u
#define NO_EXCEPTION 0x100u

#define PF_PRESENT   (1u << 0)
#define PF_WRITE     (1u << 1)
#define PF_USER	     (1u << 2)
#define PF_RESERVED  (1u << 3)
#define PF_FETCH     (1u << 4)

struct caught {
	uint64_t vector; /* NO_EXCEPTION: none since expect() */
	uint64_t error;
	uint64_t cr2;
	uint64_t rip;
	uint64_t cs;
};
extern volatile struct caught caught;

/* Debug exceptions, each recorded; after stop_after of them TF is cleared. */
#define MOST_STEPS 16
struct steps {
	unsigned count;
	unsigned stop_after;
	uint64_t rip[MOST_STEPS];
	uint64_t dr6[MOST_STEPS];
};
extern volatile struct steps steps;

/* Non-maskable interrupts: counted while they are expected, else the end of the suite. */
extern volatile bool nmi_expected;
extern volatile unsigned nmi_count;

void exceptions_start(void);

/* Interrupts with this vector, 32 to 255 but not 80h, go to an entry written in assembly. */
void exceptions_set_gate(unsigned vector, void (*entry)(void));

/* Forgets what was caught before. */
static inline void expect(void)
{
	caught.vector = NO_EXCEPTION;
	caught.error = 0;
	caught.cr2 = 0;
	caught.rip = 0;
}

static inline void expect_steps(unsigned stop_after)
{
	steps.count = 0;
	steps.stop_after = stop_after;
}

/* Jumps to an address that is expected to fault at once, and comes back. */
void catch_jump(uint64_t address);

#define MAY_FAULT(instruction)         \
	"771: " instruction "\n772:\n" \
	".pushsection .fixups,\"a\"\n.quad 771b, 772b\n.popsection\n"

/* Executes an instruction without operands and answers the vector that it raised. */
#define TRY(instruction)                                                       \
	({                                                                     \
		expect();                                                      \
		__asm__ volatile(MAY_FAULT(instruction) : : : "memory", "cc"); \
		caught.vector;                                                 \
	})

/* RDMSR and WRMSR, answering the vector that they raised. */
uint64_t try_rdmsr(uint32_t msr, uint64_t *value);
uint64_t try_wrmsr(uint32_t msr, uint64_t value);
uint64_t try_write_cr0(uint64_t value);
uint64_t try_write_cr3(uint64_t value);
uint64_t try_write_cr4(uint64_t value);
uint64_t try_write_cr8(uint64_t value);
uint64_t try_xsetbv(uint32_t index, uint64_t value);
uint64_t try_read8(const void *address);
uint64_t try_write8(void *address, uint8_t value);

#endif
