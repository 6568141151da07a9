/*-------------------------------------------------------------------------
 *
 * syntax_recovery.c
 *	  Catching the syntax errors that statements of ours cause.
 *
 * PostgreSQL has no hook in its grammar, but errfinish() calls the callbacks of
 * error_context_stack before it jumps anywhere.  Ours is at the bottom of that
 * stack.  On a syntax error it walks its own stack, with libunwind, to the frame
 * of raw_parser().  If the text there holds statements of ours, the error is
 * dropped, the text is translated, and execution resumes in raw_parser()'s caller
 * as if raw_parser() had returned the result.
 *
 * An ordinary statement costs nothing: nothing runs here unless it fails to parse.
 * No code and no data of the server's is changed.  The interrupt and critical
 * section counters are as raw_parser() found them, since it does not touch them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_recovery.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "parser/parse_type.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"
#include "syntax/syntax_availability.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_mask.h"
#include "syntax/syntax_recovery.h"
#include "syntax/syntax_text.h"
#include "syntax/syntax_translate.h"

/* raw_parser() is this many frames above our callback, at most. */
#define MAX_FRAMES 16

/* What is known of a raw_parser() that is about to fail. */
typedef struct FailedParse
{
	unw_cursor_t caller;		/* the frame that called it */
	const char *frame_end;		/* where that frame begins */
	bool		at_top;			/* called by pg_parse_query() */
	CjParserText parsed;
	ErrorData  *error;
} FailedParse;

/* The code of a function: where it begins and, once looked up, ends. */
typedef struct CodeRange
{
	unw_word_t	start;
	unw_word_t	end;
} CodeRange;

static void recover_from_error(void *arg);
pg_noreturn static void rethrow(ErrorData *error);

static ErrorContextCallback recovery_callback = {NULL, recover_from_error, NULL};
static CjRecoveryMode mode = CJ_RECOVERY_OFF;

/* Errors of our own attempt to parse are nobody's to recover from. */
static bool recovering = false;

/*
 * Put our callback at the bottom of error_context_stack, if it is not there:
 * below the callbacks of whatever runs now, so that it stays when they go.
 *
 * PostgresMain() empties the stack after each error; so this is called from
 * everywhere that runs soon afterwards.
 */
void
cj_recovery_install(void)
{
	ErrorContextCallback *last = error_context_stack;

	if (mode == CJ_RECOVERY_OFF || last == &recovery_callback)
		return;
	if (last == NULL)
	{
		error_context_stack = &recovery_callback;
		return;
	}
	while (last->previous != NULL)
	{
		last = last->previous;
		if (last == &recovery_callback)
			return;
	}
	last->previous = &recovery_callback;
}

/*
 * Let the mechanism work in this process and those that it forks.
 */
void
cj_recovery_enable(CjRecoveryMode how)
{
	mode = how;
}

/*
 * Is this frame one of the function?  Asking libunwind for each frame's
 * function would take its lock, and so change the signal mask, six times.
 */
static bool
is_frame_of(unw_cursor_t *cursor, CodeRange *function)
{
	unw_word_t	ip;

	if (function->end == 0)
	{
		unw_proc_info_t info;

		if (unw_get_proc_info_by_ip(unw_local_addr_space, function->start,
									&info, NULL) < 0 ||
			info.start_ip != function->start)
			return false;
		function->end = info.end_ip;
	}
	/* A return address may be the first one behind the function. */
	return unw_get_reg(cursor, UNW_REG_IP, &ip) >= 0 &&
		ip > function->start && ip <= function->end;
}

/*
 * From the frame of our callback, find raw_parser(): the frame that called it,
 * and the text that it was given.  Returns false if this error comes from
 * elsewhere.
 */
