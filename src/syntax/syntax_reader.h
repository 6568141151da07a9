/*-------------------------------------------------------------------------
 *
 * syntax_reader.h
 *	  The tokens of a text, with those that come next.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_reader.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_READER_H
#define CJ_SYNTAX_READER_H

#include "syntax/syntax_scan.h"

typedef struct CjReader
{
	CjScan		scan;
	const char *str;
	int			len;
	int			depth;			/* of parentheses and brackets that are open
								 * at the current token, which counts */
	CjToken    *ahead;			/* the current token and those behind it */
	int			first;			/* the current one's place in there */
	int			nahead;
	int			capacity;
	ErrorData  *error;			/* what the scanner raised about the last of
								 * them */
} CjReader;

extern void cj_reader_begin(CjReader *reader, const char *str, int len);
extern CjToken cj_reader_peek(CjReader *reader, int n);
extern bool cj_reader_has_word(CjReader *reader, int n, const char *word);
extern bool cj_reader_has_words(CjReader *reader, int n, const char *words);
extern bool cj_reader_has_symbol(CjReader *reader, int n, char symbol);
extern bool cj_reader_ends(CjReader *reader, int n);
extern int	cj_reader_count_rest(CjReader *reader);
extern void cj_reader_advance(CjReader *reader);
extern void cj_reader_end(CjReader *reader);

#endif							/* CJ_SYNTAX_READER_H */
