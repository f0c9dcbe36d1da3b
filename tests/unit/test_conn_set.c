// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The table of connections: where entries go, who finds them, who gives way. */
#include "support.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>

#include "svcroute/bloom.h"
#include "svcroute/conn_enter.h"

#define SETS   512
#define ROOM   (SETS * SR_CONN_WAYS)
#define STRIDE sizeof(struct sr_conn)

static const uint64_t seed[SR_CONN_SEEDS] = {0x0123456789abcdef, 0x1111111122222222, 3, 0x4000000000000004, 5};

static const struct sr_conn_clock now = {.now = 100000, .tcp = 30000, .udp = 500, .closing = 250, .unproven = 200};

static struct sr_conn_set *table_new(void)
{
	struct sr_conn_set *table = calloc(SETS, sizeof(*table));

	assert_non_null(table);
	return table;
}

static struct sr_conn_place place_of(struct sr_conn_set *table, const struct sr_tuple *tuple)
{
	uint64_t hash = sr_conn_hash((const __u64 *)seed, tuple);

	return (struct sr_conn_place){
		.first = &table[sr_conn_first_set(hash, SETS)],
		.second = &table[sr_conn_second_set(hash, SETS)],
		.stride = STRIDE,
		.tag = sr_conn_tag(hash),
		.home = sr_conn_home(hash),
	};
}

/* The i-th of many: clients of one service. */
static struct sr_conn entry_of(uint32_t i, uint32_t flags, uint32_t silent)
{
	struct sr_conn entry = {
		.from = {.dport = htons(90), .sport = htons(i), .proto = IPPROTO_TCP},
		.to = {.flags = flags},
		.seen = now.now - silent,
		.isn = i,
	};

	entry.from.src.word[2] = entry.from.dst.word[2] = htonl(0xffff);
	entry.from.src.word[3] = htonl(0x0a000000 | i >> 16);
	entry.from.dst.word[3] = htonl(0xc6336407);
	return entry;
}

static enum sr_conn_inserted insert(struct sr_conn_set *table, const struct sr_conn *entry)
{
	struct sr_conn_place place = place_of(table, &entry->from);

	return sr_conn_insert(&place, entry, &now);
}

static bool has(struct sr_conn_set *table, const struct sr_conn *entry)
{
	struct sr_conn_place place = place_of(table, &entry->from);
	struct sr_conn_set *set;
	int way = sr_conn_find(&place, &entry->from, &set);

	return way >= 0 && memcmp(sr_set_at(set, way, STRIDE), entry, sizeof(*entry)) == 0;
}

static void fill(struct sr_conn_set *table, uint32_t from, uint32_t num, uint32_t flags, uint32_t silent)
{
	for (uint32_t i = from; i < from + num; i++) {
		struct sr_conn entry = entry_of(i, flags, silent);

		insert(table, &entry);
	}
}

static uint32_t count(struct sr_conn_set *table, uint32_t from, uint32_t num, uint32_t flags, uint32_t silent)
{
	uint32_t found = 0;

	for (uint32_t i = from; i < from + num; i++) {
		struct sr_conn entry = entry_of(i, flags, silent);

		found += has(table, &entry);
	}
	return found;
}

/* --- the ways of a set ---------------------------------------------------------------- */

static void ways_by_their_tags(void **state)
{
	uint64_t tags = 0x8000ff81ff008081;

	(void)state;
	assert_int_equal(sr_set_used(tags), 6);
	assert_int_equal(sr_set_way(sr_set_free(tags)), 2);
	assert_int_equal(sr_set_way(sr_set_match(tags, 0x81)), 0);
	assert_int_equal(sr_set_way(sr_set_match(tags, 0x80)), 1);
	assert_int_equal(sr_set_way(sr_set_match(tags, 0xff)), 3);
	assert_true(sr_set_match(tags, 0x99) == 0);
	for (uint32_t way = 0; way < SR_CONN_WAYS; way++)
		assert_int_equal(sr_set_way(0x80ULL << way * 8 | 0x8000000000000000), way);
}

