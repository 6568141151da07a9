/*-------------------------------------------------------------------------
 *
 * base_parse.c
 *	  Checking a text that holds SQL statements.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_parse.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "parser/parser.h"
#include "utils/memutils.h"

#include "base/base_parse.h"

/* A text that is parsed, for the error context callback. */
typedef struct CheckedText
{
	const char *str;
	const char *what;			/* where it stood */
} CheckedText;

/*
 * Error context callback: an error's position is one in the text.
 */
static void
place_error(void *arg)
{
	CheckedText *checked = arg;
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(checked->str);
	}
	errcontext("%s", checked->what);
}

/*
 * Parse a text and have the statements in it checked.  Errors, syntax errors and what
 * check() raises, are placed in the text, and their context says what it is.  Leaves
 * nothing behind in the current memory context.
 */
void
cj_parse_check(const char *str, const char *what,
			   void (*check) (const char *str, List *statements))
{
	CheckedText checked = {str, what};
	ErrorContextCallback callback;
	MemoryContext context;
	MemoryContext old;

	context = AllocSetContextCreate(CurrentMemoryContext, "cancel_job check",
									ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	callback.callback = place_error;
	callback.arg = &checked;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	check(str, raw_parser(str, RAW_PARSE_DEFAULT));

	error_context_stack = callback.previous;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}
