#include "http/qr.h"

#include <qrencode.h>

#define QUIET_ZONE 4

void qr_add_svg(struct buf *html, const char *text)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code)
        return;
    int size = code->width + 2 * QUIET_ZONE;
    buf_printf(html, "<svg class=\"qr\" viewBox=\"0 0 %d %d\" role=\"img\"><path d=\"",
        size, size);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            if (code->data[y * code->width + x] & 1)
                buf_printf(html, "M%d %dh1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE);
    buf_adds(html, "\"/></svg>\n");
    QRcode_free(code);
}
