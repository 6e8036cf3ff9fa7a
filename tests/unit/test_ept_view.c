/* SPDX-License-Identifier: MIT */
/* UNIT: ept/view.c ept/ept.c ept/ept_audit.c ept/memory_type.c */
/*
 * The second view: it shows all that the EPT beneath shows, whatever happens there, and its own
 * pages besides; the EPT itself never shows those.
 */
#include <sill/errno.h>

#include "ept/view.h"
#include "tests/unit/ept_fixture.h"

static struct ept_view view;

/* What a CPU finds for gpa by the view's tables: as ept_translate(), from another root. */
static int look(uint64_t gpa, uint64_t *hpa, struct ept_leaf *leaf)
{
	struct ept seen = ept;

	seen.root = view.root;
	return ept_translate(&seen, gpa, hpa, leaf);
}

static void shows_the_same(uint64_t gpa)
{
	struct ept_leaf here = {0}, there = {0};
	int expected = ept_translate(&ept, gpa, NULL, &there);

	assert_int_equal(look(gpa, NULL, &here), expected);
	assert_memory_equal(&here, &there, sizeof(here));
}

static void make_view(uint64_t gpa)
{
	assert_int_equal(ept_view_create(&view, &ept, gpa), 0);
	assert_int_equal(ept_view_map(&view, gpa, MIB(1), RX), 0);
	assert_int_equal(ept_view_map(&view, gpa + PAGE, MIB(1) + PAGE, R), 0);
}

static void test_shows_own_pages(void **unused)
{
	struct ept_leaf leaf;
	uint64_t hpa;

	(void)unused;
	add_type(MIB(1), PAGE, MEMORY_TYPE_UC);
	assert_int_equal(ept_map(&ept, 0, GIB(4), MIB(32), EPT_ALL), 0);
	make_view(GIB(1));
	assert_int_equal(look(GIB(1) + 5, &hpa, &leaf), 0);
	assert_int_equal(hpa, MIB(1) + 5);
	assert_int_equal(leaf.permissions, RX);
	assert_int_equal(leaf.type, MEMORY_TYPE_UC);
	assert_int_equal(look(GIB(1) + PAGE, &hpa, &leaf), 0);
	assert_int_equal(leaf.permissions, R);
	assert_int_equal(leaf.type, MEMORY_TYPE_WB);
	assert_int_equal(look(GIB(1) + 2 * PAGE, NULL, NULL), -SILL_EFAULT);
	assert_int_equal(ept_translate(&ept, GIB(1), NULL, NULL), -SILL_EFAULT);
	ept_view_destroy(&view);
}

static void test_pointer(void **unused)
{
	(void)unused;
	make_view(GIB(1));
	assert_int_equal(ept_view_pointer(&view) & ~0xfffull, view.root);
	assert_int_equal(ept_view_pointer(&view) & 0xfff, ept_pointer(&ept, false) & 0xfff);
	ept_view_destroy(&view);
}

/* In the same 512 GiB as all else, and in others; with RAM in 4 KiB to 1 GiB pages. */
static void test_shows_the_rest(void **unused)
{
	static const uint64_t places[] = {GIB(1), GIB(511), GIB(512), GIB(1023), GIB(5000)};
	static const uint64_t capabilities[] = {CAPABILITIES_4K, CAPABILITIES_2M, CAPABILITIES_1G};

	(void)unused;
	for (unsigned int c = 0; c < 3; c++) {
		for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			restart(capabilities[c]);
			assert_int_equal(ept_map(&ept, 0, GIB(4), MIB(16), EPT_ALL), 0);
			assert_int_equal(ept_map(&ept, GIB(2), GIB(8), MIB(4), RW), 0);
			make_view(places[i]);
			for (uint64_t gpa = 0; gpa < MIB(32); gpa += PAGE)
				shows_the_same(gpa);
			for (uint64_t gpa = GIB(2) - MIB(1); gpa < GIB(2) + MIB(8); gpa += PAGE)
				shows_the_same(gpa);
			ept_view_destroy(&view);
		}
	}
}

static uint64_t somewhere(void)
{
	uint64_t gpa = (below(4) * GIB(200) + below(3) * GIB(1) + below(1024) * PAGE);

	return gpa - view.gpa < GIB(1) ? gpa + GIB(1) : gpa;
}

/* Whatever changes beneath: below the upper tables at once, in them after ept_view_follow(). */
static void test_follows(void **unused)
{
	(void)unused;
	seed = 0x9e3779b97f4a7c15;
	make_view(GIB(201));
	for (unsigned int round = 0; round < 3000; round++) {
		uint64_t gpa = somewhere(), size = (1 + below(600)) * PAGE,
			 seen = ept.upper_changes;
		unsigned int kind = (unsigned int)below(4);

		if (gpa < view.gpa && gpa + size > view.gpa)
			continue;
		if (kind == 0)
			assert_int_equal(ept_unmap(&ept, gpa, size), 0);
		else if (kind == 1)
			assert_int_equal(ept_protect(&ept, gpa, size, RX), 0);
		else
			assert_int_equal(
				ept_map(&ept, gpa, GIB(4) + below(1000) * PAGE, size, EPT_ALL), 0);
		/* Else nobody would follow. */
		if (ept.upper_changes == seen)
			shows_the_same(gpa);
		if (ept.upper_changes != view.seen)
			ept_view_follow(&view);
		for (unsigned int i = 0; i < 20; i++)
			shows_the_same(somewhere());
		shows_the_same(gpa);
		shows_the_same(gpa + size - PAGE);
		assert_int_equal(look(view.gpa, NULL, NULL), 0);
	}
	ept_view_destroy(&view);
}

static void test_refusals(void **unused)
{
	unsigned int used;

	(void)unused;
	assert_int_equal(ept_view_create(&view, &ept, GIB(1) + PAGE), -SILL_EINVAL);
	assert_int_equal(ept_view_create(&view, &ept, 1ull << 46), -SILL_ERANGE);
	assert_int_equal(ept_view_create(&view, &ept, 1ull << 48), -SILL_ERANGE);
	assert_int_equal(ept_map(&ept, GIB(3) - PAGE, 0, PAGE, R), 0);
	assert_int_equal(ept_view_create(&view, &ept, GIB(2)), -SILL_EEXIST);
	used = tables.used;
	for (unsigned int allowance = 0; allowance < 4; allowance++) {
		tables.allowance = allowance;
		assert_int_equal(ept_view_create(&view, &ept, GIB(3)), -SILL_ENOMEM);
		assert_int_equal(tables.used, used);
	}
	tables.allowance = TABLES_MAX;
	make_view(GIB(3));
	assert_int_equal(ept_view_map(&view, GIB(3) + MIB(2), 0, R), -SILL_ERANGE);
	assert_int_equal(ept_view_map(&view, GIB(2), 0, R), -SILL_ERANGE);
	assert_int_equal(ept_view_map(&view, GIB(3), 1ull << 46, R), -SILL_ERANGE);
	assert_int_equal(ept_view_map(&view, GIB(3), 0, W), -SILL_EINVAL);
	assert_int_equal(ept_view_map(&view, GIB(3), 0, 0), -SILL_EINVAL);
	assert_int_equal(ept_view_map(&view, GIB(3) + 1, 0, R), -SILL_EINVAL);
	ept_view_destroy(&view);
	assert_int_equal(tables.used, used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shows_own_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pointer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_shows_the_rest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_follows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
