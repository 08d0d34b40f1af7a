/* HTML pages: their frame, their words in English and Chinese. */
#ifndef HTTP_PAGE_H
#define HTTP_PAGE_H

#include "http/exchange.h"

enum word {
    WORD_TITLE,
    WORD_INTRO,
    WORD_SIGN_IN,
    WORD_SIGN_IN_AGAIN,
    WORD_SIGN_IN_NEEDED,
    WORD_SIGNED_IN,
    WORD_SIGN_OUT,
    WORD_SIGN_OUT_EVERYWHERE,
    WORD_SIGNED_IN_AS,
    WORD_CLIENT_SETUP,
    WORD_CLIENT_HINT,
    WORD_SERVER,
    WORD_USER_NAME,
    WORD_PASSWORDS,
    WORD_PASSWORDS_HINT,
    WORD_NO_PASSWORDS,
    WORD_DEVICE,
    WORD_CREATE_PASSWORD,
    WORD_REVOKE,
    WORD_CREATED,
    WORD_LAST_USED,
    WORD_NEVER,
    WORD_NEW_PASSWORD,
    WORD_NEW_PASSWORD_HINT,
    WORD_CALENDARS,
    WORD_NAME,
    WORD_ROLE,
    WORD_EVENTS,
    WORD_LAST_SYNC,
    WORD_ERROR,
    WORD_FIRST_SYNC,
    WORD_OWNER,
    WORD_WRITER,
    WORD_READER,
    WORD_FREE_BUSY_READER,
    WORD_SYNC_NOW,
    WORD_AUTHORIZED_UNTIL,
    WORD_AUTHORIZED_SOON,
    WORD_CALLS,
    WORD_CALLS_ALL,
    WORD_LAG,
    WORD_PHONE_HINT,
    WORD_SORRY,
    WORD_BACK,
    WORD_COUNT
};

struct page {
    struct exchange *ex;
    bool chinese;
    struct buf html;
};

/* The page up to the heading. */
struct page page_begin(struct exchange *ex);
const char *page_word(const struct page *page, enum word word);
/* Text escaped; NULL as nothing. */
void page_text(struct page *page, const char *text);
/* "2026-11-20 09:41 UTC", or the word for never. */
void page_time(struct page *page, int64_t unix_s);
/* The opening of a POST form with its token: <form ...> and the hidden field. */
void page_form(struct page *page, const char *action);
/* Sends it. */
void page_end(struct page *page, int status);
/* An error as a page. */
void page_error(struct exchange *ex, enum err kind);

#endif
