/* SPDX-License-Identifier: MIT */
/* UNIT: vmx/instruction.c */
/*
 * The decoder of moves to and from memory: against what nasm makes of all their forms (see
 * tests/unit/encodings), then rule by rule, then what it must refuse, and in which words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sill/errno.h"
#include "vmx/instruction.h"

#define NONE	INSTRUCTION_NO_REGISTER
#define MODE_16 INSTRUCTION_MODE_16
#define MODE_32 INSTRUCTION_MODE_32
#define MODE_64 INSTRUCTION_MODE_64

enum {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15
};
enum {
	ES,
	CS,
	SS,
	DS,
	FS,
	GS
};

/* A record of tests/unit/encodings. */
struct encoding {
	uint8_t code[INSTRUCTION_MAX_LENGTH], length;
	uint8_t mode, kind, bytes, target_bytes, sign_extend, has_immediate, high_byte, reg;
	uint8_t segment, address_bytes, base, index, scale, reserved[3];
	uint64_t displacement, immediate;
	char text[80];
};
_Static_assert(sizeof(struct encoding) == 128, "as nasm lays it out");

extern const struct encoding encodings[];
extern const uint32_t encoding_count;

static uint64_t mask(unsigned int bytes)
{
	return bytes == 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
}

/* From a block of exactly that size, so that any overread is seen. */
static int decode(const uint8_t *bytes, size_t count, enum instruction_mode mode,
		  struct instruction *out, const char **why)
{
	uint8_t *copy = malloc(count ? count : 1);
	int error;

	assert_non_null(copy);
	if (count)
		memcpy(copy, bytes, count);
	memset(out, 0xa5, sizeof(*out));
	*why = NULL;
	error = instruction_decode(count ? copy : copy + 1, count, mode, out, why);
	free(copy);
	if (error != 0) {
		assert_true(error == -SILL_EINVAL || error == -SILL_EFAULT);
		assert_non_null(*why);
	}
	return error;
}

/* "48 8b 43 08" */
static size_t parse(const char *hex, uint8_t *bytes, size_t limit)
{
	size_t count = 0;
	char *end;

	for (; *hex; hex = end) {
		assert_true(count < limit);
		bytes[count++] = (uint8_t)strtoul(hex, &end, 16);
		assert_true(end != hex);
	}
	return count;
}

static int decode_hex(const char *hex, enum instruction_mode mode, struct instruction *out,
		      const char **why)
{
	uint8_t bytes[32];

	return decode(bytes, parse(hex, bytes, sizeof(bytes)), mode, out, why);
}

static void accept(const char *hex, enum instruction_mode mode, struct instruction *out)
{
	const char *why;

	if (decode_hex(hex, mode, out, &why) != 0)
		fail_msg("%s: %s", hex, why);
}

static void refuse(const char *hex, enum instruction_mode mode, const char *words)
{
	struct instruction out;
	const char *why;
	int error = decode_hex(hex, mode, &out, &why);

	if (error != -SILL_EINVAL || !strstr(why, words))
		fail_msg("%s: %d, %s", hex, error, error ? why : "accepted");
}

static void cut_short(const char *hex, enum instruction_mode mode)
{
	struct instruction out;
	const char *why;

	if (decode_hex(hex, mode, &out, &why) != -SILL_EFAULT)
		fail_msg("%s is not cut short", hex);
	assert_non_null(strstr(why, "not all bytes"));
}

/* Values that no two sums of have the same bytes. */
static const uint64_t registers[16] = {
	0x0001020304050607, 0x1112131415161718, 0x2223242526272829, 0x333435363738393a,
	0x4445464748494a4b, 0x55565758595a5b5c, 0x666768696a6b6c6d, 0x7778797a7b7c7d7e,
	0x88898a8b8c8d8e8f, 0x999a9b9c9d9e9fa0, 0xaaabacadaeafb0b1, 0xbbbcbdbebfc0c1c2,
	0xcccdcecfd0d1d2d3, 0xdddedfe0e1e2e3e4, 0xeeeff0f1f2f3f4f5, 0xfff0e1d2c3b4a596,
};

static uint64_t read_register(void *context, unsigned int number)
{
	*(unsigned int *)context |= 1u << number;
	assert_true(number < 16);
	return registers[number];
}

#define NEXT_RIP 0xffffffff8123fff0