/* Whoever changes these changes SR_LAYOUT_VERSION, too: pinned maps are read by them. */
static void hashes_of_what_is_pinned(void **state)
{
	struct sr_conn v4 = entry_of(70000, 0, 0), v6 = v4;

	(void)state;
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		skip();
	v6.from.dst.half[0] = v6.from.src.half[0] = 0xfd;
	assert_true(sr_conn_hash((const __u64 *)seed, &v4.from) == 0x6a21fb21ad0f8731);
	assert_true(sr_conn_hash((const __u64 *)seed, &v6.from) == 0xba2ed5ef956f3f74);
	assert_int_equal(sr_bloom_bit(&v4.from.dst, SR_BLOOM_SERVED), 0x168806);
	assert_int_equal(sr_bloom_bit(&v4.from.src, htons(90)), 0x1b3e63);
	assert_int_equal(sr_bloom_bit(&v6.from.dst, SR_BLOOM_SERVED), 0x132806);
}

/* A client's packets come from ever new ports, and shall not meet ever new memory. */
static void ports_of_an_address_share_a_line(void **state)
{
	const struct sr_addr addr = entry_of(70000, 0, 0).from.src;
	uint32_t line = sr_bloom_bit(&addr, SR_BLOOM_SERVED) >> SR_BLOOM_LINE_BITS;
	bool is_seen[1 << SR_BLOOM_LINE_BITS] = {};
	int num = 0;

	(void)state;
	for (uint32_t port = 0; port < 512; port++) {
		uint32_t bit = sr_bloom_bit(&addr, htons(port));

		assert_int_equal(bit >> SR_BLOOM_LINE_BITS, line);
		num += !is_seen[bit % ARRAY_SIZE(is_seen)];
		is_seen[bit % ARRAY_SIZE(is_seen)] = true;
	}
	/* Of 512 drawn at random 324 would differ. */
	assert_true(num > 250);
}

/* An endpoint's address is not taken for a frontend's because of its port. */
static void well_known_ports_are_no_addresses(void **state)
{
	static const uint16_t ports[] = {53,   80,   85,   90,	 443,  853,  2379,  3000,  3306,  4317,	 5000,
					 5060, 5432, 5672, 6379, 6443, 8000, 8080,  8081,  8443,  8888,	 9000,
					 9090, 9092, 9093, 9100, 9153, 9200, 10250, 15012, 15017, 27017, 50051};
	const struct sr_addr addr = entry_of(70000, 0, 0).from.src;

	(void)state;
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		assert_int_not_equal(sr_bloom_bit(&addr, htons(ports[i])), sr_bloom_bit(&addr, SR_BLOOM_SERVED));
}

/* Lines of 4096 addresses: `at` and those after it, counted from bit `shift` of a half on. */
static int lines_of(struct sr_addr at, int half, int shift)
{
	bool is_seen[1 << (SR_BLOOM_BITS - SR_BLOOM_LINE_BITS)] = {};
	uint64_t base = be64toh(at.half[half]);
	int num = 0;

	for (uint64_t i = 0; i < 4096; i++) {
		uint32_t line;

		at.half[half] = htobe64(base + (i << shift));
		line = sr_bloom_bit(&at, SR_BLOOM_SERVED) >> SR_BLOOM_LINE_BITS;
		num += !is_seen[line];
		is_seen[line] = true;
	}
	return num;
}

/* Of 4096 lines so many drawn at random would be 2589. */
static void addresses_spread_over_lines(void **state)
{
	const struct sr_addr v4 = {.half = {0, htobe64(0xffff0a600000)}}, v6 = {.half = {htobe64(0xfd000240ULL << 32)}};

	(void)state;
	assert_true(lines_of(v4, 1, 0) > 2000);
	assert_true(lines_of(v4, 1, 8) > 2000);
	assert_true(lines_of(v6, 1, 0) > 2000);
	assert_true(lines_of(v6, 1, 16) > 2000);
	assert_true(lines_of(v6, 1, 48) > 2000);
	assert_true(lines_of(v6, 0, 0) > 2000);
	assert_true(lines_of(v6, 0, 16) > 2000);
}

