/*-------------------------------------------------------------------------
 *
 * syntax_error.c
 *	  Syntax errors of our own, in the words of the parser.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_error.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "syntax/syntax_error.h"
#include "syntax/syntax_scan.h"

/*
 * The error position, in characters from 1, of a byte offset.
 */
int
cj_syntax_position(const char *str, int offset)
{
	return pg_mbstrlen_with_len(str, offset) + 1;
}

/*
 * The byte offset of the character at a position, from 1, of a text: the
 * reverse of cj_syntax_position().  -1 if the position is behind the end, in
 * some other text.
 */
int
cj_syntax_offset(const char *str, int position)
{
	const char *at = str;

	for (int i = 1; i < position; i++)
	{
		if (*at == '\0')
			return -1;
		at += pg_mblen(at);
	}
	return at - str;
}

/*
 * Raise the parser's own error about the token at a byte offset of the text.
 */
void
cj_syntax_error_at(const char *str, int offset)
{
	CjScan		scan;
	CjToken		token;

	cj_scan_begin(&scan, str);
	do
	{
		token = cj_scan_next(&scan);
	} while (token.start < offset && !token.end);

	if (token.end)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("syntax error at end of input"),
				 errposition(cj_syntax_position(str, token.start))));
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("syntax error at or near \"%s\"",
					cj_scan_token_text(&scan, &token)),
			 errposition(cj_syntax_position(str, token.start))));
}
