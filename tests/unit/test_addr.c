// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "support.h"

static void expect_addr(const char *text, const char *printed, int family)
{
	char out[SR_ADDR_TEXT];
	struct sr_addr addr;

	assert_int_equal(sr_addr_parse(&addr, text), 0);
	assert_string_equal(sr_addr_format(out, &addr), printed);
	assert_int_equal(sr_addr_family(&addr), family);
}

static void addresses(void **state)
{
	static const char *const bad[] = {"",	       "10.0.0",    "10.0.0.256", "010.0.0.1",
					  " 10.0.0.1", "10.0.0.1 ", "fd00:::1",	  "fd00::1/64",
					  "[fd00::1]", "web",	    "10.0.0.1:80"};
	struct sr_addr addr;
	size_t i;

	(void)state;
	expect_addr("10.0.0.7", "10.0.0.7", 4);
	expect_addr("fd00:0::7", "fd00::7", 6);
	expect_addr("::ffff:10.0.0.7", "10.0.0.7", 4);
	expect_addr("::", "::", 6);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(sr_addr_parse(&addr, bad[i]), -EINVAL);
}

static void zero_is_zero_in_both_families(void **state)
{
	struct sr_addr addr = {};

	(void)state;
	assert_true(sr_addr_is_zero(&addr));
	assert_int_equal(sr_addr_parse(&addr, "0.0.0.0"), 0);
	assert_true(sr_addr_is_zero(&addr));
	assert_int_equal(sr_addr_parse(&addr, "0.0.0.1"), 0);
	assert_false(sr_addr_is_zero(&addr));
	assert_int_equal(sr_addr_parse(&addr, "1::"), 0);
	assert_false(sr_addr_is_zero(&addr));
}

static void sorted_by_family_and_number(void **state)
{
	static const char *const sorted[] = {"0.0.0.1", "9.0.0.0", "10.0.0.0", "255.0.0.0", "::", "::1", "fd00::1"};
	struct sr_addr a, b;
	size_t i;

	(void)state;
	for (i = 1; i < ARRAY_SIZE(sorted); i++) {
		assert_int_equal(sr_addr_parse(&a, sorted[i - 1]), 0);
		assert_int_equal(sr_addr_parse(&b, sorted[i]), 0);
		assert_true(sr_addr_compare(&a, &b) < 0);
		assert_true(sr_addr_compare(&b, &a) > 0);
		assert_int_equal(sr_addr_compare(&a, &a), 0);
	}
}

static bool contains(const char *cidr_text, const char *addr_text)
{
	struct sr_cidr cidr;
	struct sr_addr addr;

	assert_int_equal(sr_cidr_parse(&cidr, cidr_text), 0);
	assert_int_equal(sr_addr_parse(&addr, addr_text), 0);
	return sr_cidr_contains(&cidr, &addr);
}

static void networks(void **state)
{
	static const char *const bad[] = {"10.0.0.0",	 "10.0.0.1/24", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
					  "10.0.0.0/8x", "fd00::1/64",	"fd00::/129",  "/8",	    "10.0.0.0/ 8"};
	struct sr_cidr cidr;
	size_t i;

	(void)state;
	assert_true(contains("10.240.16.0/20", "10.240.31.255"));
	assert_false(contains("10.240.16.0/20", "10.240.32.0"));
	assert_true(contains("0.0.0.0/0", "1.2.3.4"));
	assert_false(contains("0.0.0.0/0", "fd00::1"));
	assert_false(contains("::/0", "1.2.3.4"));
	assert_true(contains("::/0", "fd00::1"));
	assert_true(contains("10.0.0.1/32", "10.0.0.1"));
	assert_true(contains("fd00::/63", "fd00:0:0:1::1"));
	assert_false(contains("fd00::/64", "fd00:0:0:1::1"));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(sr_cidr_parse(&cidr, bad[i]), -EINVAL);
}

static bool is_edge(const char *cidr_text, const char *addr_text)
{
	struct sr_cidr cidr;
	struct sr_addr addr;

	assert_int_equal(sr_cidr_parse_masked(&cidr, cidr_text), 0);
	assert_int_equal(sr_addr_parse(&addr, addr_text), 0);
	return sr_cidr_is_edge(&cidr, &addr);
}

