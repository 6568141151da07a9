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
 *	WITH j AS (SHOW JOB 1) ..			WITH j AS (SELECT   1) ..
 *	PAUSE JOB 1 WITH REASON = 'x'		SELECT    1
 *
 * What is a statement of ours the families say (syntax_family.c).
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

#include "syntax/syntax_family.h"
#include "syntax/syntax_mask.h"
#include "syntax/syntax_with.h"

/* A statement of ours whose end has not been read. */
typedef struct OpenMark
{
	CjMark	   *mark;
	int			depth;			/* of brackets around it */
} OpenMark;

/* Where the tokens read so far have led. */
typedef struct MaskState
{
	CjReader	reader;
	CjWith		with;
	int			body_depth;		/* of BEGIN ATOMIC bodies */
	bool		may_have_body;	/* the statement creates a function */
	bool		inside;			/* the text is that of a row source */
	List	   *open;			/* of OpenMark, the innermost first */
	CjMask	   *mask;
} MaskState;

/*
 * Can the text have a statement of ours?  This does not look at quotes or
 * comments.
 */
bool
cj_mask_is_candidate(const char *str, int len)
{
	return cj_family_mentions(str, len);
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
	const char *str = state->reader.str;
	char	   *at = state->mask->str + start;
	int			len = strlen(with);
	bool		comment = false;

	Assert(end - start >= len);
	memset(at, ' ', end - start);
	memcpy(at, with, len);
	at += len;
	for (int i = start; i < end; i++)
	{
		if (!IS_HIGHBIT_SET(str[i]))
			continue;
		if (!comment)
		{
			memcpy(at, "/*", 2);
			at += 2;
			comment = true;
		}
		*at++ = str[i];
	}
	if (comment)
	{
		memcpy(at, "*/", 2);
		at += 2;
	}
	Assert(at <= state->mask->str + end);
}

/*
 * The current token.
 */
static CjToken
current(MaskState *state)
{
	return cj_reader_peek(&state->reader, 0);
}

/*
 * Is the current token this word?
 */
static bool
at_word(MaskState *state, const char *word)
{
	return cj_reader_has_word(&state->reader, 0, word);
}

/*
 * Move on by so many tokens.
 */
static void
advance(MaskState *state, int n)
{
	while (n-- > 0)
		cj_reader_advance(&state->reader);
}

/*
 * Add a mark for a statement of ours that begins at the current token, if one
 * does, and say how many words it has; else return NULL.
 */
static CjMark *
add_mark(MaskState *state, CjPlace place, int *nwords)
{
	CjMark		mark = {.place = place,.error = -1};
	CjMark	   *added;

	*nwords = cj_family_recognise(&state->reader, &mark);
	if (*nwords == 0 || (place == CJ_PLACE_SOURCE && !mark.rows))
		return NULL;

	mark.start = current(state).start;
	mark.name = state->with.name;
	mark.operand = cj_reader_peek(&state->reader, *nwords).start;
	/* as long as the scanner has not found the end */
	mark.end = state->reader.len;
	added = palloc(sizeof(CjMark));
	*added = mark;
	return added;
}

/*
 * Where the n-th token from the current one ends: a word or a symbol.
 */
static int
token_end(MaskState *state, int n)
{
	CjToken		token = cj_reader_peek(&state->reader, n);

	return token.start + Max(token.wordlen, 1);
}

/*
 * At the beginning of a statement: if it is one of ours, mask its words.  The
 * current token is then the first that is not one of these.
 */
static void
mask_statement(MaskState *state, CjPlace place)
{
	int			depth = state->reader.depth;
	OpenMark   *open;
	CjMark	   *mark;
	int			nwords;

	mark = add_mark(state, place, &nwords);
	if (mark == NULL)
		return;
	if (place == CJ_PLACE_SOURCE)
		mark->place = CJ_PLACE_STATEMENT;	/* in its own text it is one */

	open = palloc(sizeof(OpenMark));
	open->mark = mark;
	open->depth = depth;
	state->open = lcons(open, state->open);
	state->mask->marks = lappend(state->mask->marks, mark);
	if (mark->shape != CJ_SHAPE_STATEMENT)
		overwrite(state, mark->start, token_end(state, nwords - 1),
				  mark->shape == CJ_SHAPE_QUERY ? "" : "SELECT");

	/* The mark stands even if the scanner gives up at the operand. */
	advance(state, nwords);
}