static void check_offset(const struct encoding *encoding, const struct instruction *out)
{
	unsigned int expected_read = 0, read = 0;
	uint64_t expected = encoding->displacement;

	if (encoding->base == INSTRUCTION_RIP) {
		expected += NEXT_RIP;
	} else if (encoding->base != NONE) {
		expected += registers[encoding->base];
		expected_read |= 1u << encoding->base;
	}
	if (encoding->index != NONE) {
		expected += encoding->scale * registers[encoding->index];
		expected_read |= 1u << encoding->index;
	}
	expected &= mask(encoding->address_bytes);
	assert_int_equal(instruction_offset(out, read_register, &read, NEXT_RIP), expected);
	assert_int_equal(read, expected_read);
}

static void check_encoding(const struct encoding *encoding)
{
	struct instruction out;
	uint8_t longer[32];
	const char *why;

	if (decode(encoding->code, encoding->length, encoding->mode, &out, &why) != 0)
		fail_msg("refused: %s", why);
	assert_int_equal(out.length, encoding->length);
	assert_int_equal(out.kind, encoding->kind);
	assert_int_equal(out.bytes, encoding->bytes);
	assert_int_equal(out.target_bytes, encoding->target_bytes);
	assert_int_equal(out.sign_extend, encoding->sign_extend);
	assert_int_equal(out.has_immediate, encoding->has_immediate);
	assert_int_equal(out.high_byte, encoding->high_byte);
	assert_int_equal(out.reg, encoding->reg);
	assert_int_equal(out.segment, encoding->segment);
	assert_int_equal(out.address_bytes, encoding->address_bytes);
	assert_int_equal(out.base, encoding->base);
	assert_int_equal(out.index, encoding->index);
	assert_int_equal(out.scale, encoding->scale);
	assert_int_equal(out.displacement, encoding->displacement);
	assert_int_equal(out.immediate, encoding->immediate);
	check_offset(encoding, &out);

	for (size_t count = 0; count < encoding->length; count++)
		assert_int_equal(decode(encoding->code, count, encoding->mode, &out, &why),
				 -SILL_EFAULT);
	memset(longer, 0x66, sizeof(longer));
	memcpy(longer, encoding->code, encoding->length);
	assert_int_equal(decode(longer, sizeof(longer), encoding->mode, &out, &why), 0);
	assert_int_equal(out.length, encoding->length);
}

static const struct encoding *current;

/* Called when a check has failed too: that is when it has something to say. */
static int name_encoding(void **state)
{
	(void)state;
	if (current)
		print_error("%u bits: %s\n", 16u << current->mode, current->text);
	current = NULL;
	return 0;
}

static void as_assembled(void **state)
{
	unsigned int of_mode[3] = {0};

	(void)state;
	assert_true(encoding_count >= 300);
	for (uint32_t i = 0; i < encoding_count; i++) {
		current = &encodings[i];
		check_encoding(current);
		of_mode[current->mode]++;
	}
	current = NULL;
	for (unsigned int i = 0; i < 3; i++)
		assert_true(of_mode[i] >= 1000);
}

static void operand_size(void **state)
{
	static const struct {
		const char *hex;
		uint8_t bytes[3]; /* in each mode */
	} cases[] = {
		{"89 07", {2, 4, 4}},	    {"66 89 07", {4, 2, 2}},
		{"66 66 89 07", {4, 2, 2}}, /* again is not back */
		{"88 07", {1, 1, 1}},	    {"66 88 07", {1, 1, 1}},
	};
	struct instruction out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (unsigned int mode = 0; mode < 3; mode++) {
			accept(cases[i].hex, mode, &out);
			assert_int_equal(out.bytes, cases[i].bytes[mode]);
		}
	}
	/* REX.W goes before 66h. */
	accept("66 48 89 07", MODE_64, &out);
	assert_int_equal(out.bytes, 8);
	assert_int_equal(out.length, 4);
	accept("66 48 c7 07 01 02 03 84", MODE_64, &out);
	assert_int_equal(out.bytes, 8);
	assert_int_equal(out.immediate, 0xffffffff84030201);
	assert_int_equal(out.length, 8);
	accept("48 88 07", MODE_64, &out);
	assert_int_equal(out.bytes, 1);
}

static void address_size(void **state)
{
	struct instruction out;

	(void)state;
	accept("89 07", MODE_16, &out); /* [bx] */
	assert_int_equal(out.address_bytes, 2);
	assert_int_equal(out.base, RBX);
	accept("67 89 07", MODE_16, &out); /* [edi] */
	assert_int_equal(out.address_bytes, 4);
	assert_int_equal(out.base, RDI);
	accept("89 07", MODE_32, &out);
	assert_int_equal(out.address_bytes, 4);
	assert_int_equal(out.base, RDI);
	accept("67 89 07", MODE_32, &out);
	assert_int_equal(out.address_bytes, 2);
	assert_int_equal(out.base, RBX);
	accept("89 07", MODE_64, &out);
	assert_int_equal(out.address_bytes, 8);
	accept("67 89 07", MODE_64, &out);
	assert_int_equal(out.address_bytes, 4);
	assert_int_equal(out.base, RDI);
	accept("67 67 89 07", MODE_64, &out);
	assert_int_equal(out.address_bytes, 4);
	assert_int_equal(out.length, 4);
}

