/* SPDX-License-Identifier: MIT */
/*
 * The instruction with which a guest accessed memory that is not there, such as a device's
 * registers: decoded, so that the access can be done for it. Known are the moves between memory
 * and a general register, or from an immediate to memory, that compilers emit: MOV, MOVZX, MOVSX
 * and MOVSXD. Anything else is refused, in words. Pure: bytes in, a description out.
 */
#ifndef SILL_VMX_INSTRUCTION_H
#define SILL_VMX_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SDM, "Prioritization of Concurrent Events": a longer one is a fault before it is an opcode. */
#define INSTRUCTION_MAX_LENGTH	15

#define INSTRUCTION_RIP		16 /* as a base: the address of the next instruction */
#define INSTRUCTION_NO_REGISTER 0xff

/* By the code segment: CS.L with EFER.LMA for 64 bits, else CS.D tells 32 from 16. */
enum instruction_mode {
	INSTRUCTION_MODE_16,
	INSTRUCTION_MODE_32,
	INSTRUCTION_MODE_64,
};

enum instruction_kind {
	INSTRUCTION_LOAD,
	INSTRUCTION_STORE,
};

/* What has no meaning for an instruction is 0. */
struct instruction {
	uint8_t length;	       /* bytes, 1 to 15 */
	uint8_t kind;	       /* enum instruction_kind */
	uint8_t bytes;	       /* of memory: 1, 2, 4 or 8 */
	uint8_t target_bytes;  /* load: of the register that is written: 1, 2, 4 or 8 */
	bool sign_extend;      /* load: to target_bytes; else zero-extended */
	bool has_immediate;    /* store: of the immediate, else of the register */
	bool high_byte;	       /* the register is AH, CH, DH or BH: bits 15:8 of reg 0 to 3 */
	uint8_t reg;	       /* 0 to 15, as encoded: RAX RCX RDX RBX RSP RBP RSI RDI R8 ... */
	uint8_t segment;       /* ES CS SS DS FS GS, in the order of their fields in the VMCS */
	uint8_t address_bytes; /* 2, 4 or 8 */
	uint8_t base;	       /* 0 to 15, INSTRUCTION_RIP or INSTRUCTION_NO_REGISTER */
	uint8_t index;	       /* 0 to 15 or INSTRUCTION_NO_REGISTER */
	uint8_t scale;	       /* of the index: 1, 2, 4 or 8; 1 without one */
	uint64_t displacement; /* sign-extended */
	uint64_t immediate;    /* sign-extended, then cut to `bytes` */
};

/*
 * Decodes the instruction that starts at bytes[0]; reads none beyond count, nor beyond
 * INSTRUCTION_MAX_LENGTH. Returns
 * 0
 * -SILL_EFAULT if the instruction goes on beyond count (with INSTRUCTION_MAX_LENGTH bytes never)
 * -SILL_EINVAL if it is none of those above
 * and in the latter two cases in *why what it is, for a log: "a string instruction".
 */
__attribute__((warn_unused_result)) int instruction_decode(const uint8_t *bytes, size_t count,
							   enum instruction_mode mode,
							   struct instruction *out,
							   const char **why);

typedef uint64_t instruction_read_register(void *context, unsigned int number);

/*
 * The memory operand's offset in its segment, cut to address_bytes. Of the registers, 0 to 15,
 * only those are read that are part of it. next_rip: the instruction's own RIP, plus its length.
 */
uint64_t instruction_offset(const struct instruction *instruction,
			    instruction_read_register *read_register, void *context,
			    uint64_t next_rip);

/* After a load of `memory`, all of whose bits beyond `bytes` are ignored: reg's new value. */
uint64_t instruction_load_result(const struct instruction *instruction, uint64_t old_register,
				 uint64_t memory);

/* What a store writes: `bytes` bytes, zero-extended. reg_value is not used for an immediate. */
uint64_t instruction_store_value(const struct instruction *instruction, uint64_t reg_value);

#endif
