/*-------------------------------------------------------------------------
 *
 * syntax_mask.c
 *	  A text with statements of ours, made into one that PostgreSQL parses.
 *
 * The masked text has the length of the original, and what is not ours stands
 * in it unchanged and in the same place, so that positions in errors, parse
 * trees and pg_stat_statements stay those of the original:
 *
 *	CANCEL JOB 123						SELECT     123
 *	CANCEL JOBS (SELECT id FROM t)		            (SELECT id FROM t)
 *	SHOW JOB WHEN COMPLETE 1			SELECT                 1
 *	SELECT * FROM [SHOW JOBS] WHERE ..	SELECT * FROM "j"         WHERE ..
 *	SELECT * FROM [SHOW JOB f(7)]		SELECT * FROM "j"    (comment)
 *
 * Error positions count characters, not bytes, so multi-byte characters stay
 * too wherever they can: an operand in brackets becomes a comment.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_mask.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "syntax/syntax_mask.h"
#include "syntax/syntax_scan.h"

/* Where the tokens read so far have led. */
typedef struct MaskState
{
	CjScan		scan;
	const char *str;
	CjToken		token;			/* the current one */
	int			depth;			/* of parentheses and brackets */
	int			body_depth;		/* of BEGIN ATOMIC bodies */
	bool		may_have_body;	/* the statement creates a function */
	CjMask	   *mask;
} MaskState;

/*
 * Can the text have a statement of ours?  All have the word JOB or JOBS; this
 * looks for it without a look at quotes or comments.
 */
bool
cj_mask_is_candidate(const char *str, int len)
{
	for (int i = 0; i + 3 <= len; i++)
	{
		if ((str[i] == 'j' || str[i] == 'J') &&
			(str[i + 1] == 'o' || str[i + 1] == 'O') &&
			(str[i + 2] == 'b' || str[i + 2] == 'B'))
			return true;
	}
	return false;
}

/*
 * Overwrite a stretch of the masked text: "with", padded with blanks.
 *
 * Multi-byte characters, which a comment can hold, stay in a comment, so that
 * the stretch has as many characters as before.
 */
static void
overwrite(MaskState *state, int start, int end, const char *with)
{
	char	   *at = state->mask->str + start;
	int			len = strlen(with);
	bool		comment = false;

	Assert(end - start >= len);
	memset(at, ' ', end - start);
	memcpy(at, with, len);
	at += len;
	for (int i = start; i < end; i++)
	{
		if (!IS_HIGHBIT_SET(state->str[i]))
			continue;
		if (!comment)
		{
			memcpy(at, "/*", 2);
			at += 2;
			comment = true;
		}
		*at++ = state->str[i];
	}
	if (comment)
	{
		memcpy(at, "*/", 2);
		at += 2;
	}
	Assert(at <= state->mask->str + end);
}

/*
 * Read the next token, and keep count of what is open.
 */
static void
advance(MaskState *state)
{
	state->token = cj_scan_next(&state->scan);
	if (state->token.symbol == '(' || state->token.symbol == '[')
		state->depth++;
	else if ((state->token.symbol == ')' || state->token.symbol == ']') &&
			 state->depth > 0)
		state->depth--;
}

/*
 * Is the current token this word?
 */
static bool
at_word(const MaskState *state, const char *word)
{
	return cj_scan_is_word(state->str, &state->token, word);
}

/*
 * Where the current word ends.
 */
static int
word_end(const MaskState *state)
{
	return state->token.start + state->token.wordlen;
}

/*
 * Is the current token JOB or JOBS?
 */
static bool
at_job(const MaskState *state, bool *single)
{
	*single = at_word(state, "job");
	return *single || at_word(state, "jobs");
}

/*
 * Is the current token one of the verbs of job control?
 */
static bool
at_control_verb(const MaskState *state, CjControlVerb *verb)
{
	if (at_word(state, "cancel"))
		*verb = CJ_CONTROL_CANCEL;
	else if (at_word(state, "pause"))
		*verb = CJ_CONTROL_PAUSE;
	else if (at_word(state, "resume"))
		*verb = CJ_CONTROL_RESUME;
	else
		return false;
	return true;
}

/*
 * Add a mark that begins at "start".
 */
static CjMark *
add_mark(MaskState *state, CjMarkKind kind, int start, bool single)
{
	CjMark	   *mark = palloc0(sizeof(CjMark));

	mark->kind = kind;
	mark->single = single;
	mark->start = start;
	/* as long as the scanner has not found the end */
	mark->end = state->scan.extra.scanbuflen;
	state->mask->marks = lappend(state->mask->marks, mark);
	return mark;
}

/*
 * If the current words are WHEN COMPLETE, read them, and let *end be where
 * they end.  Else an operand begins here, at *operand.
 */
static bool
skip_when_complete(MaskState *state, int *end, int *operand)
{
	*operand = state->token.start;
	if (!at_word(state, "when"))
		return false;
	advance(state);
	if (!at_word(state, "complete"))
		return false;
	*end = word_end(state);
	advance(state);
	*operand = state->token.start;
	return true;
}

/*
 * At the beginning of a statement: if its words are those of one of ours, mask
 * them and return the mark.  The current token is then the first that is not
 * one of these words.
 *
 * SHOW JOBS by itself stays as it is: PostgreSQL parses it.  So does SHOW of a
 * parameter called jobs.something.
 */