/* --- entries -------------------------------------------------------------------------- */

static void entered_found_removed(void **state)
{
	struct sr_conn_set *table = table_new();
	struct sr_conn entry = entry_of(1, 0, 0), other = entry_of(2, 0, 0);
	struct sr_conn_place place = place_of(table, &entry.from);

	(void)state;
	assert_false(has(table, &entry));
	assert_int_equal(insert(table, &entry), SR_CONN_INSERTED);
	assert_int_equal(insert(table, &entry), SR_CONN_EXISTS);
	assert_true(has(table, &entry));
	assert_false(has(table, &other));
	assert_true(sr_conn_remove(&place, &entry.from));
	assert_false(has(table, &entry));
	assert_true(sr_conn_remove(&place, &entry.from));
	free(table);
}

/* Where most packets look first; where another has its tag there, it goes elsewhere. */
static void home_if_it_is_free(void **state)
{
	struct sr_conn_set *table = table_new();
	struct sr_conn entry = entry_of(1, 0, 0);
	struct sr_conn_place place = place_of(table, &entry.from);

	(void)state;
	assert_int_equal(insert(table, &entry), SR_CONN_INSERTED);
	assert_int_equal(sr_set_tag_at(place.first->tags, place.home), place.tag);
	assert_memory_equal(sr_set_at(place.first, place.home, STRIDE), &entry, sizeof(entry));

	assert_true(sr_conn_remove(&place, &entry.from));
	sr_set_tag(place.first, place.home, 0x99);
	assert_int_equal(insert(table, &entry), SR_CONN_INSERTED);
	assert_int_equal(sr_set_tag_at(place.first->tags, place.home), 0x99);
	assert_true(has(table, &entry));
	free(table);
}

/* Wherever they went, each is found, is entered once, and can be removed. */
static void two_thirds_full_and_none_displaced(void **state)
{
	struct sr_conn_set *table = table_new();
	uint32_t num = ROOM * 2 / 3;

	(void)state;
	fill(table, 0, num, SR_CONN_PROVEN, 0);
	assert_int_equal(count(table, 0, num, SR_CONN_PROVEN, 0), num);
	for (uint32_t i = 0; i < num; i++) {
		struct sr_conn entry = entry_of(i, SR_CONN_PROVEN, 0);
		struct sr_conn_place place = place_of(table, &entry.from);

		assert_int_equal(insert(table, &entry), SR_CONN_EXISTS);
		assert_true(sr_conn_remove(&place, &entry.from));
	}
	for (uint32_t i = 0; i < SETS; i++)
		assert_true(table[i].tags == 0 && table[i].lock == 0);
	free(table);
}

/* --- who gives way ---------------------------------------------------------------------- */

static void a_flood_displaces_no_active_connection(void **state)
{
	struct sr_conn_set *table = table_new();
	uint32_t num = ROOM / 2;

	(void)state;
	fill(table, 0, num, SR_CONN_PROVEN, 100);
	fill(table, num, 100 * ROOM, 0, 0);
	assert_int_equal(count(table, 0, num, SR_CONN_PROVEN, 100), num);
	free(table);
}

/* Eight tuples of one first set, whose second is the same or full as well, cannot be arranged: a table of one set. */
static struct sr_conn_set one_set;

static struct sr_conn_place only_place(const struct sr_conn *entry)
{
	return (struct sr_conn_place){
		.first = &one_set,
		.second = &one_set,
		.stride = STRIDE,
		.tag = sr_conn_tag(sr_conn_hash((const __u64 *)seed, &entry->from)),
	};
}

