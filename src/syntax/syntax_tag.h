/*-------------------------------------------------------------------------
 *
 * syntax_tag.h
 *	  Command tags of our own.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_tag.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_TAG_H
#define CJ_SYNTAX_TAG_H

extern void cj_tag_set(const char *tag, int64 count);
extern void cj_tag_set_counted(const char *tag);
extern void cj_tag_forget(void);
extern void cj_tag_forget_portals(void);

#endif							/* CJ_SYNTAX_TAG_H */
