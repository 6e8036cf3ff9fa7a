/* SPDX-License-Identifier: MIT */
/*
 * A repair for one miscompiled function of Bochs, loaded into it with LD_PRELOAD.
 *
 * Debian's build of Bochs 3.1 (3.1+dfsg-1) gets the guest's 64-bit IDIV wrong nearly every time:
 * the compiler, allowed to assume strict aliasing, dropped the store of the dividend's low half
 * inside long_idiv(). UEFI firmware and operating systems crash on that long before Sill starts.
 *
 * The constructor below runs inside Bochs before its main(). It looks long_idiv() up by name and
 * calls it with divisions whose results are known. Only if one comes out wrong does it overwrite
 * the start of the function with a jump to the correct one here. A Bochs that divides correctly is
 * left alone, so this library can be loaded into every Bochs.
 *
 * SILL_EMULATOR_REPAIR in the environment: "report" says on standard error what was found and done.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "patch.h"

typedef unsigned __int128 uint128_t;

/* The layout that Bochs gives a 128-bit integer. */
struct bit128s {
	uint64_t lo;
	int64_t hi;
};

typedef void long_idiv_fn(struct bit128s *quotient, int64_t *remainder,
			  const struct bit128s *dividend, int64_t divisor);

/*
 * Signed division that truncates toward zero, the remainder taking the dividend's sign. It is done
 * on magnitudes, because negating or dividing the most negative number is undefined in C. Bochs has
 * already excluded a divisor of zero and checks itself whether the quotient fits 64 bits.
 */
static void long_idiv(struct bit128s *quotient, int64_t *remainder, const struct bit128s *dividend,
		      int64_t divisor)
{
	uint128_t n = ((uint128_t)(uint64_t)dividend->hi << 64) | dividend->lo;
	uint64_t d = (uint64_t)divisor;
	int n_negative = dividend->hi < 0;
	int d_negative = divisor < 0;
	uint128_t q;
	uint64_t r;

	if (n_negative)
		n = -n;
	if (d_negative)
		d = -d;

	q = n / d;
	r = (uint64_t)(n % d);
	if (n_negative != d_negative)
		q = -q;
	if (n_negative)
		r = -r;

	quotient->lo = (uint64_t)q;
	quotient->hi = (int64_t)(uint64_t)(q >> 64);
	*remainder = (int64_t)r;
}

static int divides_correctly(long_idiv_fn *fn)
{
	static const struct {
		struct bit128s dividend;
		int64_t divisor;
	} cases[] = {
		{{100, 0}, 7},
		{{(uint64_t)-100, -1}, 7},
		{{0x123456789abcdef0, 0}, -12345},
		{{0x123456789abcdef0, 0x1234}, 0x7fffffffffff},
		{{0, INT64_MIN}, INT64_MIN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Filled with different rubbish, so that a result never stored cannot match. */
		struct bit128s q = {0x1111, 0x2222}, want_q = {0x3333, 0x4444};
		int64_t r = 0x5555, want_r = 0x6666;

		fn(&q, &r, &cases[i].dividend, cases[i].divisor);
		long_idiv(&want_q, &want_r, &cases[i].dividend, cases[i].divisor);
		if (q.lo != want_q.lo || q.hi != want_q.hi || r != want_r)
			return 0;
	}
	return 1;
}

__attribute__((constructor)) static void repair(void)
{
	const char *report = getenv("SILL_EMULATOR_REPAIR");
	const char *outcome;
	void *theirs = dlsym(RTLD_DEFAULT, "_Z9long_idivP7Bit128sPlPKS_l");
	long_idiv_fn *fn;

	/* ISO C has no cast from an object pointer to a function pointer. */
	memcpy(&fn, &theirs, sizeof(fn));
	if (theirs == NULL) {
		outcome = "long_idiv() not found, nothing checked";
	} else if (divides_correctly(fn)) {
		outcome = "long_idiv() is right, nothing changed";
	} else {
		long_idiv_fn *ours = long_idiv;
		void *target;

		memcpy(&target, &ours, sizeof(target));
		if (patch_redirect(theirs, target) == 0 && divides_correctly(fn)) {
			outcome = "long_idiv() was wrong and is repaired";
		} else {
			fputs("sill: Bochs' 64-bit IDIV is wrong and could not be repaired\n",
			      stderr);
			_exit(1);
		}
	}
	if (report != NULL && strcmp(report, "report") == 0)
		fprintf(stderr, "sill: idiv: %s\n", outcome);
}
