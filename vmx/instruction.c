/* SPDX-License-Identifier: MIT */
/* Moves to and from memory, decoded; see vmx/instruction.h. */
#include "vmx/instruction.h"

#include <sill/errno.h>

/* SDM, "REX Prefixes". */
#define REX	   0x40
#define REX_W	   0x08
#define REX_R	   0x04
#define REX_X	   0x02
#define REX_B	   0x01

#define SEGMENT_SS 2
#define SEGMENT_DS 3

/* Registers that have a part in addresses. */
enum {
	RBX = 3,
	RSP,
	RBP,
	RSI,
	RDI
};

/* The part of the instruction that was not yet read. */
struct cursor {
	const uint8_t *next, *end;
};

struct prefixes {
	uint8_t rex;	 /* 0 without one */
	uint8_t segment; /* INSTRUCTION_NO_REGISTER without one that counts */
	bool operand_size, address_size;
	const char *refused; /* NULL without one that no MOV has */
};

/* SDM, "Operand-Size and Address-Size Attributes": without and with the prefix. */
static const uint8_t operand_sizes[][2] = {{2, 4}, {4, 2}, {4, 2}};
static const uint8_t address_sizes[][2] = {{2, 4}, {4, 2}, {8, 4}};

/* How operands are encoded. */
enum form {
	FORM_NONE,
	FORM_REGISTER,	/* ModR/M: memory and a register */
	FORM_IMMEDIATE, /* ModR/M: memory; then an immediate */
	FORM_OFFSET,	/* an offset, and the accumulator */
};

static const char ended[] = "an instruction of which not all bytes can be read";

/* What is none of the moves, as a person would call it; pairs of first and last opcode, then 0. */
struct family {
	const char *words;
	uint8_t ranges[16];
};

/* SDM, "One, Two, and Three-Byte Opcode Maps". The first row that has an opcode is meant. */
static const struct family one_byte[] = {
	{"a string instruction", {0x6c, 0x6f, 0xa4, 0xa7, 0xaa, 0xaf}},
	{"a stack instruction",
	 {0x50, 0x61, 0x68, 0x68, 0x6a, 0x6a, 0x8f, 0x8f, 0x9c, 0x9d, 0xc8, 0xc9}},
	{"a jump, call or return",
	 {0x70, 0x7f, 0x9a, 0x9a, 0xc2, 0xc3, 0xca, 0xcf, 0xe0, 0xe3, 0xe8, 0xeb}},
	{"an exchange", {0x86, 0x87, 0x90, 0x97}},
	{"a move of a segment register", {0x8c, 0x8c, 0x8e, 0x8e}},
	{"a vector instruction (VEX or EVEX), LES, LDS or BOUND", {0x62, 0x62, 0xc4, 0xc5}},
	{"an x87 instruction", {0xd8, 0xdf}},
	{"arithmetic, logic or a comparison",
	 {0x40, 0x4f, 0x69, 0x6b, 0x80, 0x85, 0xa8, 0xa9, 0xc0, 0xc1, 0xd0, 0xd3, 0xf6, 0xf7, 0xfe,
	  0xfe}},
	{"INC, DEC, PUSH or an indirect jump or call", {0xff, 0xff}},
	{"an instruction other than the moves to and from memory", {0x00, 0xff}},
};

/* Those after 0Fh. */
static const struct family two_byte[] = {
	{"an exchange", {0xb0, 0xb1, 0xc0, 0xc1, 0xc7, 0xc7}},
	{"a move of a far pointer", {0xb2, 0xb2, 0xb4, 0xb5}},
	{"MOVNTI", {0xc3, 0xc3}},
	{"a vector instruction", {0x10, 0x17, 0x28, 0x2f, 0x50, 0x7f, 0xc2, 0xc6, 0xd0, 0xfe}},
	{"a conditional move or SETcc", {0x40, 0x4f, 0x90, 0x9f}},
	{"a jump, call or return", {0x05, 0x05, 0x07, 0x07, 0x34, 0x35, 0x80, 0x8f}},
	{"a stack instruction", {0xa0, 0xa1, 0xa8, 0xa9}},
	{"a save of state, a fence or a flush", {0xae, 0xae}},
	{"arithmetic, logic or a comparison",
	 {0xa3, 0xa5, 0xab, 0xad, 0xaf, 0xb3, 0xb8, 0xb8, 0xba, 0xbd}},
	{"an instruction with a three-byte opcode", {0x38, 0x38, 0x3a, 0x3a}},
	{"an instruction other than the moves to and from memory", {0x00, 0xff}},
};