static void sixteen_bit_forms(void **state)
{
	static const struct {
		uint8_t base, index, segment;
	} forms[] = {{RBX, RSI, DS},  {RBX, RDI, DS},  {RBP, RSI, SS},	{RBP, RDI, SS},
		     {RSI, NONE, DS}, {RDI, NONE, DS}, {RBP, NONE, SS}, {RBX, NONE, DS}};
	uint8_t bytes[] = {0x8b, 0, 0xfe, 0xff};
	struct instruction out;
	const char *why;

	(void)state;
	for (unsigned int mod = 0; mod < 3; mod++) {
		for (unsigned int rm = 0; rm < 8; rm++) {
			bool none = mod == 0 && rm == 6;

			bytes[1] = (uint8_t)(mod << 6 | rm);
			assert_int_equal(decode(bytes, sizeof(bytes), MODE_16, &out, &why), 0);
			assert_int_equal(out.length, none ? 4 : mod + 2);
			assert_int_equal(out.base, none ? NONE : forms[rm].base);
			assert_int_equal(out.index, none ? NONE : forms[rm].index);
			assert_int_equal(out.segment, none ? DS : forms[rm].segment);
			assert_int_equal(out.displacement, out.length == 2 ? 0 : -2);
		}
	}
}

static void sib_forms(void **state)
{
	struct instruction out;

	(void)state;
	accept("8b 04 24", MODE_64, &out); /* [rsp] */
	assert_int_equal(out.base, RSP);
	assert_int_equal(out.index, NONE);
	assert_int_equal(out.segment, SS);
	accept("8b 04 e4", MODE_64, &out); /* the same: there is nothing to multiply by 8 */
	assert_int_equal(out.base, RSP);
	assert_int_equal(out.index, NONE);
	assert_int_equal(out.scale, 1);
	accept("42 8b 04 e4", MODE_64, &out); /* [rsp+r12*8] */
	assert_int_equal(out.base, RSP);
	assert_int_equal(out.index, R12);
	assert_int_equal(out.scale, 8);
	accept("41 8b 04 24", MODE_64, &out); /* [r12] */
	assert_int_equal(out.base, R12);
	assert_int_equal(out.segment, DS);
	accept("8b 04 25 f0 ff ff ff", MODE_64, &out); /* [-16] */
	assert_int_equal(out.base, NONE);
	assert_int_equal(out.index, NONE);
	assert_int_equal(out.displacement, -16);
	assert_int_equal(out.segment, DS);
	/* Without a base, REX.B says nothing. */
	accept("41 8b 04 25 f0 ff ff ff", MODE_64, &out);
	assert_int_equal(out.base, NONE);
	accept("43 8b 04 65 10 00 00 00", MODE_64, &out); /* [r12*2+16] */
	assert_int_equal(out.base, NONE);
	assert_int_equal(out.index, R12);
	assert_int_equal(out.scale, 2);
	accept("8b 44 6d 10", MODE_64, &out); /* [rbp+rbp*2+16] */
	assert_int_equal(out.base, RBP);
	assert_int_equal(out.index, RBP);
	assert_int_equal(out.segment, SS);
	accept("8b 84 2d 10 00 00 80", MODE_32, &out);
	assert_int_equal(out.base, RBP);
	assert_int_equal(out.displacement, 0xffffffff80000010);
	assert_int_equal(out.length, 7);
}