static bool
find_raw_parser(FailedParse *parse)
{
	static CodeRange parser = {(unw_word_t) raw_parser};
	static CodeRange top = {(unw_word_t) pg_parse_query};
	static CodeRange type_name = {(unw_word_t) typeStringToTypeName};
	static CodeRange type = {(unw_word_t) parseTypeString};
	unw_cursor_t *cursor = &parse->caller;

	for (int i = 0; i < MAX_FRAMES; i++)
	{
		unw_word_t	frame;
		unw_word_t	frame_end;

		if (unw_step(cursor) <= 0)
			return false;
		if (!is_frame_of(cursor, &parser))
			continue;

		if (unw_get_reg(cursor, UNW_REG_SP, &frame) < 0 ||
			unw_step(cursor) <= 0 ||
			unw_get_reg(cursor, UNW_REG_SP, &frame_end) < 0)
			return false;
		/* What a type's name is expected from can do with nothing else. */
		if (is_frame_of(cursor, &type_name) || is_frame_of(cursor, &type))
			return false;
		parse->frame_end = (const char *) frame_end;
		parse->at_top = is_frame_of(cursor, &top);
		return cj_text_find((const char *) frame, (const char *) frame_end,
							&parse->parsed);
	}
	return false;
}

/*
 * Where stacks cannot be walked: the text that the client sent, if the error
 * is about that.  Returns false if it is not.
 */
static bool
find_client_text(FailedParse *parse)
{
	const char *str = debug_query_string;
	const char *token;

	if (str == NULL || geterrposition() <= 0)
		return false;

	token = str;
	for (int i = 1; i < geterrposition() && *token != '\0'; i++)
		token += pg_mblen(token);
	parse->at_top = true;
	parse->frame_end = NULL;
	parse->parsed.buffer = unconstify(char *, str);
	parse->parsed.len = strlen(str);
	parse->parsed.token_end = Min(token - str + 1, parse->parsed.len);
	parse->parsed.context = MessageContext;
	return true;
}

/*
 * Mask a text.  Where its scanner gives up, what was masked before stands: the
 * parser will give up there too, and in its own words.
 */
static void
mask_leniently(CjMask *mask, const char *str, int len)
{
	MemoryContext context = CurrentMemoryContext;
	int			min_messages = client_min_messages;

	/* What the scanner has to say of long names, it says to the parser. */
	client_min_messages = ERROR;
	PG_TRY();
	{
		cj_mask_text(mask, str, len);
	}
	PG_CATCH();
	{
		client_min_messages = min_messages;
		MemoryContextSwitchTo(context);
		if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_OPERATOR_INTERVENTION ||
			ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_INSUFFICIENT_RESOURCES)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	client_min_messages = min_messages;
}

/*
 * Translate a text in one mode of the parser.  Returns false if that fails;
 * *error is then the error that got furthest of this one and what it was.
 */
static bool
try_mode(const char *str, int len, const CjMask *mask,
		 RawParseMode parse_mode, List **statements, ErrorData **error)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool done = false;

	PG_TRY();
	{
		*statements = cj_translate(str, len, mask, parse_mode);
		done = true;
	}
	PG_CATCH();
	{
		ErrorData  *failure;

		MemoryContextSwitchTo(context);
		failure = CopyErrorData();
		if (failure->sqlerrcode != ERRCODE_SYNTAX_ERROR)
			PG_RE_THROW();
		FlushErrorState();
		if (*error == NULL ||
			Max(failure->cursorpos, failure->internalpos) >
			Max((*error)->cursorpos, (*error)->internalpos))
			*error = failure;
	}
	PG_END_TRY();

	return done;
}

/*
 * Translate a text that was not a client's: PL/pgSQL parses expressions and
 * assignments too, and the parser's mode is nowhere to be read.
 */
static List *
translate_in_any_mode(const char *str, int len, const CjMask *mask)
{
	static const RawParseMode parse_modes[] = {
		RAW_PARSE_DEFAULT, RAW_PARSE_PLPGSQL_EXPR, RAW_PARSE_PLPGSQL_ASSIGN1,
		RAW_PARSE_PLPGSQL_ASSIGN2, RAW_PARSE_PLPGSQL_ASSIGN3
	};
	List	   *statements = NIL;
	ErrorData  *error = NULL;

	for (int i = 0; i < lengthof(parse_modes); i++)
	{
		if (try_mode(str, len, mask, parse_modes[i], &statements, &error))
			return statements;
	}
	ReThrowError(error);
}

/*
 * Raise the parser's error after all.
 */
static void
rethrow(ErrorData *error)
{
	/* As errfinish() does before it jumps. */
	InterruptHoldoffCount = 0;
	QueryCancelHoldoffCount = 0;
	CritSectionCount = 0;
	ReThrowError(error);
}

