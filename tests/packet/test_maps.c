// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Plans in the maps, without a packet: indexes that stay, maps that are full,
 * and what a killed process leaves behind.
 */
#include "tests.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <bpf/bpf.h>

#include "base/array.h"
#include "base/error.h"
#include "kernel/maps.h"

#define MAX_BACKENDS 131071

/* A service "NUMBER" of 10.96.x.y:80 with `num` endpoints from 10.244.0.0 + first on. */
static void want(struct sr_services *services, uint32_t number, uint32_t first, uint32_t num)
{
	struct sr_service *service = sr_services_add(services);
	struct sr_frontend_spec frontend = {.at = {.port = htons(80), .proto = IPPROTO_TCP}};
	struct sr_endpoint endpoint = {
		.port = htons(8080), .weight = 1, .flags = SR_BACKEND_IN_CLUSTER, .id = SR_NO_ID};
	char name[16];

	snprintf(name, sizeof(name), "%08u", number);
	assert_non_null(service);
	assert_int_equal(sr_string_set(&service->namespace, "maps"), 0);
	assert_int_equal(sr_string_set(&service->name, name), 0);
	assert_int_equal(sr_string_set(&service->port_name, "http"), 0);
	assert_int_equal(sr_string_set(&service->origin, "test"), 0);
	service->family = 4;
	service->proto = IPPROTO_TCP;

	assert_int_equal(sr_addr_parse(&frontend.at.addr, "10.96.0.0"), 0);
	frontend.at.addr.word[3] = htonl(ntohl(frontend.at.addr.word[3]) + number);
	assert_int_equal(sr_service_add_frontend(service, &frontend), 0);
	assert_int_equal(sr_addr_parse(&endpoint.addr, "10.244.0.0"), 0);
	for (uint32_t i = 0; i < num; i++) {
		endpoint.addr.word[3] = htonl((10u << 24 | 244u << 16) + first + i);
		assert_int_equal(sr_service_add_endpoint(service, &endpoint), 0);
	}
}

static int apply(const struct sr_services *desired, struct sr_error *err)
{
	sr_autoservices struct sr_services programmed = {};
	sr_autoplan struct sr_plan plan = {};

	assert_int_equal(sr_maps_read(harness_datapath(), &programmed, err), 0);
	assert_int_equal(sr_plan_make(&plan, &programmed, desired, NULL, err), 0);
	return sr_maps_apply(harness_datapath(), &plan, err);
}

/* What is programmed is what was desired: the planner finds nothing to do. */
static void expect_programmed(const struct sr_services *desired)
{
	sr_autoservices struct sr_services programmed = {};
	sr_autoplan struct sr_plan plan = {};

	assert_int_equal(sr_maps_read(harness_datapath(), &programmed, NULL), 0);
	assert_int_equal(sr_plan_make(&plan, &programmed, desired, NULL, NULL), 0);
	assert_true(sr_plan_is_empty(&plan));
}

static void given(const struct sr_services *desired)
{
	assert_int_equal(apply(desired, NULL), 0);
	expect_programmed(desired);
}

/* The programmed endpoint of service 1 at 10.244.0.0 + offset. */
static uint32_t index_of(uint32_t offset)
{
	sr_autoservices struct sr_services programmed = {};

	assert_int_equal(sr_maps_read(harness_datapath(), &programmed, NULL), 0);
	for (size_t i = 0; i < programmed.item[0].num_endpoints; i++)
		if (ntohl(programmed.item[0].endpoints[i].addr.word[3]) == (10u << 24 | 244u << 16) + offset)
			return programmed.item[0].endpoints[i].id;
	return SR_NO_ID;
}

static int map_fd(const char *name)
{
	return sr_datapath_map_fd(harness_datapath(), name);
}

static struct sr_backend backend_at(uint32_t index)
{
	struct sr_backend backend;

	assert_int_equal(bpf_map_lookup_elem(map_fd("sr_backends"), &index, &backend), 0);
	return backend;
}

TEST(an_endpoint_that_stays_keeps_its_index)
{
	sr_autoservices struct sr_services before = {}, after = {};
	uint32_t kept, gone;

	want(&before, 1, 1, 3);
	given(&before);
	kept = index_of(3);
	gone = index_of(1);

	want(&after, 1, 2, 4);
	given(&after);
	assert_int_equal(index_of(3), kept);
	assert_int_equal(backend_at(kept).generation & 1, 1);
	assert_int_equal(backend_at(gone).generation & 1, 0);
}