static void relative_to_rip(void **state)
{
	unsigned int read = 0;
	struct instruction out;

	(void)state;
	accept("48 8b 05 fc ff ff ff", MODE_64, &out);
	assert_int_equal(out.base, INSTRUCTION_RIP);
	assert_int_equal(out.segment, DS);
	assert_int_equal(instruction_offset(&out, read_register, &read, 0x7fff00000000),
			 0x7ffefffffffc);
	assert_int_equal(instruction_offset(&out, read_register, &read, 2), UINT64_MAX - 1);
	/* REX.B makes no register of it. */
	accept("49 8b 05 10 00 00 00", MODE_64, &out);
	assert_int_equal(out.base, INSTRUCTION_RIP);
	assert_int_equal(instruction_offset(&out, read_register, &read, UINT64_MAX - 7), 8);
	/* EIP. */
	accept("67 8b 05 fc ff ff ff", MODE_64, &out);
	assert_int_equal(out.base, INSTRUCTION_RIP);
	assert_int_equal(instruction_offset(&out, read_register, &read, 0xffffffff00000002),
			 0xfffffffe);
	/* The immediate belongs to the instruction, at whose end the displacement starts. */
	accept("c7 05 00 10 00 00 01 00 00 00", MODE_64, &out);
	assert_int_equal(out.length, 10);
	assert_int_equal(instruction_offset(&out, read_register, &read, 0x400000 + out.length),
			 0x40100a);
	/* In older modes the same is an address. */
	accept("8b 05 fc ff ff ff", MODE_32, &out);
	assert_int_equal(out.base, NONE);
	assert_int_equal(instruction_offset(&out, read_register, &read, 0x1000), 0xfffffffc);
	assert_int_equal(read, 0);
}

static void offsets(void **state)
{
	struct instruction out;

	(void)state;
	accept("a1 11 22 33 44 55 66 77 88", MODE_64, &out);
	assert_int_equal(out.kind, INSTRUCTION_LOAD);
	assert_int_equal(out.displacement, 0x8877665544332211);
	assert_int_equal(out.bytes, 4);
	assert_int_equal(out.length, 9);
	/* Neither REX.R nor REX.B make another register of it. */
	accept("4d a3 11 22 33 44 55 66 77 88", MODE_64, &out);
	assert_int_equal(out.kind, INSTRUCTION_STORE);
	assert_int_equal(out.reg, RAX);
	assert_int_equal(out.bytes, 8);
	accept("67 a2 11 22 33 44", MODE_64, &out);
	assert_int_equal(out.displacement, 0x44332211);
	assert_int_equal(out.bytes, 1);
	assert_int_equal(out.length, 6);
	accept("a0 34 92", MODE_16, &out);
	assert_int_equal(out.displacement, 0xffffffffffff9234);
	assert_int_equal(instruction_offset(&out, read_register, NULL, 0), 0x9234);
	accept("64 a1 34 92 00 00", MODE_32, &out);
	assert_int_equal(out.segment, FS);
	assert_int_equal(out.bytes, 4);
}

/* Sums are cut to the size of an address: below 64 KiB and 4 GiB they start again. */
static void offset_wraps(void **state)
{
	unsigned int read = 0;
	struct instruction out;

	(void)state;
	accept("8b 02", MODE_16, &out); /* [bp+si] */
	assert_int_equal(instruction_offset(&out, read_register, &read, 0), 0xc7c9);
	accept("8b 82 00 80", MODE_16, &out); /* [bp+si+8000h] */
	assert_int_equal(instruction_offset(&out, read_register, &read, 0), 0x47c9);
	assert_int_equal(read, 1u << RBP | 1u << RSI);
	accept("67 43 8b 44 ff 01", MODE_64, &out); /* [r15d+r15d*8+1] */
	assert_int_equal(instruction_offset(&out, read_register, &read, 0), 0xe159d247);
	accept("43 8b 44 ff 01", MODE_64, &out);
	assert_int_equal(instruction_offset(&out, read_register, &read, 0), 0xff77f068e159d247);
}

static void segments(void **state)
{
	struct instruction out;

	(void)state;
	accept("3e 8b 45 00", MODE_32, &out); /* [ds:ebp] */
	assert_int_equal(out.segment, DS);
	accept("36 8b 07", MODE_32, &out);
	assert_int_equal(out.segment, SS);
	accept("26 8b 07", MODE_16, &out);
	assert_int_equal(out.segment, ES);
	accept("2e 8b 07", MODE_32, &out);
	assert_int_equal(out.segment, CS);
	accept("26 2e 65 64 8b 07", MODE_32, &out); /* the last one */
	assert_int_equal(out.segment, FS);
	/* 64-bit mode knows FS and GS only. */
	accept("3e 8b 45 00", MODE_64, &out);
	assert_int_equal(out.segment, SS);
	accept("36 8b 07", MODE_64, &out);
	assert_int_equal(out.segment, DS);
	accept("65 2e 8b 07", MODE_64, &out);
	assert_int_equal(out.segment, GS);
	accept("64 8b 45 00", MODE_64, &out);
	assert_int_equal(out.segment, FS);
}