/*
 * The mark in which the parser gave up, NULL if it gave up elsewhere.
 */
static const CjMark *
failed_mark(const CjMask *mask, int token_end)
{
	ListCell   *lc;

	foreach(lc, mask->marks)
	{
		const CjMark *mark = lfirst(lc);

		if (mark->start < token_end && token_end <= mark->end)
			return mark;
	}
	return NULL;
}

/*
 * May statements of ours be used here?  If not, add the reason to the error,
 * provided that such a statement is what failed.
 */
static bool
may_use(FailedParse *parse, const CjMask *mask)
{
	const CjMark *failed = failed_mark(mask, parse->parsed.token_end);
	char	   *hint;

	if (mode == CJ_RECOVERY_TESTING)
		return true;

	hint = cj_availability_hint(failed != NULL ? failed->family->function(failed) : "");
	if (hint != NULL && failed != NULL && parse->error->hint == NULL)
		parse->error->hint = hint;
	return hint == NULL;
}

/*
 * Parse the text again, with our statements in it.  Raises the parser's error,
 * the first one if the text has nothing of ours.
 *
 * The error state has been cleared, and what runs here runs as if called by
 * raw_parser()'s caller, in its memory context.
 */
static List *
parse_again(FailedParse *parse)
{
	CjMask		mask = {0};
	char	   *str;

	str = cj_text_original(&parse->parsed, parse->error->internalquery);
	if (str == NULL)
		rethrow(parse->error);
	mask_leniently(&mask, str, parse->parsed.len);
	if (mask.marks == NIL || !may_use(parse, &mask))
		rethrow(parse->error);

	/* As scanner_finish() would: a small one is left to its context. */
	if (parse->parsed.len >= 8192)
		pfree(parse->parsed.buffer);
	if (parse->at_top)
		return cj_translate(str, parse->parsed.len, &mask, RAW_PARSE_DEFAULT);
	return translate_in_any_mode(str, parse->parsed.len, &mask);
}

/*
 * Take the error context callbacks of the frames that are skipped off the
 * stack: the scanner has one while it reads an escape in a Unicode string.
 */
static void
drop_callbacks(const FailedParse *parse)
{
	const char *here = (const char *) __builtin_frame_address(0);

	while (error_context_stack != NULL &&
		   (const char *) error_context_stack > here &&
		   (const char *) error_context_stack < parse->frame_end)
		error_context_stack = error_context_stack->previous;
}

/*
 * ErrorContextCallback: if the error is a syntax error that raw_parser()
 * raises about a text with statements of ours, raise none: have raw_parser()
 * return what it would if it knew them.
 *
 * This skips the frames that errfinish() is about to skip in the same way.
 */
static void
recover_from_error(void *arg)
{
	FailedParse parse;
	unw_context_t registers;
	List	   *volatile statements = NIL;
	uint32		interrupt_holdoff = InterruptHoldoffCount;
	uint32		cancel_holdoff = QueryCancelHoldoffCount;

	if (recovering || geterrcode() != ERRCODE_SYNTAX_ERROR)
		return;
	if (mode == CJ_RECOVERY_HINT)
	{
		if (!find_client_text(&parse))
			return;
	}
	else if (unw_getcontext(&registers) < 0 ||
			 unw_init_local(&parse.caller, &registers) < 0 ||
			 !find_raw_parser(&parse))
		return;
	if (!cj_mask_is_candidate(parse.parsed.buffer, parse.parsed.len))
		return;

	MemoryContextSwitchTo(parse.parsed.context);
	parse.error = CopyErrorData();
	FlushErrorState();
	drop_callbacks(&parse);

	recovering = true;
	PG_TRY();
	{
		statements = parse_again(&parse);
	}
	PG_FINALLY();
	{
		recovering = false;
	}
	PG_END_TRY();

	/* An error that was caught on the way has cleared them. */
	InterruptHoldoffCount = interrupt_holdoff;
	QueryCancelHoldoffCount = cancel_holdoff;

	unw_set_reg(&parse.caller, UNW_REG_EH, (unw_word_t) statements);
	unw_resume(&parse.caller);
}
