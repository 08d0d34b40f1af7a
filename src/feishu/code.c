#include "feishu/code.h"
#include "base/str.h"

#include <stdlib.h>

#define FINAL(code, kind)                                                                \
    {                                                                                    \
        code, ERR_UPSTREAM_##kind, CODE_FINAL                                            \
    }
#define WAIT(code)                                                                       \
    {                                                                                    \
        code, ERR_UPSTREAM_BUSY, CODE_WAIT                                               \
    }
#define UNSURE(code)                                                                     \
    {                                                                                    \
        code, ERR_UPSTREAM_DOWN, CODE_UNSURE                                             \
    }
#define TOKEN(code)                                                                      \
    {                                                                                    \
        code, ERR_UPSTREAM_SIGN_IN, CODE_TOKEN                                           \
    }

/*
 * GONE and RIGHTS make the bridge forget what it has, so only codes that say exactly that
 * are given these kinds; a missing scope (99991679) is no such code.
 */
static const struct code_row codes[] = {
    /* general and app token */
    FINAL(9499, REFUSED),
    FINAL(10003, APP),
    FINAL(10014, APP),
    FINAL(10015, APP),
    /* sign-in: SIGN_IN = the grant or the code is dead */
    FINAL(20001, REFUSED),
    FINAL(20002, APP),
    FINAL(20003, SIGN_IN),
    FINAL(20004, SIGN_IN),
    FINAL(20005, SIGN_IN),
    FINAL(20008, SIGN_IN),
    FINAL(20009, APP),
    FINAL(20010, APP),
    FINAL(20021, SIGN_IN),
    FINAL(20022, SIGN_IN),
    FINAL(20023, SIGN_IN),
    FINAL(20024, SIGN_IN),
    FINAL(20026, SIGN_IN),
    FINAL(20036, REFUSED),
    FINAL(20037, SIGN_IN),
    FINAL(20048, APP),
    FINAL(20049, SIGN_IN),
    UNSURE(20050),
    FINAL(20063, REFUSED),
    FINAL(20064, SIGN_IN),
    FINAL(20065, SIGN_IN),
    FINAL(20066, SIGN_IN),
    FINAL(20067, REFUSED),
    FINAL(20068, REFUSED),
    FINAL(20069, APP),
    FINAL(20070, REFUSED),
    FINAL(20071, APP),
    UNSURE(20072),
    FINAL(20073, SIGN_IN),
    FINAL(20074, APP),
    /* contacts */
    FINAL(40001, REFUSED),
    UNSURE(40003),
    FINAL(40004, RIGHTS),
    FINAL(41012, REFUSED),
    FINAL(41050, RIGHTS),
    /* rooms */
    UNSURE(121001),
    FINAL(121002, REFUSED),
    FINAL(121003, REFUSED),
    FINAL(121004, GONE),
    FINAL(121005, RIGHTS),
    FINAL(121006, REFUSED),
    /* calendar, common */
    FINAL(190001, REFUSED),
    FINAL(190002, REFUSED),
    UNSURE(190003),
    WAIT(190004),
    WAIT(190005),
    FINAL(190006, APP),
    FINAL(190007, APP),
    FINAL(190008, SYNC_TOKEN),
    FINAL(190009, REFUSED),
    WAIT(190010),
    FINAL(190011, REFUSED),
    FINAL(190012, REFUSED),
    FINAL(190013, REFUSED),
    FINAL(190014, REFUSED),
    /* calendars */
    FINAL(191000, GONE),
    FINAL(191001, REFUSED),
    FINAL(191002, RIGHTS),
    FINAL(191003, GONE),
    FINAL(191004, REFUSED),
    FINAL(191005, REFUSED),
    FINAL(191006, REFUSED),
    FINAL(191007, GONE),
    FINAL(191008, REFUSED),
    FINAL(191009, RIGHTS),
    FINAL(192000, GONE),
    /* events */
    FINAL(193000, REFUSED),
    FINAL(193001, GONE),
    FINAL(193002, RIGHTS),
    FINAL(193003, GONE),
    FINAL(193101, REFUSED),
    FINAL(193102, REFUSED),
    FINAL(193103, REFUSED),
    FINAL(193104, REFUSED),
    FINAL(193105, REFUSED),
    FINAL(193106, REFUSED),
    FINAL(193107, REFUSED),
    FINAL(193109, REFUSED),
    FINAL(193110, REFUSED),
    FINAL(193111, REFUSED),
    /* attendees */
    FINAL(194000, GONE),
    FINAL(194001, RIGHTS),
    FINAL(194002, RIGHTS),
    FINAL(194003, RIGHTS),
    FINAL(194004, REFUSED),
    /* the rest of the calendar service */
    FINAL(195000, RIGHTS),
    FINAL(195100, REFUSED),
    FINAL(195101, RIGHTS),
    FINAL(195102, REFUSED),
    FINAL(195103, GONE),
    FINAL(195104, REFUSED),
    FINAL(195105, REFUSED),
    FINAL(195106, REFUSED),
    FINAL(195107, RIGHTS),
    FINAL(195108, REFUSED),
    FINAL(195109, REFUSED),
    FINAL(195110, REFUSED),
    FINAL(195112, REFUSED),
    FINAL(195113, RIGHTS),
    FINAL(198001, REFUSED),
    FINAL(198002, REFUSED),
    FINAL(198003, REFUSED),
    FINAL(198004, REFUSED),
    FINAL(198007, REFUSED),
    /* gateway */
    FINAL(99991201, APP),
    FINAL(99991300, REFUSED),
    FINAL(99991301, APP),
    WAIT(99991400),
    FINAL(99991401, APP),
    FINAL(99991403, BUSY),
    FINAL(99991543, APP),
    FINAL(99991661, APP),
    FINAL(99991662, APP),
    TOKEN(99991663),
    TOKEN(99991664),
    FINAL(99991665, APP),
    TOKEN(99991668),
    FINAL(99991669, SIGN_IN),
    TOKEN(99991671),
    FINAL(99991672, APP),
    FINAL(99991673, APP),
    FINAL(99991676, SIGN_IN),
    TOKEN(99991677),
    FINAL(99991679, SIGN_IN),
    FINAL(99992351, REFUSED),
    FINAL(99992359, REFUSED),
    FINAL(99992360, REFUSED),
    FINAL(99992361, REFUSED),
    FINAL(99992363, REFUSED),
    FINAL(99992364, REFUSED),
    FINAL(99992375, REFUSED),
    FINAL(99992376, REFUSED),
    FINAL(99992381, REFUSED),
    FINAL(99992402, REFUSED),
};