static void rex(void **state)
{
	struct instruction out;

	(void)state;
	accept("4c 8b 07", MODE_64, &out);
	assert_int_equal(out.reg, R8);
	assert_int_equal(out.bytes, 8);
	/* Before another prefix it does not count, nor before another REX prefix. */
	accept("4c 66 8b 07", MODE_64, &out);
	assert_int_equal(out.reg, RAX);
	assert_int_equal(out.bytes, 2);
	accept("4f 3e 8b 07", MODE_64, &out);
	assert_int_equal(out.reg, RAX);
	assert_int_equal(out.base, RDI);
	assert_int_equal(out.bytes, 4);
	accept("4f 41 8b 07", MODE_64, &out);
	assert_int_equal(out.reg, RAX);
	assert_int_equal(out.base, R15);
	assert_int_equal(out.bytes, 4);
	accept("4f 64 44 0f b6 07", MODE_64, &out);
	assert_int_equal(out.reg, R8);
	assert_int_equal(out.base, RDI);
	assert_int_equal(out.segment, FS);
	/* Elsewhere it is INC or DEC. */
	refuse("48 8b 07", MODE_32, "arithmetic");
	refuse("40 88 07", MODE_16, "arithmetic");
}

static void high_bytes(void **state)
{
	struct instruction out;

	(void)state;
	for (unsigned int reg = 0; reg < 8; reg++) {
		uint8_t bytes[] = {0x40, 0x88, (uint8_t)(reg << 3 | 7)};
		const char *why;

		for (unsigned int mode = 0; mode < 3; mode++) {
			assert_int_equal(decode(bytes + 1, 2, mode, &out, &why), 0);
			assert_int_equal(out.high_byte, reg >= 4);
			assert_int_equal(out.reg, reg % 4);
		}
		assert_int_equal(decode(bytes, 3, MODE_64, &out, &why), 0);
		assert_false(out.high_byte);
		assert_int_equal(out.reg, reg);
	}
	/* One that does not count. */
	accept("40 66 8a 27", MODE_64, &out);
	assert_true(out.high_byte);
	assert_int_equal(out.reg, RAX);
	/* SP, not AH: what counts is the size of the register. */
	accept("66 0f b6 27", MODE_64, &out);
	assert_false(out.high_byte);
	assert_int_equal(out.reg, RSP);
	accept("c6 07 12", MODE_64, &out);
	assert_false(out.high_byte);
}

static void extensions(void **state)
{
	static const struct {
		const char *hex;
		uint8_t bytes, target_bytes;
		bool sign_extend;
	} cases[] = {
		{"66 0f b6 07", 1, 2, false}, {"0f b6 07", 1, 4, false},
		{"48 0f b6 07", 1, 8, false}, {"66 0f b7 07", 2, 2, false},
		{"0f b7 07", 2, 4, false},    {"48 0f b7 07", 2, 8, false},
		{"66 0f be 07", 1, 2, true},  {"0f be 07", 1, 4, true},
		{"48 0f be 07", 1, 8, true},  {"66 0f bf 07", 2, 2, true},
		{"0f bf 07", 2, 4, true},     {"48 0f bf 07", 2, 8, true},
		{"66 63 07", 2, 2, true},     {"63 07", 4, 4, true},
		{"48 63 07", 4, 8, true},     {"66 48 63 07", 4, 8, true},
	};
	struct instruction out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		accept(cases[i].hex, MODE_64, &out);
		assert_int_equal(out.kind, INSTRUCTION_LOAD);
		assert_int_equal(out.bytes, cases[i].bytes);
		assert_int_equal(out.target_bytes, cases[i].target_bytes);
		assert_int_equal(out.sign_extend, cases[i].sign_extend);
		assert_int_equal(out.reg, RAX);
	}
	accept("0f be 07", MODE_16, &out);
	assert_int_equal(out.target_bytes, 2);
	/* ARPL. */
	refuse("63 07", MODE_32, "moves to and from memory");
	refuse("63 07", MODE_16, "moves to and from memory");
}

static void immediates(void **state)
{
	struct instruction out;

	(void)state;
	accept("c6 07 80", MODE_64, &out);
	assert_int_equal(out.immediate, 0x80);
	accept("c7 07 01 80", MODE_16, &out);
	assert_int_equal(out.immediate, 0x8001);
	assert_int_equal(out.length, 4);
	accept("66 c7 07 01 80", MODE_64, &out);
	assert_int_equal(out.immediate, 0x8001);
	accept("c7 07 01 02 03 84", MODE_64, &out);
	assert_int_equal(out.immediate, 0x84030201);
	accept("48 c7 07 01 02 03 84", MODE_64, &out);
	assert_int_equal(out.immediate, 0xffffffff84030201);
	assert_true(out.has_immediate);
	/* Bits that name a register elsewhere. */
	accept("44 c7 07 01 02 03 04", MODE_64, &out);
	assert_int_equal(out.reg, 0);
	assert_int_equal(out.length, 7);
}