TEST(a_plan_that_does_not_fit_changes_nothing)
{
	sr_autoservices struct sr_services fits = {}, too_many = {};
	struct sr_error err = {};

	want(&fits, 1, 1, 3);
	given(&fits);
	want(&too_many, 1, 1, 4);
	want(&too_many, 2, 1, MAX_BACKENDS);
	assert_int_equal(apply(&too_many, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "sr_backends"));
	expect_programmed(&fits);
}

TEST(ten_thousand_services_come_change_and_go)
{
	sr_autoservices struct sr_services first = {}, second = {}, none = {};

	for (uint32_t i = 0; i < 10000; i++) {
		want(&first, i, i, 10);
		want(&second, i, i + 1, 10);
	}
	given(&first);
	given(&second);
	given(&none);
}

/* More endpoints than the maps have room for, one after the other; and one service that stays all the while. */
TEST(a_plan_begins_with_what_the_former_has_written)
{
	sr_autoservices struct sr_services first = {}, last = {};

	want(&first, 1, 0, 1000);
	want(&first, 2, 0, 3);
	given(&first);
	assert_int_equal(sr_maps_read(harness_datapath(), &last, NULL), 0);
	for (uint32_t round = 1; round <= 300; round++) {
		sr_autoservices struct sr_services next = {};
		sr_autoplan struct sr_plan plan = {};
		const struct sr_services was = {.item = last.item, .num = 1};
		struct sr_service former = last.item[0];

		want(&next, 1, round * 500, 1000 + round % 7);
		assert_int_equal(sr_plan_make(&plan, &was, &next, NULL, NULL), 0);
		assert_int_equal(sr_maps_apply(harness_datapath(), &plan, NULL), 0);
		last.item[0] = next.item[0];
		next.item[0] = former;
	}
	expect_programmed(&last);
}

/* Killed after a backend was written, before any slot named it. */
TEST(a_backend_that_no_slot_names_is_no_endpoint)
{
	sr_autoservices struct sr_services services = {};
	struct sr_backend orphan;
	uint32_t index = 4711;

	want(&services, 1, 1, 3);
	given(&services);
	orphan = backend_at(index_of(1));
	orphan.addr.byte[15] = 99;
	assert_int_equal(bpf_map_update_elem(map_fd("sr_backends"), &index, &orphan, BPF_ANY), 0);
	expect_programmed(&services);
}

/* Killed after the slots had changed, before the weights were told. */
TEST(slots_that_belie_the_weights_are_written_anew)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service_entry entry, cut;
	uint32_t id;

	want(&services, 1, 1, 3);
	given(&services);
	id = backend_at(index_of(1)).service;
	assert_int_equal(bpf_map_lookup_elem(map_fd("sr_services"), &id, &entry), 0);
	cut = entry;
	cut.run[SR_SET_CLUSTER] = sr_run(sr_run_base(entry.run[SR_SET_CLUSTER]) + 1, 1);
	assert_int_equal(bpf_map_update_elem(map_fd("sr_services"), &id, &cut, BPF_ANY), 0);
	given(&services);
}

static struct sr_service_entry entry_of(uint32_t backend)
{
	struct sr_service_entry entry;
	uint32_t id = backend_at(backend).service;

	assert_int_equal(bpf_map_lookup_elem(map_fd("sr_services"), &id, &entry), 0);
	return entry;
}

/* The one slot of a run. */
static uint32_t slot_of(uint64_t run)
{
	uint32_t slot = sr_run_base(run), backend;

	assert_int_equal(sr_run_count(run), 1);
	assert_int_equal(bpf_map_lookup_elem(map_fd("sr_slots"), &slot, &backend), 0);
	return backend;
}

TEST(each_set_has_its_own_slots)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service_entry entry;

	want(&services, 1, 1, 3);
	services.item[0].endpoints[0].flags = SR_BACKEND_IN_CLUSTER | SR_BACKEND_ON_NODE;
	services.item[0].endpoints[1].flags = SR_BACKEND_IN_LOCAL | SR_BACKEND_ON_NODE;
	services.item[0].endpoints[2].flags = 0;
	given(&services);
	entry = entry_of(index_of(1));
	assert_int_equal(slot_of(entry.run[SR_SET_CLUSTER]), index_of(1));
	assert_int_equal(slot_of(entry.run[SR_SET_LOCAL]), index_of(2));
	assert_int_equal(backend_at(index_of(2)).flags, SR_BACKEND_IN_LOCAL | SR_BACKEND_ON_NODE);
	assert_int_equal(backend_at(index_of(3)).flags, 0);
}