/*
 * In a statement of ours: if the current token begins a clause of ours, mask
 * that and go on behind it.  Returns whether it does.
 */
static bool
mask_clause(MaskState *state)
{
	OpenMark   *open = state->open == NIL ? NULL : linitial(state->open);
	CjClause	clause = {0};
	CjMark	   *mark;
	int			ntokens = 0;

	if (open == NULL)
		return false;

	mark = open->mark;
	/* What has an error already is masked no further. */
	if (mark->error < 0 && state->reader.depth == open->depth &&
		mark->family->read_clause != NULL)
		ntokens = mark->family->read_clause(&state->reader, mark, &clause);
	if (ntokens > 0)
	{
		CjClause   *added = palloc(sizeof(CjClause));

		clause.start = current(state).start;
		clause.end = cj_reader_peek(&state->reader, ntokens).start;
		/* Where the scanner gives up, the parser is to do so too. */
		if (state->reader.error != NULL)
		{
			while (ntokens > 1 && cj_reader_peek(&state->reader, ntokens - 1).end)
				ntokens--;
			clause.end = token_end(state, ntokens - 1);
		}
		*added = clause;
		mark->clauses = lappend(mark->clauses, added);
		/* A clause of a few characters has no room for a comment by itself. */
		if (mark->shape == CJ_SHAPE_NOTHING)
			overwrite(state, mark->start, clause.end, "SELECT");
		else
			overwrite(state, clause.start, clause.end, "");
		advance(state, ntokens);
		return true;
	}
	/* Nothing else can stand here. */
	if (mark->error < 0 &&
		(mark->shape == CJ_SHAPE_NOTHING ||
		 (mark->clauses != NIL && mark->shape != CJ_SHAPE_STATEMENT)))
		mark->error = current(state).start;
	return false;
}

/*
 * Hide what is in the brackets of a row source: a name, and a comment.
 */
static void
hide_source(MaskState *state, int start, int end)
{
	char	   *masked = state->mask->str;

	memcpy(masked + start, "\"j\"/*", 5);
	for (int i = start + 5; i < end; i++)
	{
		if (masked[i] == '*' || masked[i] == '/')
			masked[i] = ' ';
	}
	memcpy(masked + end - 2, "*/", 2);
}

/*
 * At a "[": if a row source of ours begins there, mask it.  The current token
 * is then the one behind its "]", else the first that is not one of ours.
 *
 * What is in there needs no mask: it is parsed by itself.
 */
static void
mask_source(MaskState *state)
{
	int			start = current(state).start;
	int			depth = state->reader.depth - 1;
	CjMark	   *mark;
	int			nwords;

	advance(state, 1);
	if (!at_word(state, "show"))
		return;
	mark = add_mark(state, CJ_PLACE_SOURCE, &nwords);
	if (mark == NULL)
		return;
	while (state->reader.depth > depth && !current(state).end &&
		   (current(state).symbol != ';' || state->reader.depth > depth + 1))
		advance(state, 1);
	if (current(state).symbol != ']')
		return;

	mark->start = start;
	mark->end = current(state).start + 1;
	state->mask->marks = lappend(state->mask->marks, mark);
	hide_source(state, start, mark->end);
	advance(state, 1);
}

/*
 * Move on over the parentheses that open at the current token, if they do.
 */
static void
skip_parentheses(MaskState *state)
{
	int			depth = state->reader.depth;

	if (current(state).symbol != '(')
		return;
	do
	{
		advance(state, 1);
	} while (!current(state).end && state->reader.depth >= depth);
	if (!current(state).end)
		advance(state, 1);
}

