/*-------------------------------------------------------------------------
 *
 * syntax_scan.h
 *	  The tokens of a text, by PostgreSQL's own scanner.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_scan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_SCAN_H
#define CJ_SYNTAX_SCAN_H

#include "parser/scanner.h"

/* A token as far as we need to know it. */
typedef struct CjToken
{
	int			start;			/* byte offset in the text */
	int			wordlen;		/* bytes of an unquoted word, else 0 */
	int			symbol;			/* a one-character token, else 0 */
	bool		end;			/* nothing follows: start is the text's end */
} CjToken;

typedef struct CjScan
{
	const char *str;
	core_yyscan_t scanner;
	core_yy_extra_type extra;
} CjScan;

extern bool cj_scan_is_word_byte(unsigned char c);
extern void cj_scan_begin(CjScan *scan, const char *str);
extern CjToken cj_scan_next(CjScan *scan);
extern const char *cj_scan_token_text(const CjScan *scan,
									  const CjToken *token);
extern bool cj_scan_is_reserved(const char *word);
extern char *cj_scan_name_at(const char *str, int offset);
extern void cj_scan_end(CjScan *scan);
extern bool cj_scan_begins_with(const char *str, int offset,
								const char *words);
extern bool cj_scan_word_stands_at(const char *str, int offset,
								   const char *word);
extern bool cj_scan_is_word(const char *str, const CjToken *token,
							const char *word);

#endif							/* CJ_SYNTAX_SCAN_H */