TEST(a_run_is_replaced_only_if_its_set_changes)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service_entry before, after;
	struct sr_endpoint *endpoints;

	want(&services, 1, 1, 3);
	endpoints = services.item[0].endpoints;
	endpoints[0].flags |= SR_BACKEND_IN_LOCAL;
	given(&services);
	before = entry_of(index_of(1));

	endpoints[2].flags |= SR_BACKEND_ON_NODE;
	given(&services);
	after = entry_of(index_of(1));
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(backend_at(index_of(3)).flags, SR_BACKEND_IN_CLUSTER | SR_BACKEND_ON_NODE);

	endpoints[2].flags = SR_BACKEND_ON_NODE;
	given(&services);
	after = entry_of(index_of(1));
	assert_true(before.run[SR_SET_CLUSTER] != after.run[SR_SET_CLUSTER]);
	assert_true(before.run[SR_SET_LOCAL] == after.run[SR_SET_LOCAL]);
}

TEST(policies_and_affinity_are_written_and_read_back)
{
	sr_autoservices struct sr_services services = {};

	want(&services, 1, 1, 3);
	services.item[0].flags = SR_SERVICE_INTERNAL_LOCAL;
	services.item[0].affinity = 10800;
	given(&services);
	assert_int_equal(entry_of(index_of(1)).flags, SR_SERVICE_IN_USE | SR_SERVICE_INTERNAL_LOCAL);
	assert_int_equal(entry_of(index_of(1)).affinity, 10800);

	services.item[0].flags = SR_SERVICE_EXTERNAL_LOCAL;
	services.item[0].affinity = 0;
	given(&services);
	assert_int_equal(entry_of(index_of(1)).flags, SR_SERVICE_IN_USE | SR_SERVICE_EXTERNAL_LOCAL);
	assert_int_equal(entry_of(index_of(1)).affinity, 0);
}

/* Killed after it was told to drain, before its slots went: it is alive, and its connections with it. */
TEST(a_backend_that_was_cut_short_draining_keeps_its_index)
{
	sr_autoservices struct sr_services services = {};
	struct sr_backend cut;
	uint32_t index;

	want(&services, 1, 1, 1);
	given(&services);
	index = index_of(1);
	cut = backend_at(index);
	cut.flags = 0;
	assert_int_equal(bpf_map_update_elem(map_fd("sr_backends"), &index, &cut, BPF_ANY), 0);

	services.item[0].endpoints[0].flags = 0;
	given(&services);
	assert_int_equal(index_of(1), index);
	assert_int_equal(sr_run_count(entry_of(index).run[SR_SET_CLUSTER]), 0);
}

/* Killed between the slots and the weights, and the old weights are wanted again. */
TEST(slots_in_another_order_are_written_anew)
{
	sr_autoservices struct sr_services services = {};
	uint32_t slot, index;

	want(&services, 1, 1, 2);
	services.item[0].endpoints[0].weight = 3;
	given(&services);
	slot = sr_run_base(entry_of(index_of(1)).run[SR_SET_CLUSTER]);
	index = index_of(2);
	assert_int_equal(bpf_map_update_elem(map_fd("sr_slots"), &slot, &index, BPF_ANY), 0);
	assert_int_equal(apply(&services, NULL), 0);
	slot = sr_run_base(entry_of(index).run[SR_SET_CLUSTER]);
	assert_int_equal(bpf_map_lookup_elem(map_fd("sr_slots"), &slot, &index), 0);
	assert_int_equal(index, index_of(1));
}

/* The flags of an address of sr_addresses, or -1: it has no entry. */
static int address_flags(const char *text)
{
	struct sr_address value;
	struct sr_addr addr;

	assert_int_equal(sr_addr_parse(&addr, text), 0);
	if (bpf_map_lookup_elem(map_fd("sr_addresses"), &addr, &value) < 0)
		return -1;
	assert_memory_equal(&value.self, &addr, sizeof(addr));
	return (int)value.flags;
}

static void want_frontend(struct sr_service *service, const char *text, enum sr_frontend_kind kind)
{
	struct sr_frontend_spec frontend = {.kind = kind};

	assert_int_equal(sr_hostport_parse(&frontend.at, text, NULL), 0);
	assert_int_equal(sr_service_add_frontend(service, &frontend), 0);
}