static enum sr_conn_inserted insert_only(uint32_t i, uint32_t flags, uint32_t silent)
{
	struct sr_conn entry = entry_of(i, flags, silent);
	struct sr_conn_place place = only_place(&entry);

	return sr_conn_insert(&place, &entry, &now);
}

static bool has_only(uint32_t i)
{
	struct sr_conn entry = entry_of(i, 0, 0);
	struct sr_conn_place place = only_place(&entry);
	struct sr_conn_set *set;

	return sr_conn_find(&place, &entry.from, &set) >= 0;
}

static void expect_order(const uint32_t *order, uint32_t num)
{
	for (uint32_t i = 0; i < num; i++) {
		assert_true(has_only(order[i]));
		assert_int_equal(insert_only(100 + i, SR_CONN_PROVEN, 0), SR_CONN_INSERTED);
		assert_false(has_only(order[i]));
	}
}

/* In the order in which they came; and then the others' time is up, or they are silent. */
static void who_is_not_kept_then_the_dead_then_the_silent(void **state)
{
	static const struct {
		uint32_t flags, silent;
	} given[SR_CONN_WAYS] = {
		{SR_CONN_PROVEN, 250},			/* active */
		{0, 1},					/* unproven */
		{SR_CONN_PROVEN | SR_CONN_CLOSED, 100}, /* closed */
		{SR_CONN_PROVEN, 251},			/* silent for as long as a closed one is kept */
		{SR_CONN_PROVEN | SR_CONN_RESET, 20},	/* reset, it may be forged */
		{SR_CONN_PROVEN, 252},			/* ... for longer */
		{0, 100},				/* unproven */
		{SR_CONN_PROVEN, 40000},		/* its time is up */
	};
	static const uint32_t order[] = {1, 2, 4, 6, 7, 5, 3};

	(void)state;
	for (uint32_t i = 0; i < SR_CONN_WAYS; i++)
		assert_int_equal(insert_only(i, given[i].flags, given[i].silent), SR_CONN_INSERTED);
	expect_order(order, ARRAY_SIZE(order));
	assert_true(has_only(0));
	assert_int_equal(insert_only(200, SR_CONN_PROVEN, 0), SR_CONN_FULL);
	assert_true(has_only(0));
	assert_false(has_only(200));
}

/* A writer that does not finish is not waited for, and nothing is changed. */
static void a_lock_that_stays(void **state)
{
	struct sr_conn_set *table = table_new();
	struct sr_conn entry = entry_of(1, 0, 0);
	struct sr_conn_place place = place_of(table, &entry.from);

	(void)state;
	assert_int_equal(insert(table, &entry), SR_CONN_INSERTED);
	place.first->lock = 1;
	assert_false(sr_conn_remove(&place, &entry.from));
	assert_int_equal(insert(table, &entry), SR_CONN_FULL);
	assert_true(has(table, &entry));
	assert_int_equal(place.first->lock, 1);
	free(table);
}

/* --- both halves at once ------------------------------------------------------------------ */

static bool insert_pair(struct sr_conn_set *table, const struct sr_conn *a, const struct sr_conn *b)
{
	struct sr_conn_place places[] = {place_of(table, &a->from), place_of(table, &b->from)};

	return sr_conn_insert_pair(places, a, b);
}

static bool is_unlocked(const struct sr_conn_set *table)
{
	for (uint32_t i = 0; i < SETS; i++)
		if (table[i].lock)
			return false;
	return true;
}

/* Up to a table that is full of who is kept, and beyond. */
static void both_or_neither(void **state)
{
	struct sr_conn_set *table = table_new();
	uint32_t in_time = 0, late = 0;

	(void)state;
	for (uint32_t i = 0; i < ROOM * 2; i += 2) {
		struct sr_conn a = entry_of(i, SR_CONN_PROVEN, 0), b = entry_of(i + 1, SR_CONN_PROVEN, 0);
		bool done = insert_pair(table, &a, &b);

		assert_int_equal(has(table, &a), done);
		assert_int_equal(has(table, &b), done);
		*(i < ROOM * 2 / 3 ? &in_time : &late) += done;
	}
	assert_true(is_unlocked(table));
	/* Some pairs share a set. */
	assert_in_range(in_time, ROOM / 3 * 98 / 100, ROOM / 3);
	assert_in_range(late, 1, ROOM / 6);
	free(table);
}