static bool belongs(const struct family *family, uint8_t opcode)
{
	for (unsigned int i = 0; i < sizeof(family->ranges); i += 2) {
		uint8_t first = family->ranges[i], last = family->ranges[i + 1];

		if (first <= opcode && opcode <= last && last != 0)
			return true;
	}
	return false;
}

static const char *describe_opcode(bool escaped, uint8_t opcode)
{
	const struct family *family = escaped ? two_byte : one_byte;

	/* Rows of eight: ADD to CMP first, six each; below 20h followed by PUSH and POP. */
	if (!escaped && opcode < 0x40)
		opcode = (opcode & 7) < 6 ? 0x80 : opcode < 0x20 ? 0x50 : opcode;
	while (!belongs(family, opcode))
		family++;
	return family->words;
}

/* Both for 1, 2, 4 or 8 bytes. */
static uint64_t cut(uint64_t value, unsigned int bytes)
{
	return value & ~0ull >> (64 - 8 * bytes);
}

static uint64_t sign_extend(uint64_t value, unsigned int bytes)
{
	unsigned int unused = 64 - 8 * bytes;

	return (uint64_t)((int64_t)(value << unused) >> unused);
}

static bool take_byte(struct cursor *cursor, uint8_t *byte)
{
	if (cursor->next == cursor->end)
		return false;
	*byte = *cursor->next++;
	return true;
}

/* A number of 1, 2, 4 or 8 bytes, sign-extended. */
static bool take_number(struct cursor *cursor, unsigned int bytes, uint64_t *number)
{
	uint64_t value = 0;

	if ((size_t)(cursor->end - cursor->next) < bytes)
		return false;
	for (unsigned int i = bytes; i-- > 0;)
		value = value << 8 | cursor->next[i];
	cursor->next += bytes;
	*number = sign_extend(value, bytes);
	return true;
}

/*
 * SDM, "REX Prefixes": one counts only directly before the opcode. SDM, "Segmentation in 64-Bit
 * Mode": of the segments' prefixes, those of FS and GS count.
 */
static bool is_prefix(struct prefixes *prefixes, uint8_t byte, bool mode_64)
{
	if (byte >= 0x68 && byte < 0xf0) /* most opcodes: short of the search below */
		return false;
	if (mode_64 && (byte & 0xf0) == REX) {
		prefixes->rex = byte;
		return true;
	}
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		if (!mode_64)
			prefixes->segment = byte >> 3 & 3;
		break;
	case 0x64:
	case 0x65:
		prefixes->segment = byte & 7;
		break;
	case 0x66:
		prefixes->operand_size = true;
		break;
	case 0x67:
		prefixes->address_size = true;
		break;
	case 0xf0:
		prefixes->refused = "a MOV with LOCK, an invalid opcode";
		break;
	case 0xf2:
	case 0xf3:
		prefixes->refused = "a MOV with a repeat prefix, such as XACQUIRE or XRELEASE";
		break;
	default:
		return false;
	}
	prefixes->rex = 0;
	return true;
}

/*
 * SDM, "Addressing-Mode Encoding of ModR/M and SIB Bytes" and "RIP-Relative Addressing". SDM, "More
 * on REX Prefix Fields": REX.X makes R12 of no index, but REX.B does not make R13 of no base.
 */