/* RFC 6749 5.2 */
static const struct {
    const char *error;
    struct code_row row;
} oauth_errors[] = {
    {"invalid_grant", FINAL(0, SIGN_IN)},
    {"invalid_client", FINAL(0, APP)},
    {"unauthorized_client", FINAL(0, APP)},
    {"unsupported_grant_type", FINAL(0, APP)},
    {"invalid_request", FINAL(0, REFUSED)},
    {"invalid_scope", FINAL(0, REFUSED)},
    {"server_error", UNSURE(0)},
    {"temporarily_unavailable", UNSURE(0)},
};

static int by_code(const void *key, const void *row)
{
    int code = *(const int *)key, other = ((const struct code_row *)row)->code;
    return (code > other) - (code < other);
}

const struct code_row *code_find(int code)
{
    return bsearch(&code, codes, sizeof(codes) / sizeof(*codes), sizeof(*codes), by_code);
}

const struct code_row *code_find_oauth(const char *error)
{
    for (size_t i = 0; i < sizeof(oauth_errors) / sizeof(*oauth_errors); i++)
        if (str_eq(oauth_errors[i].error, error))
            return &oauth_errors[i].row;
    return NULL;
}

const struct code_row *code_table(size_t *n)
{
    *n = sizeof(codes) / sizeof(*codes);
    return codes;
}
