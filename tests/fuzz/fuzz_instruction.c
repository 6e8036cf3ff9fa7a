/* SPDX-License-Identifier: MIT */
/* UNIT: vmx/instruction.c */
/* LIBRARIES: -lZydis */
/*
 * Any bytes as an instruction, in each mode: what the decoder says of them is within its bounds,
 * depends on none that it has no right to read, and is what Zydis says. Zydis also tells which
 * instructions must not be refused.
 *
 * The first byte of the input chooses the mode; the instruction follows.
 */
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "sill/errno.h"
#include "vmx/instruction.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* More than the longest instruction has, so that what follows one is seen not to matter. */
#define MAX_BYTES 20

static const uint64_t masks[] = {[1] = 0xff, [2] = 0xffff, [4] = 0xffffffff, [8] = UINT64_MAX};

static int decode(const uint8_t *bytes, size_t count, enum instruction_mode mode,
		  struct instruction *out)
{
	static uint8_t *block;
	const char *why = NULL;
	int error;

	/* To the end of a block of memory: beyond it, the sanitizer sees any read. */
	if (!block)
		block = malloc(MAX_BYTES);
	REQUIRE(block && count <= MAX_BYTES);
	memcpy(block + MAX_BYTES - count, bytes, count);
	memset(out, 0xa5, sizeof(*out));
	error = instruction_decode(block + MAX_BYTES - count, count, mode, out, &why);
	REQUIRE(error == 0 || error == -SILL_EINVAL || error == -SILL_EFAULT);
	REQUIRE(error == 0 || (why && *why && strlen(why) < 80));
	return error;
}

static bool same(const struct instruction *a, const struct instruction *b)
{
	return a->length == b->length && a->kind == b->kind && a->bytes == b->bytes &&
	       a->target_bytes == b->target_bytes && a->sign_extend == b->sign_extend &&
	       a->has_immediate == b->has_immediate && a->high_byte == b->high_byte &&
	       a->reg == b->reg && a->segment == b->segment &&
	       a->address_bytes == b->address_bytes && a->base == b->base && a->index == b->index &&
	       a->scale == b->scale && a->displacement == b->displacement &&
	       a->immediate == b->immediate;
}