static bool take_operand(struct cursor *cursor, uint8_t modrm, uint8_t rex, bool mode_64,
			 struct instruction *out)
{
	static const uint8_t base_16[] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
	static const uint8_t index_16[] = {RSI, RDI, RSI, RDI};
	unsigned int mod = modrm >> 6, base = modrm & 7, wide = out->address_bytes == 2 ? 2 : 4;
	bool no_base = mod == 0 && base == (wide == 2 ? 6 : RBP);
	uint8_t sib;

	if (wide == 2) {
		if (base < 4)
			out->index = index_16[base];
		base = base_16[base];
	} else if (base == RSP) {
		if (!take_byte(cursor, &sib))
			return false;
		base = sib & 7;
		no_base = mod == 0 && base == RBP;
		out->index = (sib >> 3 & 7) | (rex & REX_X) << 2;
		if (out->index == RSP)
			out->index = INSTRUCTION_NO_REGISTER;
		else
			out->scale = 1 << (sib >> 6);
	} else if (no_base && mode_64) {
		out->base = INSTRUCTION_RIP;
	}
	if (!no_base)
		out->base = base | (rex & REX_B) << 3;
	if (mod == 1)
		return take_number(cursor, 1, &out->displacement);
	if (mod == 2 || no_base)
		return take_number(cursor, wide, &out->displacement);
	return true;
}

/* What the opcode tells by itself; how its operands are encoded is returned. */
static enum form decode_opcode(struct instruction *out, bool escaped, uint8_t opcode,
			       unsigned int operand_bytes, bool mode_64)
{
	out->bytes = opcode & 1 ? operand_bytes : 1;
	if (escaped) { /* MOVZX and MOVSX */
		out->bytes = 1 + (opcode & 1);
		out->target_bytes = operand_bytes;
		out->sign_extend = opcode & 8;
		return (opcode & ~9) == 0xb6 ? FORM_REGISTER : FORM_NONE;
	}
	if (opcode == 0x63 && mode_64) { /* MOVSXD */
		/* To two bytes from two: so says the SDM, and AMD's processors read four. */
		out->bytes = operand_bytes == 2 ? 2 : 4;
		out->target_bytes = operand_bytes;
		out->sign_extend = true;
		return FORM_REGISTER;
	}
	switch (opcode & ~1) {
	case 0x88:
		out->kind = INSTRUCTION_STORE;
		return FORM_REGISTER;
	case 0x8a:
		out->target_bytes = out->bytes;
		return FORM_REGISTER;
	case 0xa0:
		out->target_bytes = out->bytes;
		return FORM_OFFSET;
	case 0xa2:
		out->kind = INSTRUCTION_STORE;
		return FORM_OFFSET;
	case 0xc6:
		out->kind = INSTRUCTION_STORE;
		out->has_immediate = true;
		return FORM_IMMEDIATE;
	default:
		return FORM_NONE;
	}
}

/* SDM, "REX Prefixes": with any of them, 4 to 7 are SPL to DIL instead of AH to BH. */
static void decode_register(struct instruction *out, uint8_t modrm, uint8_t rex)
{
	out->reg = (modrm >> 3 & 7) | (rex & REX_R) << 1;
	out->high_byte = (out->kind == INSTRUCTION_LOAD ? out->target_bytes : out->bytes) == 1 &&
			 rex == 0 && out->reg >= 4;
	if (out->high_byte)
		out->reg -= 4;
}

/* NULL, or what it is instead: `ended` if the bytes end before the instruction does. */
static const char *decode(struct cursor *cursor, enum instruction_mode mode,
			  struct instruction *out)
{
	struct prefixes prefixes = {.segment = INSTRUCTION_NO_REGISTER};
	bool mode_64 = mode == INSTRUCTION_MODE_64, escaped;
	unsigned int operand_bytes;
	uint8_t opcode, modrm;
	enum form form;

	do {
		if (!take_byte(cursor, &opcode))
			return ended;
	} while (is_prefix(&prefixes, opcode, mode_64));
	escaped = opcode == 0x0f;
	if (escaped && !take_byte(cursor, &opcode))
		return ended;

