// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which addresses are announced, and what is made of what others say of them. */
#include "support.h"

#include "model/claims.h"

static const uint8_t ours[6] = {2, 0, 0, 0, 0, 5};
static const uint8_t lower[6] = {2, 0, 0, 0, 0, 4};
static const uint8_t higher[6] = {2, 0, 0, 0, 0, 6};

static struct sr_addr addr(const char *text)
{
	struct sr_addr out;

	assert_int_equal(sr_addr_parse(&out, text), 0);
	return out;
}

static void given_frontend(struct sr_service *service, const char *text, uint8_t kind)
{
	struct sr_frontend_spec frontend = {.at = {.addr = addr(text), .port = htons(80)}, .kind = kind};

	assert_int_equal(sr_service_add_frontend(service, &frontend), 0);
}

/* What is announced of a service that has one address of each kind. */
static const char *announced(const struct sr_services *services, const char *own_text)
{
	static char out[512];
	struct sr_addr_set own = {}, set = {};
	struct sr_addr own_addr = addr(own_text);
	char text[SR_ADDR_TEXT];

	assert_int_equal(sr_addr_set_add(&own, &own_addr), 0);
	assert_int_equal(sr_claims_addresses(&set, services, &own), 0);
	out[0] = '\0';
	for (size_t i = 0; i < set.num; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s ", sr_addr_format(text, &set.item[i]));
	sr_addr_set_clear(&own);
	sr_addr_set_clear(&set);
	return out;
}

static void test_external_addresses_are_announced_each_once(void **state)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service *a = sr_services_add(&services), *b;

	(void)state;
	given_frontend(a, "10.0.0.1", SR_FRONTEND_CLUSTER_IP);
	given_frontend(a, "10.0.0.2", SR_FRONTEND_NODE_PORT);
	given_frontend(a, "10.0.0.3", SR_FRONTEND_EXTERNAL_IP);
	given_frontend(a, "10.0.0.4", SR_FRONTEND_LOAD_BALANCER);
	given_frontend(a, "10.0.0.5", SR_FRONTEND_HOST_PORT);
	given_frontend(a, "10.0.0.6", SR_FRONTEND_PASS);
	b = sr_services_add(&services);
	given_frontend(b, "10.0.0.3", SR_FRONTEND_EXTERNAL_IP);
	given_frontend(b, "fd00::4", SR_FRONTEND_LOAD_BALANCER);
	assert_string_equal(announced(&services, "10.0.0.9"), "10.0.0.3 10.0.0.4 fd00::4 ");
	assert_string_equal(announced(&services, "10.0.0.4"), "10.0.0.3 fd00::4 ");
}

/* A pod's port, published as another: its address is the pod's. */
static void test_addresses_of_endpoints_are_theirs(void **state)
{
	sr_autoservices struct sr_services services = {};
	struct sr_service *service = sr_services_add(&services);
	struct sr_endpoint endpoint = {.addr = addr("10.0.0.3"), .port = htons(8080), .weight = 1};

	(void)state;
	given_frontend(service, "10.0.0.3", SR_FRONTEND_EXTERNAL_IP);
	given_frontend(service, "10.0.0.4", SR_FRONTEND_EXTERNAL_IP);
	assert_int_equal(sr_service_add_endpoint(service, &endpoint), 0);
	assert_string_equal(announced(&services, "10.0.0.9"), "10.0.0.4 ");
}

/* The state of a claim of `text` on device 3 after a word about it. */
static uint32_t after(const char *text, uint32_t ifindex, enum sr_neighbour_kind kind, const uint8_t *mac)
{
	sr_autoclaims struct sr_claims claims = {};
	struct sr_claim claim = {.addr = addr(text), .ifindex = 3};
	struct sr_neighbour_word word = {.kind = kind, .addr = addr("10.0.0.3")};

	memcpy(word.mac, mac, 6);
	assert_int_equal(sr_claims_add(&claims, &claim), 0);
	sr_claims_hear(&claims, ifindex, ours, &word);
	if (claims.item[0].state)
		assert_memory_equal(claims.item[0].mac, mac, 6);
	return claims.item[0].state;
}