static void load_result(void **state)
{
	static const struct {
		const char *hex;
		uint64_t memory, result;
	} cases[] = {
		{"8a 07", 0xf1e2d3c4b5a69788, 0x1122334455667788},	 /* al */
		{"8a 07", 0xc7, 0x11223344556677c7},			 /* al */
		{"8a 27", 0xc7, 0x112233445566c788},			 /* ah */
		{"8a 27", 0xffffffffffffff00, 0x1122334455660088},	 /* ah */
		{"40 8a 27", 0xc7, 0x11223344556677c7},			 /* spl */
		{"66 8b 07", 0xf1e2d3c4b5a69788, 0x1122334455669788},	 /* ax */
		{"8b 07", 0xf1e2d3c4b5a69788, 0xb5a69788},		 /* eax */
		{"48 8b 07", 0xf1e2d3c4b5a69788, 0xf1e2d3c4b5a69788},	 /* rax */
		{"66 0f b6 07", 0xf1e2d3c4b5a69788, 0x1122334455660088}, /* ax, byte */
		{"0f b6 07", 0xf1e2d3c4b5a69788, 0x88},			 /* eax, byte */
		{"48 0f b6 07", 0xf1e2d3c4b5a69788, 0x88},
		{"0f b7 07", 0xf1e2d3c4b5a69788, 0x9788},
		{"66 0f b7 07", 0xf1e2d3c4b5a69788, 0x1122334455669788},
		{"66 0f be 07", 0x88, 0x112233445566ff88},
		{"66 0f be 07", 0xff78, 0x1122334455660078},
		{"0f be 07", 0x88, 0xffffff88}, /* the upper half is cleared all the same */
		{"48 0f be 07", 0x88, 0xffffffffffffff88},
		{"48 0f be 07", 0xff78, 0x78},
		{"0f bf 07", 0x9788, 0xffff9788},
		{"48 0f bf 07", 0x9788, 0xffffffffffff9788},
		{"63 07", 0xb5a69788, 0xb5a69788},
		{"48 63 07", 0xb5a69788, 0xffffffffb5a69788},
		{"48 63 07", 0xf1e2d3c475a69788, 0x75a69788},
	};
	struct instruction out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		accept(cases[i].hex, MODE_64, &out);
		assert_int_equal(instruction_load_result(&out, 0x1122334455667788, cases[i].memory),
				 cases[i].result);
	}
}

static void store_value(void **state)
{
	static const struct {
		const char *hex;
		uint64_t value;
	} cases[] = {
		{"88 07", 0x88},
		{"88 27", 0x97},
		{"40 88 27", 0x88},
		{"66 89 07", 0x9788},
		{"89 07", 0xb5a69788},
		{"48 89 07", 0xf1e2d3c4b5a69788},
		{"67 a2 00 00 00 00", 0x88},
		{"c6 07 fe", 0xfe},
		{"66 c7 07 fe ff", 0xfffe},
		{"c7 07 fe ff ff ff", 0xfffffffe},
		{"48 c7 07 fe ff ff ff", -2ull},
		{"48 c7 07 fe ff ff 7f", 0x7ffffffe},
	};
	struct instruction out;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		accept(cases[i].hex, MODE_64, &out);
		assert_int_equal(instruction_store_value(&out, 0xf1e2d3c4b5a69788), cases[i].value);
	}
}

static void too_long(void **state)
{
	struct instruction out;

	(void)state;
	/* Of 15 bytes; of 16, of which the last one is not looked at. */
	accept("66 66 66 66 66 66 66 66 66 66 66 66 66 8b 07", MODE_64, &out);
	assert_int_equal(out.length, 15);
	refuse("66 66 66 66 66 66 66 66 66 66 66 66 66 66 8b 07", MODE_64, "more than 15");
	refuse("66 66 66 66 66 66 66 66 66 66 66 66 66 66 8b", MODE_64, "more than 15");
	cut_short("66 66 66 66 66 66 66 66 66 66 66 66 66 66", MODE_64);
	accept("3e 3e 3e 3e 3e 3e 3e 3e 3e c7 00 01 02 03 04 05", MODE_64, &out);
	assert_int_equal(out.length, 15);
	/* Its end in the opcode, the displacement, the immediate, the prefixes. */
	refuse("66 66 66 66 66 66 66 66 66 66 66 66 66 66 0f b6 07", MODE_64, "more than 15");
	refuse("3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 8b 80 01 02 03 04", MODE_64, "more than 15");
	refuse("3e 3e 3e 3e 3e 3e 3e 3e 3e 3e c7 00 01 02 03 04", MODE_64, "more than 15");
	refuse("3e 3e 3e 3e 3e 3e 3e a1 01 02 03 04 05 06 07 08", MODE_64, "more than 15");
	refuse("40 40 40 40 40 40 40 40 40 40 40 40 40 40 40 40", MODE_64, "more than 15");
	refuse("3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 3e 8b 04 24", MODE_64, "more than 15");
}

