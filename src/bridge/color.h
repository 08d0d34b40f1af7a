/* Colours: upstream's signed 32-bit ARGB numbers and the CSS3 names of RFC 7986 5.9. */
#ifndef BRIDGE_COLOR_H
#define BRIDGE_COLOR_H

#include <stdbool.h>
#include <stdint.h>

/* The nearest name; of equally near ones the first in the alphabet. */
const char *color_name(uint32_t rgb);
/* A CSS3 name (case ignored) or #RRGGBB[AA]; alpha is cut off. */
bool color_parse(const char *text, uint32_t *rgb);

#endif