	*out = (struct instruction){.segment = SEGMENT_DS,
				    .base = INSTRUCTION_NO_REGISTER,
				    .index = INSTRUCTION_NO_REGISTER,
				    .scale = 1};
	operand_bytes = prefixes.rex & REX_W ? 8 : operand_sizes[mode][prefixes.operand_size];
	out->address_bytes = address_sizes[mode][prefixes.address_size];
	form = decode_opcode(out, escaped, opcode, operand_bytes, mode_64);
	if (form == FORM_NONE)
		return describe_opcode(escaped, opcode);
	if (prefixes.refused)
		return prefixes.refused;

	if (form == FORM_OFFSET) {
		if (!take_number(cursor, out->address_bytes, &out->displacement))
			return ended;
	} else {
		if (!take_byte(cursor, &modrm))
			return ended;
		if (modrm >= 0xc0)
			return "a MOV with no memory operand";
		if (form == FORM_REGISTER)
			decode_register(out, modrm, prefixes.rex);
		else if (modrm & 0x38)
			return "an invalid opcode";
		if (!take_operand(cursor, modrm, prefixes.rex, mode_64, out))
			return ended;
	}
	/* SDM, "Specifying a Segment Selector". */
	if (out->base == RSP || out->base == RBP)
		out->segment = SEGMENT_SS;
	if (prefixes.segment != INSTRUCTION_NO_REGISTER)
		out->segment = prefixes.segment;

	if (form == FORM_IMMEDIATE) {
		if (!take_number(cursor, out->bytes == 8 ? 4 : out->bytes, &out->immediate))
			return ended;
		out->immediate = cut(out->immediate, out->bytes);
	}
	return NULL;
}

int instruction_decode(const uint8_t *bytes, size_t count, enum instruction_mode mode,
		       struct instruction *out, const char **why)
{
	size_t limit = count < INSTRUCTION_MAX_LENGTH ? count : INSTRUCTION_MAX_LENGTH;
	struct cursor cursor = {bytes, bytes + limit};
	const char *words = decode(&cursor, mode, out);

	if (!words) {
		out->length = cursor.next - bytes;
		return 0;
	}
	if (words == ended && limit == INSTRUCTION_MAX_LENGTH)
		words = "an instruction of more than 15 bytes";
	*why = words;
	return words == ended ? -SILL_EFAULT : -SILL_EINVAL;
}

uint64_t instruction_offset(const struct instruction *instruction,
			    instruction_read_register *read_register, void *context,
			    uint64_t next_rip)
{
	uint64_t offset = instruction->displacement;

	if (instruction->base == INSTRUCTION_RIP)
		offset += next_rip;
	else if (instruction->base != INSTRUCTION_NO_REGISTER)
		offset += read_register(context, instruction->base);
	if (instruction->index != INSTRUCTION_NO_REGISTER)
		offset += read_register(context, instruction->index) * instruction->scale;
	return cut(offset, instruction->address_bytes);
}

uint64_t instruction_load_result(const struct instruction *instruction, uint64_t old_register,
				 uint64_t memory)
{
	unsigned int shift = instruction->high_byte ? 8 : 0;
	uint64_t value = cut(memory, instruction->bytes), mask;

	if (instruction->sign_extend)
		value = sign_extend(value, instruction->bytes);
	value = cut(value, instruction->target_bytes);
	/*
	 * SDM, "General-Purpose Registers in 64-Bit Mode": 32-bit results clear bits 63:32, 8-bit
	 * and 16-bit results leave the rest of the register as it was.
	 */
	if (instruction->target_bytes >= 4)
		return value;
	mask = cut(~0ull, instruction->target_bytes) << shift;
	return (old_register & ~mask) | value << shift;
}

uint64_t instruction_store_value(const struct instruction *instruction, uint64_t reg_value)
{
	if (instruction->has_immediate)
		return instruction->immediate;
	return cut(instruction->high_byte ? reg_value >> 8 : reg_value, instruction->bytes);
}