static bool is_size(unsigned int bytes)
{
	return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

static void check_ranges(const struct instruction *out, size_t count, enum instruction_mode mode)
{
	unsigned int registers = mode == INSTRUCTION_MODE_64 ? 16 : 8;

	REQUIRE(out->length >= 2 && out->length <= count);
	REQUIRE(out->length <= INSTRUCTION_MAX_LENGTH);
	REQUIRE(is_size(out->bytes) && is_size(out->scale));
	REQUIRE(out->reg < registers && out->segment < 6);
	REQUIRE(out->address_bytes != 1 && is_size(out->address_bytes));
	REQUIRE((out->address_bytes == 8) <= (mode == INSTRUCTION_MODE_64));
	REQUIRE(out->base < registers || out->base == INSTRUCTION_NO_REGISTER ||
		(out->base == INSTRUCTION_RIP && mode == INSTRUCTION_MODE_64));
	REQUIRE(out->index < registers || out->index == INSTRUCTION_NO_REGISTER);
	REQUIRE(out->index != 4 && (out->index < registers || out->scale == 1));
	REQUIRE(!(out->index < registers && out->base == INSTRUCTION_RIP));
	REQUIRE(!out->high_byte || (out->reg < 4 && out->bytes == 1));
	if (out->kind == INSTRUCTION_LOAD) {
		REQUIRE(is_size(out->target_bytes) && out->bytes <= out->target_bytes);
		REQUIRE(!out->has_immediate && out->immediate == 0);
		REQUIRE(!out->high_byte || out->target_bytes == 1);
	} else {
		REQUIRE(out->kind == INSTRUCTION_STORE);
		REQUIRE(out->target_bytes == 0 && !out->sign_extend);
		REQUIRE(!out->has_immediate || (out->reg == 0 && !out->high_byte));
		REQUIRE((out->immediate & ~masks[out->bytes]) == 0);
	}
}

static uint64_t read_register(void *context, unsigned int number)
{
	const struct instruction *instruction = context;

	REQUIRE(number < 16);
	REQUIRE(number == instruction->base || number == instruction->index);
	return number * 0x0123456789abcdefu;
}

static void check_values(struct instruction *out)
{
	uint64_t old = 0x1122334455667788, memory = 0xf1e2d3c4b5a69788, value;

	value = instruction_offset(out, read_register, out, UINT64_MAX);
	REQUIRE((value & ~masks[out->address_bytes]) == 0);
	if (out->kind == INSTRUCTION_STORE) {
		value = instruction_store_value(out, memory);
		REQUIRE((value & ~masks[out->bytes]) == 0);
		return;
	}
	value = instruction_load_result(out, old, memory & masks[out->bytes]);
	REQUIRE(value == instruction_load_result(out, old, memory));
	if (out->target_bytes == 4)
		REQUIRE(value <= UINT32_MAX);
	else if (out->high_byte)
		REQUIRE(((value ^ old) & ~0xff00ull) == 0);
	else
		REQUIRE(((value ^ old) & ~masks[out->target_bytes]) == 0);
}

static ZydisRegister general_register(unsigned int number, unsigned int bytes, bool high_byte)
{
	static const ZydisRegister first[] = {
		[2] = ZYDIS_REGISTER_AX, [4] = ZYDIS_REGISTER_EAX, [8] = ZYDIS_REGISTER_RAX};

	if (number == INSTRUCTION_NO_REGISTER)
		return ZYDIS_REGISTER_NONE;
	if (number == INSTRUCTION_RIP)
		return bytes == 8 ? ZYDIS_REGISTER_RIP : ZYDIS_REGISTER_EIP;
	if (bytes > 1)
		return (ZydisRegister)(first[bytes] + number);
	if (high_byte)
		return (ZydisRegister)(ZYDIS_REGISTER_AH + number);
	if (number < 4)
		return (ZydisRegister)(ZYDIS_REGISTER_AL + number);
	return (ZydisRegister)(ZYDIS_REGISTER_SPL + number - 4);
}

static bool is_general(const ZydisDecodedOperand *operand)
{
	ZydisRegisterClass class;

	if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return false;
	class = ZydisRegisterGetClass(operand->reg.value);
	return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
	       class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

static bool has_refused_prefix(const ZydisDecodedInstruction *zydis)
{
	for (unsigned int i = 0; i < zydis->raw.prefix_count; i++)
		if (zydis->raw.prefixes[i].value >= 0xf0)
			return true;
	return false;
}

/* One that may not be refused. */
static bool is_move(const ZydisDecodedInstruction *zydis, const ZydisDecodedOperand operands[])
{
	const ZydisDecodedOperand *to = &operands[0], *from = &operands[1];

	switch (zydis->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
	case ZYDIS_MNEMONIC_MOVZX:
		break;
	default:
		return false;
	}
	if (zydis->operand_count_visible != 2 || has_refused_prefix(zydis))
		return false;
	if (to->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE || is_general(from);
	return from->type == ZYDIS_OPERAND_TYPE_MEMORY && is_general(to);
}

static void compare(const struct instruction *out, const ZydisDecodedInstruction *zydis,
		    const ZydisDecodedOperand operands[])
{
	static const ZydisRegister segments[] = {ZYDIS_REGISTER_ES, ZYDIS_REGISTER_CS,
						 ZYDIS_REGISTER_SS, ZYDIS_REGISTER_DS,
						 ZYDIS_REGISTER_FS, ZYDIS_REGISTER_GS};
	bool load = out->kind == INSTRUCTION_LOAD;
	const ZydisDecodedOperand *memory = &operands[load ? 1 : 0],
				  *other = &operands[load ? 0 : 1];
	unsigned int register_bytes = load ? out->target_bytes : out->bytes;
	uint64_t displacement = (uint64_t)memory->mem.disp.value;
	ZydisRegister base = memory->mem.base;

	/*
	 * Zydis up to 4.1 (its issue 592): with 32-bit addresses, REX.B makes R13D of "no base, but
	 * a displacement". SDM, "More on REX Prefix Fields": REX.B does not matter there.
	 */
	if (base == ZYDIS_REGISTER_R13D && zydis->raw.modrm.mod == 0) {
		base = ZYDIS_REGISTER_NONE;
		displacement = (uint64_t)zydis->raw.disp.value;
	}

	REQUIRE(zydis->length == out->length);
	REQUIRE(zydis->address_width == 8 * out->address_bytes);

	REQUIRE(memory->type == ZYDIS_OPERAND_TYPE_MEMORY);
	REQUIRE(memory->mem.type == ZYDIS_MEMOP_TYPE_MEM);
	/*
	 * MOVSXD to a 16-bit register: 16 bits are read (SDM, "MOVSX/MOVSXD—Move With
	 * Sign-Extension"), but 32 by an AMD processor and in Zydis' opinion.
	 */
	if (zydis->mnemonic != ZYDIS_MNEMONIC_MOVSXD || out->target_bytes != 2)
		REQUIRE(memory->size == 8 * out->bytes);
	REQUIRE(memory->mem.segment == segments[out->segment]);
	REQUIRE(base == general_register(out->base, out->address_bytes, false));
	REQUIRE(memory->mem.index == general_register(out->index, out->address_bytes, false));
	if (out->index != INSTRUCTION_NO_REGISTER)
		REQUIRE(memory->mem.scale == out->scale);
	REQUIRE(((displacement ^ out->displacement) & masks[out->address_bytes]) == 0);

	if (out->has_immediate) {
		REQUIRE(other->type == ZYDIS_OPERAND_TYPE_IMMEDIATE);
		REQUIRE(((other->imm.value.u ^ out->immediate) & masks[out->bytes]) == 0);
	} else {
		REQUIRE(other->type == ZYDIS_OPERAND_TYPE_REGISTER);
		REQUIRE(other->size == 8 * register_bytes);
		REQUIRE(other->reg.value ==
			general_register(out->reg, register_bytes, out->high_byte));
	}

	switch (zydis->mnemonic) {
	case ZYDIS_MNEMONIC_MOV:
		REQUIRE(!load || out->bytes == out->target_bytes);
		break;
	case ZYDIS_MNEMONIC_MOVZX:
		REQUIRE(load && !out->sign_extend);
		break;
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		REQUIRE(load && out->sign_extend);
		break;
	default:
		abort();
	}
}

static void ask_zydis(const uint8_t *bytes, size_t count, enum instruction_mode mode,
		      const struct instruction *accepted)
{
	static const struct {
		ZydisMachineMode mode;
		ZydisStackWidth width;
	} modes[] = {
		[INSTRUCTION_MODE_16] = {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16},
		[INSTRUCTION_MODE_32] = {ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32},
		[INSTRUCTION_MODE_64] = {ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64},
	};
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction zydis;
	ZydisDecoder decoder;
	bool decoded;

	REQUIRE(ZYAN_SUCCESS(ZydisDecoderInit(&decoder, modes[mode].mode, modes[mode].width)));
	decoded = ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, &zydis, operands));
	if (accepted) {
		REQUIRE(decoded);
		compare(accepted, &zydis, operands);
	} else {
		REQUIRE(!decoded || !is_move(&zydis, operands));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t longer[MAX_BYTES];
	struct instruction out, again;
	enum instruction_mode mode;
	int error;

	if (size < 1)
		return 0;
	mode = (enum instruction_mode)(*data++ % 3);
	size--;
	if (size > MAX_BYTES)
		size = MAX_BYTES;

	error = decode(data, size, mode, &out);
	ask_zydis(data, size, mode, error == 0 ? &out : NULL);
	if (error == -SILL_EFAULT) {
		REQUIRE(size < INSTRUCTION_MAX_LENGTH);
		return 0;
	}
	memset(longer, size ? data[size - 1] : 0, sizeof(longer));
	memcpy(longer, data, size);
	REQUIRE(decode(longer, sizeof(longer), mode, &again) == error);
	if (error)
		return 0;
	REQUIRE(same(&out, &again));
	for (size_t count = 0; count < out.length; count++)
		REQUIRE(decode(data, count, mode, &again) == -SILL_EFAULT);
	REQUIRE(decode(data, out.length, mode, &again) == 0 && same(&out, &again));
	check_ranges(&out, size, mode);
	check_values(&out);
	return 0;
}

static uint8_t pick(unsigned int *seed, const char *from, size_t count)
{
	*seed = *seed * 1103515245 + 12345;
	return (uint8_t)from[(*seed >> 16) % count];
}

#define PICK(seed, from) pick(seed, from, sizeof(from) - 1)

/*
 * Of random bytes, few are a MOV: half of the inputs start with prefixes, often none, and an opcode
 * that the decoder knows, before whatever the fuzzer's own mutation makes of the rest.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	static const char prefixes[] =
		"\x26\x2e\x36\x3e\x64\x65\x66\x67\x66\x67\x40\x48\x4f\xf0\xf2\xf3";
	static const char opcodes[] =
		"\x88\x89\x8a\x8b\xa0\xa1\xa2\xa3\xb6\xb7\xbe\xbf\xc6\xc7\x63";
	size_t at = 1, limit = max_size < 1 + MAX_BYTES ? max_size : 1 + MAX_BYTES;
	uint8_t opcode;

	size = LLVMFuzzerMutate(data, size < limit ? size : limit, limit);
	if (PICK(&seed, "\0\1") || limit < 1 + MAX_BYTES)
		return size;
	while (at < 14 && PICK(&seed, "\0\1\1\1"))
		data[at++] = PICK(&seed, prefixes);
	if (PICK(&seed, "\0\1"))
		data[at++] = 0x40 | PICK(&seed, "\0\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xf");
	opcode = PICK(&seed, opcodes);
	if (opcode == 0xb6 || opcode == 0xb7 || opcode == 0xbe || opcode == 0xbf)
		data[at++] = 0x0f;
	data[at++] = opcode;
	return size > at ? size : at;
}