static void neither_where_one_is_there(void **state)
{
	struct sr_conn_set *table = table_new();
	struct sr_conn a = entry_of(1, 0, 0), b = entry_of(2, 0, 0);

	(void)state;
	assert_int_equal(insert(table, &a), SR_CONN_INSERTED);
	assert_false(insert_pair(table, &a, &b));
	assert_false(insert_pair(table, &b, &a));
	assert_false(has(table, &b));
	assert_true(is_unlocked(table));
	assert_false(insert_pair(table, &b, &b));
	free(table);
}

static void neither_where_a_lock_stays(void **state)
{
	struct sr_conn_set *table = table_new();
	struct sr_conn a = entry_of(1, 0, 0), b = entry_of(2, 0, 0);
	struct sr_conn_place place = place_of(table, &b.from);

	(void)state;
	place.first->lock = 1;
	assert_false(insert_pair(table, &a, &b));
	assert_false(insert_pair(table, &b, &a));
	assert_int_equal(place.first->lock, 1);
	place.first->lock = 0;
	assert_true(is_unlocked(table));
	assert_true(insert_pair(table, &a, &b));
	free(table);
}

/* From the hand on, and around. */
static void the_next_that_is_not_kept(void **state)
{
	(void)state;
	for (uint32_t kept = 0; kept < 0x100; kept++)
		for (uint32_t hand = 0; hand < SR_CONN_WAYS; hand++) {
			struct sr_conn_set set = {.kept = kept, .hand = hand + SR_CONN_WAYS};
			int expected = SR_CONN_NOWHERE;

			for (uint32_t i = SR_CONN_WAYS; i-- > 0;)
				if (!(kept >> (hand + i) % SR_CONN_WAYS & 1))
					expected = (int)((hand + i) % SR_CONN_WAYS);
			assert_int_equal(sr_conn_choose_unkept(&set), expected);
		}
}

/* --- hashing ---------------------------------------------------------------------------- */

/* Neighbouring tuples spread as if at random: no set has many more than its share. */
static void tuples_spread(void **state)
{
	static uint32_t load[2][SETS];

	(void)state;
	for (uint32_t i = 0; i < SETS * 100; i++) {
		struct sr_conn entry = entry_of(i, 0, 0);
		uint64_t hash = sr_conn_hash((const __u64 *)seed, &entry.from);

		load[0][sr_conn_first_set(hash, SETS)]++;
		load[1][sr_conn_second_set(hash, SETS)]++;
	}
	for (int which = 0; which < 2; which++)
		for (uint32_t i = 0; i < SETS; i++)
			assert_in_range(load[which][i], 50, 160);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_by_their_tags),
		cmocka_unit_test(hashes_of_what_is_pinned),
		cmocka_unit_test(ports_of_an_address_share_a_line),
		cmocka_unit_test(addresses_spread_over_lines),
		cmocka_unit_test(well_known_ports_are_no_addresses),
		cmocka_unit_test(entered_found_removed),
		cmocka_unit_test(home_if_it_is_free),
		cmocka_unit_test(two_thirds_full_and_none_displaced),
		cmocka_unit_test(a_flood_displaces_no_active_connection),
		cmocka_unit_test(who_is_not_kept_then_the_dead_then_the_silent),
		cmocka_unit_test(a_lock_that_stays),
		cmocka_unit_test(both_or_neither),
		cmocka_unit_test(neither_where_one_is_there),
		cmocka_unit_test(neither_where_a_lock_stays),
		cmocka_unit_test(the_next_that_is_not_kept),
		cmocka_unit_test(tuples_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