TEST(every_address_that_bears_a_frontend_is_known)
{
	sr_autoservices struct sr_services services = {}, fewer = {}, none = {};

	want(&services, 1, 1, 1);
	want_frontend(&services.item[0], "198.51.100.7:80", SR_FRONTEND_LOAD_BALANCER);
	want_frontend(&services.item[0], "198.51.100.8:80", SR_FRONTEND_RESERVED);
	want(&services, 2, 1, 1);
	want_frontend(&services.item[1], "198.51.100.7:443", SR_FRONTEND_LOAD_BALANCER);
	given(&services);
	assert_int_equal(address_flags("10.96.0.1"), SR_ADDRESS_CLUSTER_IP);
	assert_int_equal(address_flags("10.96.0.2"), SR_ADDRESS_CLUSTER_IP);
	assert_int_equal(address_flags("198.51.100.7"), 0);
	assert_int_equal(address_flags("198.51.100.8"), -1);

	want(&fewer, 2, 1, 1);
	want_frontend(&fewer.item[0], "198.51.100.7:443", SR_FRONTEND_LOAD_BALANCER);
	given(&fewer);
	assert_int_equal(address_flags("10.96.0.1"), -1);
	assert_int_equal(address_flags("10.96.0.2"), SR_ADDRESS_CLUSTER_IP);
	assert_int_equal(address_flags("198.51.100.7"), 0);

	given(&none);
	assert_int_equal(address_flags("10.96.0.2"), -1);
	assert_int_equal(address_flags("198.51.100.7"), -1);
}

TEST(an_address_follows_its_frontends_kinds)
{
	sr_autoservices struct sr_services services = {};

	want(&services, 1, 1, 1);
	given(&services);
	services.item[0].frontends[0].kind = SR_FRONTEND_EXTERNAL_IP;
	given(&services);
	assert_int_equal(address_flags("10.96.0.1"), 0);
	services.item[0].frontends[0].kind = SR_FRONTEND_CLUSTER_IP;
	given(&services);
	assert_int_equal(address_flags("10.96.0.1"), SR_ADDRESS_CLUSTER_IP);
}

/* Killed before an address was told, or after it should have been forgotten. */
TEST(a_load_mends_the_addresses)
{
	struct sr_address stray = {};
	sr_autoservices struct sr_services services = {};
	struct sr_addr addr;

	want(&services, 1, 1, 1);
	want(&services, 2, 1, 1);
	given(&services);
	assert_int_equal(sr_addr_parse(&addr, "10.96.0.1"), 0);
	assert_int_equal(bpf_map_delete_elem(map_fd("sr_addresses"), &addr), 0);
	assert_int_equal(sr_addr_parse(&addr, "10.96.0.2"), 0);
	stray.self = addr;
	assert_int_equal(bpf_map_update_elem(map_fd("sr_addresses"), &addr, &stray, BPF_ANY), 0);
	assert_int_equal(sr_addr_parse(&addr, "10.96.0.3"), 0);
	assert_int_equal(bpf_map_update_elem(map_fd("sr_addresses"), &addr, &stray, BPF_ANY), 0);

	given_a_load();
	assert_int_equal(address_flags("10.96.0.1"), SR_ADDRESS_CLUSTER_IP);
	assert_int_equal(address_flags("10.96.0.2"), SR_ADDRESS_CLUSTER_IP);
	assert_int_equal(address_flags("10.96.0.3"), -1);
}

static void want_source(struct sr_service *service, const char *text)
{
	struct sr_cidr network;

	assert_int_equal(sr_cidr_parse(&network, text), 0);
	assert_int_equal(sr_service_add_source(service, &network), 0);
	service->flags |= SR_SERVICE_SOURCE_RANGES;
}

/* As the datapath asks: may this source call the service of this backend? */
static bool is_admitted(uint32_t backend, const char *source)
{
	struct sr_source_key key = {.prefixlen = 32 + 128, .service = backend_at(backend).service};
	uint32_t value;

	assert_int_equal(sr_addr_parse(&key.addr, source), 0);
	return bpf_map_lookup_elem(map_fd("sr_sources"), &key, &value) == 0;
}

static bool sources_are_empty(void)
{
	struct sr_source_key key;

	return bpf_map_get_next_key(map_fd("sr_sources"), NULL, &key) < 0;
}

TEST(source_ranges_come_change_and_go)
{
	sr_autoservices struct sr_services first = {}, second = {}, third = {};
	uint32_t index;

	want(&first, 1, 1, 1);
	want_source(&first.item[0], "10.0.0.0/8");
	want_source(&first.item[0], "192.0.2.7/32");
	want_source(&first.item[0], "2001:db8::/32");
	given(&first);
	index = index_of(1);
	assert_true(is_admitted(index, "10.1.2.3"));
	assert_true(is_admitted(index, "192.0.2.7"));
	assert_true(is_admitted(index, "2001:db8::5"));
	assert_false(is_admitted(index, "192.0.2.8"));
	assert_int_equal(entry_of(index).flags, SR_SERVICE_IN_USE | SR_SERVICE_SOURCE_RANGES);

	want(&second, 1, 1, 1);
	want_source(&second.item[0], "10.0.0.0/9");
	given(&second);
	assert_true(is_admitted(index, "10.1.2.3"));
	assert_false(is_admitted(index, "10.128.0.1"));
	assert_false(is_admitted(index, "192.0.2.7"));

	want(&third, 1, 1, 1);
	given(&third);
	assert_int_equal(entry_of(index).flags, SR_SERVICE_IN_USE);
	assert_true(sources_are_empty());

	given(&first);
	sr_services_clear(&third);
	given(&third);
	assert_true(sources_are_empty());
}