static void nothing(void **state)
{
	struct instruction out;
	const char *why;

	(void)state;
	assert_int_equal(decode(NULL, 0, MODE_64, &out, &why), -SILL_EFAULT);
	cut_short("48", MODE_64);
	cut_short("0f", MODE_64);
	cut_short("66 67 2e", MODE_16);
	cut_short("c7 05", MODE_64);
}

static void refused_prefixes(void **state)
{
	(void)state;
	refuse("f0 89 07", MODE_64, "LOCK");
	refuse("f0 8b 07", MODE_16, "LOCK");
	refuse("66 f0 48 c7 07 00 00 00 00", MODE_64, "LOCK");
	refuse("f2 89 07", MODE_64, "XACQUIRE");
	refuse("f3 88 07", MODE_32, "XRELEASE");
	refuse("f3 c6 07 00", MODE_64, "XRELEASE");
	refuse("f3 0f b6 07", MODE_64, "repeat prefix");
	refuse("f2 a1 00 00", MODE_16, "repeat prefix");
	/* The opcode is named first: it is nothing of a MOV. */
	refuse("f3 a4", MODE_64, "a string instruction");
	refuse("f0 01 07", MODE_64, "arithmetic");
	refuse("f3 0f 6f 07", MODE_64, "a vector instruction");
}

