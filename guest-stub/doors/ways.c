/* SPDX-License-Identifier: MIT */
/* The doors there are, and what the files of all of them use. */
#include <stdarg.h>
#include "console.h"
#include "cpu.h"
#include "exceptions.h"
#include "string.h"
#include "way.h"

const struct door doors[SILL_DOOR_COUNT] = {
#define SILL_DOOR(number, NAME, name, summary) {SILL_DOOR_##NAME, #name, &way_##name},
#include "../../doors/doors.def"
#undef SILL_DOOR
};

struct door_state door_state(enum sill_door_number door)
{
	struct cpuid_result r;

	if (!sill_present() || cpuid(SILL_CPUID_SIGNATURE, 0).eax < SILL_CPUID_DOORS)
		return (struct door_state){0};
	r = cpuid(SILL_CPUID_DOORS, door);
	return (struct door_state){r.eax, r.ebx, r.ecx, r.edx};
}

const char *door_state_name(uint32_t state)
{
	switch (state) {
	case SILL_DOOR_OPEN:
		return "open";
	case SILL_DOOR_OFF:
		return "off";
	case SILL_DOOR_LACKING:
		return "lacking";
	default:
		return "unknown";
	}
}

uint32_t way_state(const struct door *door, const struct way *way)
{
	uint32_t state = door_state(door->number).state;
	uint32_t vmcall = door_state(SILL_DOOR_VMCALL).state;

	return state == SILL_DOOR_OPEN && way->needs_vmcall ? vmcall : state;
}

int64_t try_vmcall(uint64_t number, uint64_t a, uint64_t b)
{
	int64_t answer = (int64_t)number;

	expect();
	__asm__ volatile(MAY_FAULT("vmcall") : "+a"(answer) : "D"(a), "S"(b), "d"(0) : "memory");
	return answer;
}

static uint64_t own_exits;

/* The answer of the call stats, which is an exit itself. */
static const struct sill_stats *stats(void)
{
	static struct sill_stats stats;
	int64_t answer = SILL_CALL_STATS;

	expect();
	__asm__ volatile(MAY_FAULT("vmcall")
			 : "+a"(answer)
			 : "D"(0), "S"(&stats), "d"(sizeof(stats))
			 : "memory");
	if (caught.vector != NO_EXCEPTION || sill_is_error(answer))
		memset(&stats, 0, sizeof(stats));
	else
		own_exits++;
	return &stats;
}

uint64_t exits_until_now(void)
{
	const struct sill_stats *s = stats();
	uint64_t sum = 0;

	for (unsigned i = 0; i < SILL_STATS_REASONS; i++)
		sum += s->exits[i];
	return sum ? sum - own_exits : 0;
}

uint64_t exits_for_reason(unsigned reason)
{
	return stats()->exits[reason];
}

static char text[160];
static unsigned text_length;

void happened(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text_length +=
		print_list_to(text + text_length, sizeof(text) - text_length, format, arguments);
	va_end(arguments);
}

const char *what_happened(void)
{
	text_length = 0;
	return text;
}

const char *exception_name(uint64_t vector)
{
	static const char *const names[] = {
		"#DE", "#DB",	    "NMI",	"#BP", "#OF", "#BR", "#UD",
		"#NM", "#DF",	    "vector 9", "#TS", "#NP", "#SS", "#GP",
		"#PF", "vector 15", "#MF",	"#AC", "#MC", "#XM", "#VE",
	};

	if (vector == NO_EXCEPTION)
		return "no exception";
	return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "another exception";
}

/* splitmix64's step: a bijection that changes about half of the bits. */
uint64_t mixed(uint64_t i)
{
	uint64_t z = i * 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void fill_mixed(void *block, size_t size, uint64_t seed)
{
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = mixed(seed + i);

		memcpy((char *)block + i, &word, size - i < 8 ? size - i : 8);
	}
}
