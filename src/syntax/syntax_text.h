/*-------------------------------------------------------------------------
 *
 * syntax_text.h
 *	  The text that raw_parser() failed on.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_text.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_TEXT_H
#define CJ_SYNTAX_TEXT_H

/* What the stack frame of a raw_parser() under way tells. */
typedef struct CjParserText
{
	char	   *buffer;			/* the scanner's copy of the text */
	int			len;
	int			token_end;		/* where the token read last ends */
	MemoryContext context;		/* current when raw_parser() was called */
} CjParserText;

extern bool cj_text_find(const char *frame, const char *frame_end,
						 CjParserText *parsed);
extern char *cj_text_original(const CjParserText *parsed,
							  const char *internal_query);

#endif							/* CJ_SYNTAX_TEXT_H */