static void test_who_has_the_address_keeps_it(void **state)
{
	(void)state;
	assert_int_equal(after("10.0.0.3", 3, SR_NEIGHBOUR_HAS, higher), SR_ANNOUNCED_IN_USE);
	assert_int_equal(after("10.0.0.3", 3, SR_NEIGHBOUR_HAS, lower), SR_ANNOUNCED_IN_USE);
	assert_int_equal(after("10.0.0.3", 3, SR_NEIGHBOUR_HAS, ours), 0);
	assert_int_equal(after("10.0.0.4", 3, SR_NEIGHBOUR_HAS, lower), 0);
	assert_int_equal(after("10.0.0.3", 4, SR_NEIGHBOUR_HAS, lower), 0);
}

static void test_of_two_that_ask_the_lower_goes_on(void **state)
{
	(void)state;
	assert_int_equal(after("10.0.0.3", 3, SR_NEIGHBOUR_WANTS, lower), SR_ANNOUNCED_IN_USE);
	assert_int_equal(after("10.0.0.3", 3, SR_NEIGHBOUR_WANTS, higher), 0);
	assert_int_equal(after("10.0.0.3", 3, SR_NEIGHBOUR_WANTS, ours), 0);
}

/* What becomes of a claim that is held when others say that they have it, one after the other at these times. */
static uint32_t contested(const uint8_t *mac, int64_t first, int64_t second)
{
	sr_autoclaims struct sr_claims claims = {};
	struct sr_claim claim = {.addr = addr("10.0.0.3"), .ifindex = 3, .state = SR_ANNOUNCED_HELD};
	struct sr_neighbour_word word = {.kind = SR_NEIGHBOUR_HAS, .addr = addr("10.0.0.3")};

	memcpy(word.mac, mac, 6);
	assert_int_equal(sr_claims_add(&claims, &claim), 0);
	assert_ptr_equal(sr_claims_contest(&claims, 3, ours, &word, first), &claims.item[0]);
	assert_int_equal(claims.item[0].state, SR_ANNOUNCED_HELD);
	assert_memory_equal(claims.item[0].mac, mac, 6);
	assert_int_equal(claims.item[0].contested_at, first);
	if (sr_claims_contest(&claims, 3, ours, &word, second))
		assert_int_equal(claims.item[0].contested_at, second);
	else
		assert_int_equal(claims.item[0].contested_at, first);
	return claims.item[0].state;
}

/* RFC 5227, section 2.4: defended once in 10 s; who insists has it if his link address is lower. */
static void test_of_two_that_hold_it_the_lower_keeps_it(void **state)
{
	(void)state;
	assert_int_equal(contested(lower, 1000, 10999), SR_ANNOUNCED_IN_USE);
	assert_int_equal(contested(lower, 1000, 11000), SR_ANNOUNCED_HELD);
	assert_int_equal(contested(higher, 1000, 1001), SR_ANNOUNCED_HELD);
	assert_int_equal(contested(higher, 1000, 11000), SR_ANNOUNCED_HELD);
}

static void test_what_is_no_claim_is_not_answered(void **state)
{
	sr_autoclaims struct sr_claims claims = {};
	struct sr_claim claim = {.addr = addr("10.0.0.3"), .ifindex = 3, .state = SR_ANNOUNCED_HELD};
	struct sr_neighbour_word word = {.kind = SR_NEIGHBOUR_WANTS, .addr = addr("10.0.0.3")};

	(void)state;
	memcpy(word.mac, lower, 6);
	assert_int_equal(sr_claims_add(&claims, &claim), 0);
	assert_null(sr_claims_contest(&claims, 3, ours, &word, 1));
	word.kind = SR_NEIGHBOUR_HAS;
	assert_null(sr_claims_contest(&claims, 4, ours, &word, 1));
	memcpy(word.mac, ours, 6);
	assert_null(sr_claims_contest(&claims, 3, ours, &word, 1));
	memcpy(word.mac, lower, 6);
	claims.item[0].state = SR_ANNOUNCED_WAITING;
	assert_null(sr_claims_contest(&claims, 3, ours, &word, 1));
}

