/*-------------------------------------------------------------------------
 *
 * syntax_text.c
 *	  The text that raw_parser() failed on.
 *
 * Nobody passes that text to an error context callback: what the client sent
 * may hold it as a string within a string, PL/pgSQL cuts it out of a function,
 * an extension makes it up.  But raw_parser() keeps the scanner's state in its
 * stack frame, and the scanner's copy of the text is in there.  The state is
 * recognised by the two addresses that raw_parser() always puts into it.
 *
 * The scanner ends the token it has read with a NUL, in its copy (and, when
 * the parser has looked one token ahead, the token before too).  So the copy
 * identifies the text, and the bytes below the NULs come from where the text came
 * from.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>
#include <limits.h>

#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/scanner.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"

#include "syntax/syntax_scan.h"
#include "syntax/syntax_text.h"

/* One byte of lookahead and one of the scanner. */
#define MAX_HIDDEN_BYTES 2

/*
 * Find the scanner's state in a stack frame of raw_parser(), which reaches up
 * to "frame_end".  Returns false if it is not there.
 */
bool
cj_text_find(const char *frame, const char *frame_end, CjParserText *parsed)
{
	for (; frame + sizeof(core_yy_extra_type) <= frame_end;
		 frame += sizeof(void *))
	{
		const core_yy_extra_type *state = (const core_yy_extra_type *) frame;

		if (state->keywordlist != &ScanKeywords ||
			state->keyword_tokens != ScanKeywordTokens)
			continue;

		if (state->scanbuf == NULL || state->scanbuflen > MaxAllocHugeSize ||
			state->scanbuflen > INT_MAX)
			return false;
		parsed->buffer = state->scanbuf;
		parsed->len = (int) state->scanbuflen;
		parsed->token_end = strnlen(state->scanbuf, state->scanbuflen);
		parsed->context = GetMemoryChunkContext(state->scanbuf);
		return true;
	}
	return false;
}

/*
 * Would the token that ends before a byte of the buffer have gone on, if the byte
 * were this one?  A dollar sign is part of words, not of numbers and parameters;
 * by itself it goes on as a parameter or a quote.
 */
static bool
would_go_on(const CjParserText *parsed, int end, char next)
{
	const char *buffer = parsed->buffer;
	int			start = end;

	while (start > 0 && cj_scan_is_word_byte(buffer[start - 1]))
		start--;
	if (start == end || !cj_scan_is_word_byte(next))
		return false;
	if (buffer[start] != '$' && !isdigit((unsigned char) buffer[start]))
		return true;
	if (buffer[end - 1] == '$')
		return next == '$' || isdigit((unsigned char) next);
	return next != '$';
}

/*
 * Is the text at "at" the one in the buffer, but for hidden bytes, and for
 * words that PL/pgSQL has blanked: it does that to INTO and its targets?
 */
static bool
matches(const CjParserText *parsed, const char *at)
{
	int			hidden = 0;

	for (int i = 0; i < parsed->len; i++)
	{
		char		c = parsed->buffer[i];

		if (c == at[i] || c == ' ')
			continue;
		if (c != '\0' || ++hidden > MAX_HIDDEN_BYTES)
			return false;
		if (would_go_on(parsed, i, at[i]))
			return false;
	}
	return true;
}

/*
 * The length of the beginning of the buffer that surely is as it was.
 */
static int
intact_length(const CjParserText *parsed)
{
	int			len = 0;

	while (len < parsed->token_end &&
		   !(parsed->buffer[len] == ' ' && parsed->buffer[len + 1] == ' '))
		len++;
	return len;
}

/*
 * Where "source" holds the text, NULL if nowhere.
 */
static const char *
find_in(const CjParserText *parsed, const char *source)
{
	size_t		len = source == NULL ? 0 : strlen(source);
	int			intact = intact_length(parsed);
	const char *last;

	if (source == NULL || len < parsed->len)
		return NULL;
	last = source + len - parsed->len;
	for (const char *at = source; at <= last; at++)
	{
		CHECK_FOR_INTERRUPTS();
		if (intact > 0)
			at = memmem(at, last - at + intact, parsed->buffer, intact);
		if (at == NULL)
			return NULL;
		if (matches(parsed, at))
			return at;
	}
	return NULL;
}

/*
 * As find_in(), in the source of a PL/pgSQL function, where the SELECT that the
 * text begins with may be PERFORM.
 */
static const char *
find_in_function(const CjParserText *parsed, const char *source)
{
	static const char word[] = "SELECT";
	static const char theirs[] = "PERFORM";
	int			len = strlen(word);
	CjParserText rest = *parsed;
	const char *found = find_in(parsed, source);
	const char *at = source;

	if (found != NULL || source == NULL || parsed->token_end <= len ||
		strncmp(parsed->buffer, word, len) != 0)
		return found;

	rest.buffer += len;
	rest.len -= len;
	rest.token_end -= len;
	while ((at = find_in(&rest, at)) != NULL)
	{
		if (at - source >= strlen(theirs) &&
			pg_strncasecmp(at - strlen(theirs), theirs, strlen(theirs)) == 0)
			return at - len;
		at++;
	}
	return NULL;
}

/*
 * The body of the function that the statement under way creates, or of its DO
 * block, NULL if it does neither.
 */
static const char *
body_under_way(void)
{
	PlannedStmt *statement;
	List	   *options;
	ListCell   *lc;

	if (ActivePortal == NULL || list_length(ActivePortal->stmts) != 1)
		return NULL;
	statement = linitial_node(PlannedStmt, ActivePortal->stmts);
	if (statement->utilityStmt == NULL)
		return NULL;
	if (IsA(statement->utilityStmt, CreateFunctionStmt))
		options = ((CreateFunctionStmt *) statement->utilityStmt)->options;
	else if (IsA(statement->utilityStmt, DoStmt))
		options = ((DoStmt *) statement->utilityStmt)->args;
	else
		return NULL;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "as") != 0)
			continue;
		if (IsA(option->arg, List))
			return strVal(llast((List *) option->arg));
		return strVal(option->arg);
	}
	return NULL;
}

/*
 * The text with every byte as it was, in the current memory context; NULL if
 * nothing at hand holds it.  "internal_query" is that of the error, may be
 * NULL.
 */
char *
cj_text_original(const CjParserText *parsed, const char *internal_query)
{
	const char *found = find_in_function(parsed, internal_query);
	char	   *original;

	if (found == NULL)
		found = find_in_function(parsed, body_under_way());
	if (found == NULL)
		found = find_in(parsed, debug_query_string);
	if (found == NULL)
		return NULL;

	original = MemoryContextAllocHuge(CurrentMemoryContext,
									  (Size) parsed->len + 1);
	for (int i = 0; i < parsed->len; i++)
		original[i] = parsed->buffer[i] != '\0' ? parsed->buffer[i] : found[i];
	original[parsed->len] = '\0';
	return original;
}
