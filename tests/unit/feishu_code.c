#include "feishu/code.h"

#include "unit.h"

/* Every code of the reference for the endpoints in use, and of the gateway. */
static const int published[] = {
    9499, 10003, 10014, 10015, 20001, 20002, 20003, 20004, 20005, 20008, 20009,
    20010, 20021, 20022, 20023, 20024, 20026, 20036, 20037, 20048, 20049, 20050,
    20063, 20064, 20065, 20066, 20067, 20068, 20069, 20070, 20071, 20072, 20073,
    20074, 40001, 40003, 40004, 41012, 41050, 121001, 121002, 121003, 121004,
    121005, 121006, 190002, 190003, 190004, 190005, 190006, 190007, 190008,
    190009, 190010, 190011, 190012, 190013, 190014, 191000, 191001, 191002,
    191003, 191004, 191005, 191006, 191007, 191008, 191009, 192000, 193000,
    193001, 193002, 193003, 193101, 193102, 193103, 193104, 193105, 193106,
    193107, 194000, 194001, 194002, 194003, 194004, 195000, 195100, 195101,
    195102, 195103, 195104, 195105, 195106, 195107, 195108, 195109, 195110,
    195112, 195113, 198001, 198002, 198003, 198004, 198007, 99991201, 99991300,
    99991301, 99991400, 99991401, 99991403, 99991543, 99991661, 99991662,
    99991663, 99991664, 99991665, 99991668, 99991669, 99991671, 99991672,
    99991673, 99991676, 99991677, 99991679, 99992351, 99992360, 99992361,
    99992364, 99992381, 99992402
};

static void every_published_code_has_a_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(published) / sizeof(*published); i++) {
        const struct code_row *row = code_find(published[i]);
        if (!row)
            fail_msg("code %d has no class", published[i]);
        assert_int_equal(row->code, published[i]);
    }
}

static void the_table_is_ascending_and_its_kinds_fit_their_rules(void **state)
{
    (void)state;
    size_t n;
    const struct code_row *table = code_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (i)
            assert_true(table[i - 1].code < table[i].code);
        assert_in_range(table[i].kind, ERR_UPSTREAM_REFUSED, ERR_UPSTREAM_APP);
        assert_ptr_equal(code_find(table[i].code), &table[i]);
        if (table[i].rule == CODE_WAIT)
            assert_int_equal(table[i].kind, ERR_UPSTREAM_BUSY);
        if (table[i].kind == ERR_UPSTREAM_GONE || table[i].kind == ERR_UPSTREAM_RIGHTS)
            assert_int_equal(table[i].rule, CODE_FINAL);
    }
}

static void assert_class(int code, enum err kind, enum code_rule rule)
{
    assert_string_equal(err_name(code_find(code)->kind), err_name(kind));
    assert_int_equal(code_find(code)->rule, rule);
}

static void the_codes_that_steer_the_bridge_are_right(void **state)
{
    (void)state;
    assert_class(191000, ERR_UPSTREAM_GONE, CODE_FINAL);
    assert_class(191003, ERR_UPSTREAM_GONE, CODE_FINAL);
    assert_class(193001, ERR_UPSTREAM_GONE, CODE_FINAL);
    assert_class(193003, ERR_UPSTREAM_GONE, CODE_FINAL);
    assert_class(191002, ERR_UPSTREAM_RIGHTS, CODE_FINAL);
    assert_class(193002, ERR_UPSTREAM_RIGHTS, CODE_FINAL);
    assert_class(194001, ERR_UPSTREAM_RIGHTS, CODE_FINAL);
    assert_class(190008, ERR_UPSTREAM_SYNC_TOKEN, CODE_FINAL);
    assert_class(190009, ERR_UPSTREAM_REFUSED, CODE_FINAL);
    assert_class(190013, ERR_UPSTREAM_REFUSED, CODE_FINAL);
    assert_class(99991672, ERR_UPSTREAM_APP, CODE_FINAL);
    assert_class(99991679, ERR_UPSTREAM_SIGN_IN, CODE_FINAL);
    assert_class(99991403, ERR_UPSTREAM_BUSY, CODE_FINAL);
}

static void limits_wait_faults_are_unsure_and_tokens_are_renewed(void **state)
{
    static const int limits[] = {190004, 190005, 190010, 99991400};
    static const int faults[] = {190003, 20050, 20072, 40003, 121001};
    static const int tokens[] = {99991663, 99991664, 99991668, 99991671, 99991677};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_class(limits[i], ERR_UPSTREAM_BUSY, CODE_WAIT);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(code_find(faults[i])->rule, CODE_UNSURE);
        assert_int_equal(code_find(tokens[i])->rule, CODE_TOKEN);
    }
}

static void a_dead_grant_asks_for_sign_in(void **state)
{
    static const int dead[] = {20026, 20037, 20064, 20073, 20066, 20008, 20024};
    (void)state;
    for (size_t i = 0; i < sizeof(dead) / sizeof(*dead); i++)
        assert_class(dead[i], ERR_UPSTREAM_SIGN_IN, CODE_FINAL);
    assert_int_equal(code_find_oauth("invalid_grant")->kind, ERR_UPSTREAM_SIGN_IN);
    assert_int_equal(code_find_oauth("invalid_client")->kind, ERR_UPSTREAM_APP);
    assert_int_equal(code_find_oauth("server_error")->rule, CODE_UNSURE);
}

static void an_unknown_code_has_no_row(void **state)
{
    (void)state;
    assert_null(code_find(0));
    assert_null(code_find(1));
    assert_null(code_find(-1));
    assert_null(code_find_oauth(""));
    assert_null(code_find_oauth(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_code_has_a_class),
        cmocka_unit_test(the_table_is_ascending_and_its_kinds_fit_their_rules),
        cmocka_unit_test(the_codes_that_steer_the_bridge_are_right),
        cmocka_unit_test(limits_wait_faults_are_unsure_and_tokens_are_renewed),
        cmocka_unit_test(a_dead_grant_asks_for_sign_in),
        cmocka_unit_test(an_unknown_code_has_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
