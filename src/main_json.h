/* JSON on standard output, for the commands' --json. */
#ifndef MAIN_JSON_H
#define MAIN_JSON_H

/* "name":"text" and what follows it; NULL is printed as "". */
void json_text_member(const char *name, const char *text, const char *behind);

#endif
