/* The table of error codes: HTTP status and text. */
#ifndef SIM_ERRORS_H
#define SIM_ERRORS_H

int error_status(int code);
const char *error_text(int code);

#endif
