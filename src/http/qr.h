/* A text as a QR code for phones: an SVG picture. */
#ifndef HTTP_QR_H
#define HTTP_QR_H

#include "base/str.h"

/* Adds nothing when the text is too long for a code. */
void qr_add_svg(struct buf *html, const char *text);

#endif