static void expect_word(const struct sr_neighbour_frame *frame, enum sr_neighbour_kind kind, const char *text)
{
	struct sr_neighbour_word word;
	struct sr_addr want = addr(text);

	assert_int_equal(sr_neighbour_read(&word, frame->bytes, frame->length), 0);
	assert_int_equal(word.kind, kind);
	assert_int_equal(sr_addr_compare(&word.addr, &want), 0);
	assert_memory_equal(word.mac, ours, 6);
}

static void test_frames_say_what_they_mean(void **state)
{
	static const char *const texts[] = {"10.0.0.3", "fd00::12:3456"};
	struct sr_neighbour_frame frame;
	struct sr_addr about;

	(void)state;
	for (int i = 0; i < 2; i++) {
		about = addr(texts[i]);
		sr_neighbour_probe(&frame, &about, ours);
		expect_word(&frame, SR_NEIGHBOUR_WANTS, texts[i]);
		sr_neighbour_announce(&frame, &about, ours);
		expect_word(&frame, SR_NEIGHBOUR_HAS, texts[i]);
		for (size_t length = 0; length < (i ? 78 : frame.length); length++) {
			struct sr_neighbour_word word;

			assert_int_equal(sr_neighbour_read(&word, frame.bytes, length), -EINVAL);
		}
	}
}

/* RFC 5227, sections 1.1 and 3; RFC 4862, section 5.4.2: byte for byte. */
static void test_a_probe_over_ipv4(void **state)
{
	static const uint8_t want[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  5, 8, 6,
				       0,    1,	   8,	 0,    6,    4,	   0, 1, 2, 0, 0,  0, 0, 5,
				       0,    0,	   0,	 0,    0,    0,	   0, 0, 0, 0, 10, 0, 0, 3};
	struct sr_neighbour_frame frame;
	struct sr_addr about = addr("10.0.0.3");

	(void)state;
	sr_neighbour_probe(&frame, &about, ours);
	assert_int_equal(frame.length, sizeof(want));
	assert_memory_equal(frame.bytes, want, sizeof(want));
}

static void test_a_probe_over_ipv6_goes_to_its_group(void **state)
{
	static const uint8_t head[] = {0x33, 0x33, 0xff, 0x12, 0x34, 0x56, 2, 0, 0,  0,	 0,
				       5,    0x86, 0xdd, 0x60, 0,    0,	   0, 0, 24, 58, 255};
	struct sr_neighbour_frame frame;
	struct sr_addr about = addr("fd00::12:3456"), group = addr("ff02::1:ff12:3456");

	(void)state;
	sr_neighbour_probe(&frame, &about, ours);
	assert_int_equal(frame.length, 78);
	assert_memory_equal(frame.bytes, head, sizeof(head));
	assert_memory_equal(frame.bytes + 38, group.byte, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_external_addresses_are_announced_each_once),
		cmocka_unit_test(test_addresses_of_endpoints_are_theirs),
		cmocka_unit_test(test_who_has_the_address_keeps_it),
		cmocka_unit_test(test_of_two_that_ask_the_lower_goes_on),
		cmocka_unit_test(test_of_two_that_hold_it_the_lower_keeps_it),
		cmocka_unit_test(test_what_is_no_claim_is_not_answered),
		cmocka_unit_test(test_frames_say_what_they_mean),
		cmocka_unit_test(test_a_probe_over_ipv4),
		cmocka_unit_test(test_a_probe_over_ipv6_goes_to_its_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