/*
 * At the beginning of a statement: move on to where one of ours can begin in
 * it, and say where that is.  Returns false if none can.
 */
static bool
skip_to_statement(MaskState *state, CjPlace *place)
{
	if (at_word(state, "explain"))
	{
		advance(state, 1);
		skip_parentheses(state);
		while (at_word(state, "analyze") || at_word(state, "analyse") ||
			   at_word(state, "verbose"))
			advance(state, 1);
		*place = CJ_PLACE_EXPLAIN;
		return true;
	}
	if (at_word(state, "prepare"))
	{
		advance(state, 1);
		if (cj_reader_ends(&state->reader, 0))
			return false;
		advance(state, 1);
		skip_parentheses(state);
		if (!at_word(state, "as"))
			return false;
		advance(state, 1);
		*place = CJ_PLACE_PREPARE;
		return true;
	}
	*place = state->inside ? CJ_PLACE_SOURCE : CJ_PLACE_STATEMENT;
	return true;
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

	cj_reader_advance(&state->reader);
	if (at_word(state, "or"))
	{
		cj_reader_advance(&state->reader);
		if (at_word(state, "replace"))
			cj_reader_advance(&state->reader);
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
	bool		begin = state->may_have_body && state->reader.depth == 0 &&
	at_word(state, "begin");
	bool		next = state->body_depth > 0 && state->reader.depth == 0 &&
	current(state).symbol == ';';

	advance(state, 1);
	if (begin && at_word(state, "atomic"))
	{
		state->body_depth++;
		advance(state, 1);
		next = true;
	}
	if (next)
		begin_statement(state);
}

/*
 * At a parenthesis that closes: it ends the statement of ours in it.
 */
static void
close_mark(MaskState *state)
{
	OpenMark   *open = state->open == NIL ? NULL : linitial(state->open);

	if (open == NULL || current(state).symbol != ')' ||
		state->reader.depth >= open->depth)
		return;
	open->mark->end = current(state).start;
	state->open = list_delete_first(state->open);
}

/*
 * Go through a statement up to the ";" or the end of the text, and mask what
 * is ours.
 */
static void
mask_up_to_semicolon(MaskState *state)
{
	CjPlace		place;
	ListCell   *lc;

	state->open = NIL;
	memset(&state->with.step, 0, sizeof(state->with.step));
	if (skip_to_statement(state, &place))
		mask_statement(state, place);
	begin_statement(state);
	while (!current(state).end &&
		   (current(state).symbol != ';' || state->reader.depth > 0 ||
			state->body_depth > 0))
	{
		bool		query;

		close_mark(state);
		if (mask_clause(state))
			continue;
		query = cj_with_follow(&state->with, &state->reader);
		if (current(state).symbol == '[')
			mask_source(state);
		else
			move_on(state);
		if (query)
			mask_statement(state, CJ_PLACE_CTE);
	}
	foreach(lc, state->open)
		((OpenMark *) lfirst(lc))->mark->end = current(state).start;
}

/*
 * Mask a text, or what is in the brackets of a row source.
 */
static void
mask_text(CjMask *mask, const char *str, int len, bool inside)
{
	MaskState	state = {0};

	mask->str = MemoryContextAllocHuge(CurrentMemoryContext, (Size) len + 1);
	memcpy(mask->str, str, len);
	mask->str[len] = '\0';
	mask->marks = NIL;

	state.mask = mask;
	state.inside = inside;
	cj_reader_begin(&state.reader, str, len);
	while (!current(&state).end)
	{
		mask_up_to_semicolon(&state);
		state.reader.depth = 0;
		state.inside = false;
		if (!current(&state).end)
			advance(&state, 1);
	}
	cj_reader_end(&state.reader);
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
	mask_text(mask, str, len, false);
}

/*
 * As cj_mask_text() for the text of a row source, with what stands around it
 * blank: its first statement is all of ours, too, that PostgreSQL takes for
 * something else.
 */
void
cj_mask_inside(CjMask *mask, const char *str, int len)
{
	mask_text(mask, str, len, true);
}