TEST(a_load_forgets_the_sources_of_no_service)
{
	sr_autoservices struct sr_services services = {};
	struct sr_source_key stray = {.prefixlen = 32 + 96 + 8, .service = 777};
	uint32_t value = 1;

	want(&services, 1, 1, 1);
	want_source(&services.item[0], "10.0.0.0/8");
	given(&services);
	assert_int_equal(sr_addr_parse(&stray.addr, "10.0.0.0"), 0);
	assert_int_equal(bpf_map_update_elem(map_fd("sr_sources"), &stray, &value, BPF_ANY), 0);
	given_a_load();
	assert_int_equal(bpf_map_delete_elem(map_fd("sr_sources"), &stray), -ENOENT);
	assert_true(is_admitted(index_of(1), "10.1.2.3"));
	expect_programmed(&services);
}

TEST(more_source_ranges_than_there_is_room_for_change_nothing)
{
	sr_autoservices struct sr_services fits = {}, too_many = {};
	struct sr_error err = {};

	want(&fits, 1, 1, 1);
	want_source(&fits.item[0], "10.0.0.0/8");
	given(&fits);
	want(&too_many, 1, 1, 1);
	for (uint32_t i = 0; i <= 65536; i++) {
		struct sr_cidr *network =
			sr_array_add(&too_many.item[0].sources, &too_many.item[0].num_sources, sizeof(*network));

		assert_non_null(network);
		assert_int_equal(sr_addr_parse(&network->addr, "172.16.0.0"), 0);
		network->addr.word[3] = htonl(ntohl(network->addr.word[3]) + i);
		network->bits = 32;
	}
	assert_int_equal(apply(&too_many, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "sr_sources"));
	expect_programmed(&fits);
}

/* A frontend that moves is never without a service. */
TEST(a_frontend_moves_from_one_service_to_another)
{
	sr_autoservices struct sr_services before = {}, after = {};

	want(&before, 1, 1, 3);
	given(&before);
	want(&after, 1, 1, 3);
	assert_int_equal(sr_string_set(&after.item[0].name, "renamed"), 0);
	given(&after);
}

TEST(settings_are_kept)
{
	char *json = NULL;

	assert_int_equal(sr_maps_write_settings(harness_datapath(), "{\"xdp\":\"off\"}", NULL), 0);
	assert_int_equal(sr_maps_read_settings(harness_datapath(), &json, NULL), 0);
	assert_string_equal(json, "{\"xdp\":\"off\"}");
	free(json);
}

const struct CMUnitTest maps_tests[] = {
	ONLY_V4(an_endpoint_that_stays_keeps_its_index),
	ONLY_V4(a_plan_that_does_not_fit_changes_nothing),
	ONLY_V4(ten_thousand_services_come_change_and_go),
	ONLY_V4(a_plan_begins_with_what_the_former_has_written),
	ONLY_V4(a_backend_that_no_slot_names_is_no_endpoint),
	ONLY_V4(slots_that_belie_the_weights_are_written_anew),
	ONLY_V4(each_set_has_its_own_slots),
	ONLY_V4(a_run_is_replaced_only_if_its_set_changes),
	ONLY_V4(policies_and_affinity_are_written_and_read_back),
	ONLY_V4(a_backend_that_was_cut_short_draining_keeps_its_index),
	ONLY_V4(slots_in_another_order_are_written_anew),
	ONLY_V4(every_address_that_bears_a_frontend_is_known),
	ONLY_V4(an_address_follows_its_frontends_kinds),
	ONLY_V4(a_load_mends_the_addresses),
	ONLY_V4(source_ranges_come_change_and_go),
	ONLY_V4(a_load_forgets_the_sources_of_no_service),
	ONLY_V4(more_source_ranges_than_there_is_room_for_change_nothing),
	ONLY_V4(a_frontend_moves_from_one_service_to_another),
	ONLY_V4(settings_are_kept),
};
const size_t num_maps_tests = ARRAY_SIZE(maps_tests);
