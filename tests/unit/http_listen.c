#include "http/listen.h"
#include "unit.h"

static void an_address_is_trusted_in_each_of_its_spellings_and_no_other_is(void **state)
{
    (void)state;
    assert_true(peer_within("unix", "unix"));
    assert_true(peer_within("192.0.2.7", "192.0.2.7"));
    assert_true(peer_within("2001:db8::1", "2001:0DB8:0:0::1"));
    assert_false(peer_within("192.0.2.70", "192.0.2.7"));
    assert_false(peer_within("unix", "192.0.2.7"));
    assert_false(peer_within("192.0.2.7", "unix"));
    assert_false(peer_within("", "192.0.2.7"));
}

static void a_network_is_trusted_to_its_last_bit_and_not_beyond(void **state)
{
    static const struct {
        const char *network, *inside, *outside;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
        {"172.16.0.0/12", "172.31.255.255", "172.32.0.0"},
        {"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
        {"192.0.2.7/32", "192.0.2.7", "192.0.2.6"},
        {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"},
        {"fd00::/8", "fdff::1", "fe00::1"},
        {"2001:db8:0:8000::/49", "2001:db8:0:ffff::1", "2001:db8:0:7fff::1"},
        {"::1/128", "::1", "::2"},
        {"::/0", "2001:db8::1", "203.0.113.9"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!peer_within(rows[i].inside, rows[i].network) ||
            peer_within(rows[i].outside, rows[i].network))
            fail_msg("%s", rows[i].network);
    }
}

static void a_network_that_cannot_be_read_is_nobodys(void **state)
{
    static const char *const broken[] = {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/x", "/8",
        "", "10.0.0/8", "::1/129",
        "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0/0"};
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        if (peer_within("10.0.0.1", broken[i]) || peer_within("::1", broken[i]))
            fail_msg("%s", broken[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_trusted_in_each_of_its_spellings_and_no_other_is),
        cmocka_unit_test(a_network_is_trusted_to_its_last_bit_and_not_beyond),
        cmocka_unit_test(a_network_that_cannot_be_read_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