static void refused_opcodes(void **state)
{
	static const struct {
		const char *hex, *words;
	} cases[] = {
		{"89 c0", "no memory operand"},
		{"8a c7", "no memory operand"},
		{"c7 c0 01 00 00 00", "no memory operand"},
		{"0f b6 c0", "no memory operand"},
		{"c6 f8 00", "no memory operand"}, /* XABORT */
		{"c6 0f 00", "an invalid opcode"},
		{"c7 3f 00 00 00 00", "an invalid opcode"},
		{"a4", "a string instruction"},
		{"a5", "a string instruction"},
		{"a7", "a string instruction"},
		{"aa", "a string instruction"},
		{"ab", "a string instruction"},
		{"ac", "a string instruction"},
		{"af", "a string instruction"},
		{"6c", "a string instruction"},
		{"6f", "a string instruction"},
		{"00 07", "arithmetic"},
		{"01 07", "arithmetic"},
		{"03 07", "arithmetic"},
		{"0b 07", "arithmetic"},
		{"21 07", "arithmetic"},
		{"31 07", "arithmetic"},
		{"39 07", "arithmetic"},
		{"3c 07", "arithmetic"},
		{"69 07 00 00 00 00", "arithmetic"},
		{"6b 07 00", "arithmetic"},
		{"80 0f 01", "arithmetic"},
		{"83 0f 01", "arithmetic"},
		{"85 07", "arithmetic"},
		{"a8 01", "arithmetic"},
		{"c1 07 01", "arithmetic"},
		{"d3 07", "arithmetic"},
		{"f6 07 01", "arithmetic"},
		{"fe 07", "arithmetic"},
		{"0f ab 07", "arithmetic"},
		{"0f af 07", "arithmetic"},
		{"0f ba 2f 01", "arithmetic"},
		{"0f bd 07", "arithmetic"},
		{"86 07", "an exchange"},
		{"87 07", "an exchange"},
		{"0f b1 07", "an exchange"},
		{"0f c1 07", "an exchange"},
		{"0f c7 0f", "an exchange"},
		{"8c 07", "a segment register"},
		{"8e 07", "a segment register"},
		{"0f b4 07", "a far pointer"},
		{"50", "a stack instruction"},
		{"5f", "a stack instruction"},
		{"68 00 00 00 00", "a stack instruction"},
		{"6a 00", "a stack instruction"},
		{"8f 07", "a stack instruction"},
		{"9c", "a stack instruction"},
		{"c9", "a stack instruction"},
		{"0f a0", "a stack instruction"},
		{"70 00", "a jump, call or return"},
		{"c3", "a jump, call or return"},
		{"cc", "a jump, call or return"},
		{"cf", "a jump, call or return"},
		{"e8 00 00 00 00", "a jump, call or return"},
		{"eb fe", "a jump, call or return"},
		{"0f 84 00 00 00 00", "a jump, call or return"},
		{"0f 05", "a jump, call or return"},
		{"ff 37", "PUSH"},
		{"c5 fa 6f 07", "VEX"},
		{"c4 e1 7a 6f 07", "VEX"},
		{"62 f1 7e 48 6f 07", "EVEX"},
		{"0f 10 07", "a vector instruction"},
		{"0f 28 07", "a vector instruction"},
		{"66 0f 6f 07", "a vector instruction"},
		{"0f 7f 07", "a vector instruction"},
		{"66 0f d6 07", "a vector instruction"},
		{"66 0f e7 07", "a vector instruction"},
		{"0f c3 07", "MOVNTI"},
		{"0f 38 f0 07", "three-byte opcode"}, /* MOVBE */
		{"0f 3a 16 07 00", "three-byte opcode"},
		{"0f 44 07", "a conditional move or SETcc"},
		{"0f 94 07", "a conditional move or SETcc"},
		{"0f ae 07", "a save of state"},
		{"d9 07", "an x87 instruction"},
		{"df 07", "an x87 instruction"},
		{"8d 07", "other than the moves"}, /* LEA */
		{"b8 00 00 00 00", "other than the moves"},
		{"d7", "other than the moves"},
		{"27", "other than the moves"},
		{"f4", "other than the moves"},
		{"0f 0b", "other than the moves"},
		{"0f 00 07", "other than the moves"},
		{"0f 01 07", "other than the moves"},
		{"0f 20 c0", "other than the moves"}, /* MOV from CR0 */
		{"0f a2", "other than the moves"},
		{"0f ff", "other than the moves"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		refuse(cases[i].hex, MODE_64, cases[i].words);
	/* In older modes only. */
	refuse("06", MODE_32, "a stack instruction");
	refuse("1f", MODE_16, "a stack instruction");
	refuse("60", MODE_32, "a stack instruction");
	refuse("c4 07", MODE_32, "LES");
	refuse("62 07", MODE_16, "BOUND");
	refuse("9a 00 00 00 00", MODE_16, "a jump, call or return");
}

/* All opcodes of both maps, in each mode: accepted are those of the list, and no others. */
static void no_other_opcodes(void **state)
{
	static const uint8_t one_byte[] = {0x88, 0x89, 0x8a, 0x8b, 0xa0, 0xa1,
					   0xa2, 0xa3, 0xc6, 0xc7, 0x63};
	static const uint8_t two_byte[] = {0xb6, 0xb7, 0xbe, 0xbf};
	static const uint8_t prefixes[] = {0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x64,
					   0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
	struct instruction out;
	const char *why;

	(void)state;
	for (unsigned int mode = 0; mode < 3; mode++) {
		for (unsigned int i = 0; i < 512; i++) {
			uint8_t bytes[INSTRUCTION_MAX_LENGTH] = {0x0f};
			unsigned int opcode = i % 256, escaped = i / 256;
			bool move;

			if (!escaped && (memchr(prefixes, (int)opcode, sizeof(prefixes)) ||
					 (mode == MODE_64 && opcode >> 4 == 4)))
				continue;
			bytes[escaped] = (uint8_t)opcode;
			if (escaped)
				move = memchr(two_byte, (int)opcode, sizeof(two_byte));
			else
				move = memchr(one_byte, (int)opcode, sizeof(one_byte)) &&
				       (opcode != 0x63 || mode == MODE_64);
			assert_int_equal(decode(bytes, sizeof(bytes), mode, &out, &why),
					 move ? 0 : -SILL_EINVAL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(as_assembled, name_encoding),
		cmocka_unit_test(operand_size),
		cmocka_unit_test(address_size),
		cmocka_unit_test(sixteen_bit_forms),
		cmocka_unit_test(sib_forms),
		cmocka_unit_test(relative_to_rip),
		cmocka_unit_test(offsets),
		cmocka_unit_test(offset_wraps),
		cmocka_unit_test(segments),
		cmocka_unit_test(rex),
		cmocka_unit_test(high_bytes),
		cmocka_unit_test(extensions),
		cmocka_unit_test(immediates),
		cmocka_unit_test(load_result),
		cmocka_unit_test(store_value),
		cmocka_unit_test(too_long),
		cmocka_unit_test(nothing),
		cmocka_unit_test(refused_prefixes),
		cmocka_unit_test(refused_opcodes),
		cmocka_unit_test(no_other_opcodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