static void edges_of_networks(void **state)
{
	(void)state;
	assert_true(is_edge("10.9.0.1/24", "10.9.0.0"));
	assert_true(is_edge("10.9.0.1/24", "10.9.0.255"));
	assert_false(is_edge("10.9.0.1/24", "10.9.1.0"));
	assert_false(is_edge("10.9.0.1/24", "10.9.0.1"));
	assert_true(is_edge("10.240.16.5/20", "10.240.31.255"));
	assert_true(is_edge("10.9.0.1/30", "10.9.0.3"));
	assert_false(is_edge("10.9.0.1/31", "10.9.0.1"));
	assert_false(is_edge("10.9.0.1/32", "10.9.0.1"));
	assert_true(is_edge("fd00:9::1/64", "fd00:9::"));
	assert_false(is_edge("fd00:9::1/64", "fd00:9::ffff:ffff:ffff:ffff"));
	assert_false(is_edge("fd00:9::1/127", "fd00:9::"));
	assert_false(is_edge("fd00:9::1/64", "10.9.0.0"));
}

static const char *fault(const char *text)
{
	struct sr_addr addr;

	assert_int_equal(sr_addr_parse(&addr, text), 0);
	return sr_addr_fault(&addr);
}

static void addresses_that_cannot_be_served(void **state)
{
	(void)state;
	assert_string_equal(fault("0.0.0.0"), "the unspecified address");
	assert_string_equal(fault("127.0.0.9"), "a loopback address");
	assert_string_equal(fault("ff02::1"), "a multicast address");
	assert_string_equal(fault("255.255.255.255"), "the broadcast address");
	assert_string_equal(fault("fe80::1"), "a link-local address");
	assert_string_equal(fault("febf::1"), "a link-local address");
	assert_null(fault("fec0::1"));
	assert_null(fault("169.254.20.10"));
}

static void hostports(void **state)
{
	static const char *const good[][2] = {
		{"10.0.0.7:90", "10.0.0.7:90/tcp"},
		{"10.0.0.7:90/udp", "10.0.0.7:90/udp"},
		{"[fd00::7]:2905/sctp", "[fd00::7]:2905/sctp"},
		{"[fd00::7]:65535/tcp", "[fd00::7]:65535/tcp"},
		{"10.0.0.7:90/sctp", "10.0.0.7:90/sctp"},
	};
	static const char *const bad[][2] = {
		{"10.0.0.7", "'10.0.0.7': expected ADDRESS:PORT[/tcp|/udp|/sctp], with an IPv6 address in brackets"},
		{"fd00::7:90",
		 "'fd00::7:90': expected ADDRESS:PORT[/tcp|/udp|/sctp], with an IPv6 address in brackets"},
		{"[10.0.0.7]:90",
		 "'[10.0.0.7]:90': expected ADDRESS:PORT[/tcp|/udp|/sctp], with an IPv6 address in brackets"},
		{"10.0.0.7:0", "'10.0.0.7:0': '0' is not a port (1..65535)"},
		{"10.0.0.7:70000", "'10.0.0.7:70000': '70000' is not a port (1..65535)"},
		{"10.0.0.7:+9", "'10.0.0.7:+9': '+9' is not a port (1..65535)"},
		{"10.0.0.7:9/xyz", "'10.0.0.7:9/xyz': unknown protocol (tcp, udp or sctp)"},
		{"web:80", "'web:80': 'web' is not an IP address"},
		{":80", "':80': '' is not an IP address"},
		{"", "'': expected ADDRESS:PORT[/tcp|/udp|/sctp], with an IPv6 address in brackets"},
	};
	struct sr_hostport hostport;
	char text[SR_HOSTPORT_TEXT];
	struct sr_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(sr_hostport_parse(&hostport, good[i][0], &err), 0);
		assert_string_equal(sr_hostport_format(text, &hostport), good[i][1]);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(sr_hostport_parse(&hostport, bad[i][0], &err), -EINVAL);
		assert_string_equal(err.text, bad[i][1]);
	}
}

/* By number, not by the bytes of the network order. */
static void hostports_sorted(void **state)
{
	struct sr_hostport a, b;

	(void)state;
	assert_int_equal(sr_hostport_parse(&a, "10.0.0.7:255", NULL), 0);
	assert_int_equal(sr_hostport_parse(&b, "10.0.0.7:256", NULL), 0);
	assert_true(sr_hostport_compare(&a, &b) < 0);
	assert_int_equal(sr_hostport_parse(&b, "10.0.0.7:255/udp", NULL), 0);
	assert_true(sr_hostport_compare(&a, &b) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(zero_is_zero_in_both_families),
		cmocka_unit_test(sorted_by_family_and_number),
		cmocka_unit_test(networks),
		cmocka_unit_test(edges_of_networks),
		cmocka_unit_test(addresses_that_cannot_be_served),
		cmocka_unit_test(hostports),
		cmocka_unit_test(hostports_sorted),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