static CjMark *
mask_statement(MaskState *state)
{
	int			start = state->token.start;
	CjControlVerb verb = CJ_CONTROL_CANCEL;
	bool		control = at_control_verb(state, &verb);
	bool		complete = false;
	bool		single;
	int			end;
	int			operand;
	CjMark	   *mark;

	if (!control && !at_word(state, "show"))
		return NULL;
	advance(state);
	if (!at_job(state, &single))
		return NULL;

	end = word_end(state);
	operand = end;
	if (!control)
	{
		advance(state);
		if (state->token.end || state->token.symbol == ';' ||
			state->token.symbol == '.')
			return NULL;
		complete = skip_when_complete(state, &end, &operand);
	}

	mark = add_mark(state, control ? CJ_MARK_CONTROL : CJ_MARK_SHOW, start,
					single);
	mark->verb = verb;
	mark->complete = complete;
	mark->operand = operand;
	overwrite(state, start, end, single ? "SELECT" : "");

	/* The mark stands even if the scanner gives up at the operand. */
	if (control)
	{
		advance(state);
		mark->operand = state->token.start;
	}
	return mark;
}

/*
 * Make the operand of a row source, and the bracket behind it, a comment that
 * begins in the word before it.
 */
static void
hide_operand(MaskState *state, int word_end, int end)
{
	char	   *masked = state->mask->str;

	for (int i = word_end; i < end; i++)
	{
		if (masked[i] == '*' || masked[i] == '/')
			masked[i] = ' ';
	}
	memcpy(masked + word_end - 2, "/*", 2);
	memcpy(masked + end - 2, "*/", 2);
}

/*
 * At a "[": if a row source of ours begins there, mask it.  The current token
 * is then the one behind its "]", else the first that is not one of ours.
 *
 * What is in the operand needs no mask: the operand is parsed by itself.
 */
static void
mask_source(MaskState *state)
{
	int			start = state->token.start;
	int			depth = state->depth - 1;
	bool		single;
	int			show_end;
	int			job_start;
	int			job_end;
	int			operand;
	int			complete_end;
	int			complete_operand;
	bool		complete;
	CjMark	   *mark;

	advance(state);
	if (!at_word(state, "show"))
		return;
	show_end = word_end(state);
	advance(state);
	if (!at_job(state, &single))
		return;
	job_start = state->token.start;
	job_end = word_end(state);
	advance(state);
	operand = state->token.start;
	if (state->token.symbol == '.')
		return;
	complete = skip_when_complete(state, &complete_end, &complete_operand);
	while (state->depth > depth && !state->token.end &&
		   (state->token.symbol != ';' || state->depth > depth + 1))
		advance(state);
	if (state->token.symbol != ']')
		return;

	mark = add_mark(state, CJ_MARK_SOURCE, start, single);
	mark->complete = complete;
	mark->operand = operand;
	mark->end = state->token.start + 1;
	overwrite(state, start, show_end, "\"j\"");
	overwrite(state, job_start, job_end, "");
	if (operand < state->token.start)
		hide_operand(state, job_end, mark->end);
	else
		overwrite(state, mark->end - 1, mark->end, "");
	advance(state);
}

/*
 * At the beginning of a statement, be it one in a BEGIN ATOMIC body: note
 * whether it can have such a body, or end the body if there is none.
 */
static void
begin_statement(MaskState *state)
{
	state->may_have_body = false;
	if (state->body_depth > 0 && at_word(state, "end"))
		state->body_depth--;
	if (!at_word(state, "create"))
		return;

	advance(state);
	if (at_word(state, "or"))
	{
		advance(state);
		if (at_word(state, "replace"))
			advance(state);
	}
	state->may_have_body = at_word(state, "function") ||
		at_word(state, "procedure");
}

/*
 * Move on by a token, into and out of the bodies of CREATE FUNCTION .. BEGIN
 * ATOMIC ..; ..; END, whose semicolons do not end the statement.
 *
 * The END of a body comes directly behind a semicolon, or ATOMIC, and nothing
 * else that can stand there does: CASE .. END is no matter.
 */
static void
move_on(MaskState *state)
{
	bool		begin = state->may_have_body && state->depth == 0 &&
	at_word(state, "begin");
	bool		next = state->body_depth > 0 && state->depth == 0 &&
	state->token.symbol == ';';

	advance(state);
	if (begin && at_word(state, "atomic"))
	{
		state->body_depth++;
		advance(state);
		next = true;
	}
	if (next)
		begin_statement(state);
}

/*
 * Go through a statement up to the ";" or the end of the text, and mask what
 * is ours.
 */
static void
mask_up_to_semicolon(MaskState *state)
{
	CjMark	   *statement = mask_statement(state);

	begin_statement(state);
	while (!state->token.end &&
		   (state->token.symbol != ';' || state->depth > 0 ||
			state->body_depth > 0))
	{
		if (state->token.symbol == '[')
			mask_source(state);
		else
			move_on(state);
	}
	if (statement != NULL)
		statement->end = state->token.start;
}

/*
 * Find the statements and row sources of ours in a text and mask them.
 *
 * Raises what the scanner raises about the text, behind which nothing can be
 * told; "mask", which the caller made, then has what came before.  Allocates
 * in the current memory context.
 */
void
cj_mask_text(CjMask *mask, const char *str, int len)
{
	MaskState	state = {0};

	mask->str = MemoryContextAllocHuge(CurrentMemoryContext, (Size) len + 1);
	memcpy(mask->str, str, len);
	mask->str[len] = '\0';
	mask->marks = NIL;

	state.str = str;
	state.mask = mask;
	cj_scan_begin(&state.scan, str);
	advance(&state);
	while (!state.token.end)
	{
		mask_up_to_semicolon(&state);
		state.depth = 0;
		if (!state.token.end)
			advance(&state);
	}
	cj_scan_end(&state.scan);
}
