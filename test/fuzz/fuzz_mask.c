/*-------------------------------------------------------------------------
 *
 * fuzz_mask.c
 *	  Fuzz target: whatever the text, native syntax does it no harm.
 *
 * A module for a backend, in which a SQL function hands over to libFuzzer: so
 * scanner, parser and error handling are the server's own.  Each text goes
 * through the mask, through the translation, and through the recovery from the
 * real syntax error; what must hold then is told at each check.
 *
 * A check that fails prints what is wrong and aborts, and libFuzzer saves the
 * text.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  test/fuzz/fuzz_mask.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/mman.h>
#include <unistd.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parse_node.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "job/job_control_many.h"
#include "job/job_owner.h"
#include "jobtype/jobtype_stats.h"
#include "jobtype/jobtype_stats_option_store.h"
#include "privilege/privilege_store.h"
#include "schedule/schedule.h"
#include "syntax/syntax_command.h"
#include "syntax/syntax_mask.h"
#include "syntax/syntax_recovery.h"
#include "syntax/syntax_translate.h"

PG_MODULE_MAGIC;

/* Longer texts are cut. */
#define MAX_TEXT (64 * 1024)

/* Statements of ours to put before and behind a text. */
#define BEFORE "CANCEL JOB 1;"
#define BEFORE_UTF8 "/*\303\251*/CANCEL/*\342\202\254*/JOB/*\303\251*/1;"
#define BEHIND "\n;CANCEL JOB 1"

/* Texts between two looks at the memory, and what it may have grown by. */
#define TEXTS_PER_LOOK 4096
#define MAX_GROWTH (1024 * 1024)

/* Ways to parse a text. */
enum way
{
	BY_SERVER,					/* as without the extension */
	BY_TRANSLATION,				/* by the mask that was made before */
	BY_RECOVERY,				/* as a client's, with the extension */
	EXPRESSION_BY_SERVER,		/* PL/pgSQL's, without ... */
	EXPRESSION_BY_RECOVERY,		/* ... and with the extension */
	TYPE_BY_SERVER,				/* the name of a type, likewise */
	TYPE_BY_RECOVERY
};

/* What came of it. */
struct outcome
{
	List	   *statements;
	Datum		type;
	ErrorData  *error;			/* NULL if there was none */
};

/* libFuzzer. */
extern int	LLVMFuzzerRunDriver(int *argc, char ***argv,
								int (*callback) (const uint8_t *data, size_t size));

/* It keeps a text that counts up what no other did. */
__attribute__((section("__libfuzzer_extra_counters")))
static uint8_t counters[32 * 1024];

static MemoryContext text_context;	/* everything of one text */
static char *text_end;			/* behind this, nothing can be read */
static const char *subject;		/* the text under way */
static int	len;
static CjMask mask;				/* its mask */
static bool *masked;			/* the bytes that it may change */

PG_FUNCTION_INFO_V1(cj_fuzz);

/*
 * Stands in for the job room: nothing here runs a statement.
 */
int64
cj_job_control(CjControlVerb verb, const int64 *ids, int nids,
			   const char *reason)
{
	abort();
}

/*
 * As cj_job_control().
 */
int64
cj_job_control_schedules(CjControlVerb verb, const int64 *schedules,
						 int nschedules, const char *reason)
{
	abort();
}

/*
 * As cj_job_control().
 */
void
cj_job_owner_alter(int64 id, Oid to)
{
	abort();
}

/*
 * As cj_job_control().
 */
int64
cj_job_control_type(CjControlVerb verb, const char *name, const char *reason)
{
	abort();
}

/*
 * Stands in for the schedule room.
 */
int64
cj_schedule_control(CjScheduleVerb verb, const int64 *ids, int nids)
{
	abort();
}

/*
 * As cj_schedule_control(): some options are, some are not.
 */
bool
cj_schedule_is_backup_option(const char *name)
{
	return name[0] != 'u';
}

/*
 * Stands in for the room of the job types.
 */
int64
cj_stats_submit(const CjStatsRequest *request, const char *statement)
{
	abort();
}

/*
 * As cj_stats_submit().
 */
void
cj_stats_submit_and_wait(const CjStatsRequest *request, const char *statement,
						 bool nonatomic)
{
	abort();
}

/*
 * As cj_stats_submit().
 */
char *
cj_stats_request_create(const CjStatsRequest *request, const char *name)
{
	abort();
}

/*
 * As cj_stats_submit().
 */
char *
cj_stats_request_analyze(const CjStatsRequest *request)
{
	abort();
}

/*
 * As cj_stats_submit().
 */
void
cj_table_option_set(Oid relation, const char *name, const char *value)
{
	abort();
}

/*
 * Stands in for the privilege room.
 */
char *
cj_privilege_store_role(const char *privilege)
{
	abort();
}

static void finding(const char *format,...) pg_attribute_noreturn() pg_attribute_printf(1, 2);

/*
 * Print what is wrong with the text under way, and give up.
 */
static void
finding(const char *format,...)
{
	va_list		arguments;

	fprintf(stderr, "\nFINDING: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nin the %s text\n%s\n", GetDatabaseEncodingName(), subject);
	if (mask.str != NULL)
		fprintf(stderr, "masked as\n%s\n", mask.str);
	fflush(stderr);
	abort();
}

/*
 * Let libFuzzer know that this text is of a kind of its own.
 */
static void
count(uint32 kind)
{
	uint8_t    *counter = &counters[kind % sizeof(counters)];

	if (*counter < 255)
		(*counter)++;
}

/*
 * What the server makes of a type's name; 0 for NULL.
 */
static Datum
parse_type(const char *name)
{
	LOCAL_FCINFO(fcinfo, 1);
	FmgrInfo	function;
	Datum		type;

	fmgr_info(F_TO_REGTYPE, &function);
	InitFunctionCallInfoData(*fcinfo, &function, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = CStringGetTextDatum(name);
	fcinfo->args[0].isnull = false;
	type = FunctionCallInvoke(fcinfo);
	return fcinfo->isnull ? (Datum) 0 : type;
}

/*
 * Parse a text in one of the ways.  Raises what there is to raise.
 */
static void
parse(struct outcome *outcome, enum way way, const char *what)
{
	switch (way)
	{
		case BY_SERVER:
		case BY_RECOVERY:
			outcome->statements = pg_parse_query(what);
			break;
		case BY_TRANSLATION:
			outcome->statements = cj_translate(what, strlen(what), &mask,
											   RAW_PARSE_DEFAULT);
			break;
		case EXPRESSION_BY_SERVER:
		case EXPRESSION_BY_RECOVERY:
			outcome->statements = raw_parser(what, RAW_PARSE_PLPGSQL_EXPR);
			break;
		case TYPE_BY_SERVER:
		case TYPE_BY_RECOVERY:
			outcome->type = parse_type(what);
			break;
	}
}

/*
 * Parse a text in one of the ways, and catch what that raises.
 */
static struct outcome
try(enum way way, const char *what)
{
	ErrorContextCallback *stack = error_context_stack;
	bool		recovers = way == BY_RECOVERY ||
	way == EXPRESSION_BY_RECOVERY || way == TYPE_BY_RECOVERY;
	struct outcome *outcome = palloc0(sizeof(struct outcome));

	error_context_stack = NULL;
	debug_query_string = what;
	if (recovers)
		cj_recovery_install();
	PG_TRY();
	{
		parse(outcome, way, what);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(text_context);
		outcome->error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();

	if (CurrentMemoryContext != text_context)
		finding("another memory context is current after way %d", way);
	if (InterruptHoldoffCount != 0)
		finding("interrupts are held after way %d", way);
	error_context_stack = stack;
	debug_query_string = NULL;
	return *outcome;
}

/*
 * Make the mask of the text, and the part of one that a failure leaves.
 */
static void
make_mask(void)
{
	memset(&mask, 0, sizeof(mask));
	PG_TRY();
	{
		cj_mask_text(&mask, subject, len);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(text_context);
		FlushErrorState();
	}
	PG_END_TRY();
}

/*
 * Note the bytes that a mark may change.
 */
static void
note_masked(const CjMark *mark)
{
	bool		all = mark->place == CJ_PLACE_SOURCE || mark->shape == CJ_SHAPE_NOTHING;
	int			end = all ? mark->end : mark->operand;
	ListCell   *lc;

	memset(masked + mark->start, true, end - mark->start);
	foreach(lc, mark->clauses)
	{
		const CjClause *clause = lfirst(lc);

		if (clause->start < mark->operand || clause->start >= clause->end ||
			clause->end > mark->end)
			finding("a clause from byte %d to %d", clause->start, clause->end);
		memset(masked + clause->start, true, clause->end - clause->start);
	}
}

/*
 * The text has as many bytes and characters after the mask as before it, and
 * outside the marks and their clauses the same ones.  Marks are in order and
 * inside the text; those of statements do not overlap, nor do those of row
 * sources.
 */
static void
check_mask(void)
{
	int			statement_end = 0;
	int			source_end = 0;
	ListCell   *lc;

	masked = palloc0(len + 1);
	if (strlen(mask.str) != len)
		finding("the masked text has %zu bytes instead of %d",
				strlen(mask.str), len);
	if (pg_mbstrlen(mask.str) != pg_mbstrlen(subject))
		finding("the masked text has %d characters instead of %d",
				pg_mbstrlen(mask.str), pg_mbstrlen(subject));
	if (mask.marks == NIL && strcmp(mask.str, subject) != 0)
		finding("the masked text is another one although nothing is marked");

	foreach(lc, mask.marks)
	{
		const CjMark *mark = lfirst(lc);
		int		   *last_end = mark->place == CJ_PLACE_SOURCE ?
		&source_end : &statement_end;
		int			operand = mark->operand;
		int			end = mark->end;

		/* one in WITH is in another, maybe */
		if (mark->place != CJ_PLACE_CTE && mark->start < *last_end)
			finding("marks overlap at byte %d", mark->start);
		if (mark->start < 0 || operand <= mark->start ||
			end < operand || end > len)
			finding("a mark from byte %d over %d to %d", mark->start,
					operand, end);
		if (pg_mbstrlen_with_len(mask.str, mark->start) !=
			pg_mbstrlen_with_len(subject, mark->start) ||
			(mark->shape != CJ_SHAPE_NOTHING &&
			 pg_mbstrlen_with_len(mask.str, operand) !=
			 pg_mbstrlen_with_len(subject, operand)) ||
			pg_mbstrlen_with_len(mask.str, end) !=
			pg_mbstrlen_with_len(subject, end))
			finding("characters have moved in the mark at byte %d", mark->start);
		if (mark->place != CJ_PLACE_CTE)
			*last_end = end;
		note_masked(mark);
	}
	for (int i = 0; i < len; i++)
	{
		if (!masked[i] && mask.str[i] != subject[i])
			finding("byte %d has changed outside the marks", i);
	}
}

/*
 * What an error says about the text is so: its position is in it, and what it
 * quotes stands there.
 */
static void
check_error(const ErrorData *error, const char *what)
{
	static const char near[] = "syntax error at or near \"";
	const char *at = what;

	if (error == NULL)
		return;
	if (error->sqlerrcode == ERRCODE_INTERNAL_ERROR)
		finding("an internal error: %s", error->message);
	if (error->cursorpos < 0 || error->cursorpos > pg_mbstrlen(what) + 1)
		finding("error position %d: %s", error->cursorpos, error->message);
	if (strncmp(error->message, near, strlen(near)) != 0)
		return;

	for (int i = 1; i < error->cursorpos; i++)
		at += pg_mblen(at);
	if (strncmp(at, error->message + strlen(near),
				strlen(error->message) - strlen(near) - 1) != 0)
		finding("at character %d there is something else: %s",
				error->cursorpos, error->message);
}

/*
 * Are two strings equal, or both NULL?
 */
static bool
same_string(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/*
 * The statements are the others.  Where they are in the text is not compared.
 */
static void
check_same_statements(const char *which, List *is, List *other)
{
	ListCell   *lc_is;
	ListCell   *lc_other;

	if (list_length(is) != list_length(other))
		finding("%s: %d statements instead of %d", which, list_length(is),
				list_length(other));
	forboth(lc_is, is, lc_other, other)
	{
		if (!equal(lfirst_node(RawStmt, lc_is)->stmt,
				   lfirst_node(RawStmt, lc_other)->stmt))
			finding("%s: another result", which);
	}
}

/*
 * The outcome is the other one, whose text has so many more characters before
 * what is the same.
 */
static void
check_same(const char *which, const struct outcome *is,
		   const struct outcome *other, int shift)
{
	const ErrorData *error = is->error;
	const ErrorData *expected = other->error;

	if (error != NULL && expected == NULL)
		finding("%s: an error: %s", which, error->message);
	if (error == NULL && expected != NULL)
		finding("%s: instead of an error, a result: %s", which, expected->message);
	if (error == NULL)
	{
		check_same_statements(which, is->statements, other->statements);
		if (is->type != other->type)
			finding("%s: another type", which);
		return;
	}
	if (error->sqlerrcode != expected->sqlerrcode ||
		!same_string(error->message, expected->message) ||
		!same_string(error->detail, expected->detail) ||
		!same_string(error->hint, expected->hint) ||
		!same_string(error->context, expected->context))
		finding("%s: another error: %s instead of %s", which, error->message,
				expected->message);
	if (expected->cursorpos > 0 &&
		error->cursorpos != expected->cursorpos + shift)
		finding("%s: error position %d instead of %d: %s", which,
				error->cursorpos, expected->cursorpos + shift, error->message);
}

/*
 * A text that the server parses has no statement of ours.  A text that has
 * none fares as without the extension.  With or without marks, the recovery
 * comes to what the translation does.
 */
static struct outcome
check_client(const struct outcome *server)
{
	struct outcome recovery = try(BY_RECOVERY, subject);
	struct outcome translation;

	check_error(recovery.error, subject);
	if (server->error == NULL && mask.marks != NIL)
		finding("statements of ours in a text that the server parses");
	if (mask.marks == NIL || server->error == NULL ||
		server->error->sqlerrcode != ERRCODE_SYNTAX_ERROR)
	{
		check_same("recovery, nothing to recover", &recovery, server, 0);
		return recovery;
	}

	translation = try(BY_TRANSLATION, subject);
	check_same("recovery beside translation", &recovery, &translation, 0);
	return recovery;
}

/*
 * With a statement of ours before it, the text comes to the same as without,
 * error positions included.
 */
static void
check_with_statement_before(const char *before, const struct outcome *alone)
{
	char	   *both = psprintf("%s%s", before, subject);
	struct outcome outcome = try(BY_RECOVERY, both);

	check_error(outcome.error, both);
	if (outcome.error == NULL)
	{
		if (outcome.statements == NIL)
			finding("no statements instead of one and more");
		outcome.statements = list_delete_first(outcome.statements);
	}
	check_same("behind a statement of ours", &outcome, alone,
			   pg_mbstrlen(before));
}

/*
 * With a statement of ours behind it, a text without an error comes to the same
 * as without, and that statement.
 */
static void
check_with_statement_behind(const struct outcome *alone)
{
	char	   *both;
	struct outcome outcome;
	RawStmt    *last;

	if (alone->error != NULL)
		return;
	both = psprintf("%s%s", subject, BEHIND);
	outcome = try(BY_RECOVERY, both);
	if (outcome.error != NULL)
		finding("before a statement of ours: %s", outcome.error->message);
	if (list_length(outcome.statements) != list_length(alone->statements) + 1)
		finding("%d statements, one of ours behind them: %d",
				list_length(alone->statements), list_length(outcome.statements));
	last = llast_node(RawStmt, outcome.statements);
	if (!cj_command_is_ours(last->stmt))
		finding("the statement behind it is none of ours");
	outcome.statements = list_truncate(outcome.statements,
									   list_length(alone->statements));
	check_same("before a statement of ours", &outcome, alone, 0);
}

/*
 * The name of a type is none of our business.  In an expression of PL/pgSQL,
 * nothing of ours means nothing changed.
 */
static void
check_elsewhere(void)
{
	struct outcome server = try(TYPE_BY_SERVER, subject);
	struct outcome recovery = try(TYPE_BY_RECOVERY, subject);
	ListCell   *lc;

	check_same("name of a type", &recovery, &server, 0);

	server = try(EXPRESSION_BY_SERVER, subject);
	recovery = try(EXPRESSION_BY_RECOVERY, subject);
	check_error(recovery.error, subject);
	if (mask.marks == NIL || server.error == NULL)
		check_same("expression", &recovery, &server, 0);
	foreach(lc, recovery.statements)
	{
		if (!IsA(lfirst(lc), RawStmt))
			finding("expression: a node of type %d", (int) nodeTag(lfirst(lc)));
	}
}

/*
 * Do what the server's analysis does with a statement.
 */
static void
analyze(RawStmt *statement)
{
	Query	   *query = parse_analyze_fixedparams(statement, subject, NULL, 0, NULL);
	ParseState *pstate = make_parsestate(NULL);

	pstate->p_sourcetext = subject;
	if (query->commandType == CMD_UTILITY)
		cj_command_check(pstate, query->utilityStmt);
	free_parsestate(pstate);
}

/*
 * The nodes that the translation makes can be copied, and analysed without an
 * internal error.
 */
static void
check_statements(List *statements)
{
	ResourceOwner owner = CurrentResourceOwner;
	ListCell   *lc;

	check_same_statements("copy", copyObject(statements), statements);

	foreach(lc, statements)
	{
		RawStmt    *statement = lfirst_node(RawStmt, lc);
		ErrorData  *volatile error = NULL;

		count(nodeTag(statement->stmt));
		if (statement->stmt_location < 0 || statement->stmt_len < 0 ||
			statement->stmt_location + statement->stmt_len > len)
			finding("a statement at byte %d of %d bytes",
					statement->stmt_location, statement->stmt_len);

		BeginInternalSubTransaction(NULL);
		MemoryContextSwitchTo(text_context);
		PG_TRY();
		{
			analyze(copyObject(statement));
		}
		PG_CATCH();
		{
			MemoryContextSwitchTo(text_context);
			error = CopyErrorData();
			FlushErrorState();
		}
		PG_END_TRY();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(text_context);
		CurrentResourceOwner = owner;
		check_error(error, subject);
	}
}

/*
 * Tell libFuzzer which tokens follow each other in the text.
 */
static void
count_tokens(void)
{
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	core_YYSTYPE value;
	YYLTYPE		location;
	int			last = 0;

	PG_TRY();
	{
		scanner = scanner_init(subject, &extra, &ScanKeywords, ScanKeywordTokens);
		for (;;)
		{
			int			token = core_yylex(&value, &location, scanner);

			if (token == 0)
				break;
			count(last * 811 + token);
			last = token;
		}
		scanner_finish(scanner);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(text_context);
		FlushErrorState();
	}
	PG_END_TRY();
}

/*
 * Memory does not grow from text to text.  The system caches may grow: a text
 * can ask for whatever name it likes.
 */
static void
check_memory(void)
{
	static int	ntexts = 0;
	static Size expected = 0;
	Size		size;

	if (++ntexts % TEXTS_PER_LOOK != 0)
		return;
	InvalidateSystemCaches();
	size = MemoryContextMemAllocated(TopMemoryContext, true) -
		MemoryContextMemAllocated(CacheMemoryContext, true);
	if (expected == 0)
		expected = size;
	if (size > expected + MAX_GROWTH)
		finding("memory has grown from %zu to %zu bytes in %d texts",
				expected, size, ntexts);
}

/*
 * Make a text of libFuzzer's bytes: without NULs, and valid in the encoding of
 * the database, as the server makes sure that every text is.
 */
static void
make_text(const uint8_t *data, size_t size)
{
	char	   *made;
	int			at = 0;

	len = Min(size, MAX_TEXT);
	made = text_end - len - 1;
	memcpy(made, data, len);
	made[len] = '\0';
	while (at < len)
	{
		int			valid = pg_encoding_verifymbstr(GetDatabaseEncoding(),
													made + at, len - at);

		at += valid;
		if (at < len)
			made[at++] = '?';
	}
	subject = made;
}

/*
 * libFuzzer's callback: check one text.
 */
static int
check_text(const uint8_t *data, size_t size)
{
	struct outcome server;
	struct outcome client;

	MemoryContextReset(text_context);
	MemoryContextSwitchTo(text_context);
	make_text(data, size);
	count_tokens();
	make_mask();
	check_mask();

	server = try(BY_SERVER, subject);
	client = check_client(&server);
	check_with_statement_before(BEFORE, &client);
	if (GetDatabaseEncoding() == PG_UTF8)
		check_with_statement_before(BEFORE_UTF8, &client);
	check_with_statement_behind(&client);
	check_elsewhere();
	if (client.error == NULL)
		check_statements(client.statements);
	check_memory();
	return 0;
}

/*
 * Hand over to libFuzzer, with these arguments; it ends the process.
 */
Datum
cj_fuzz(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	long		page = sysconf(_SC_PAGESIZE);
	Datum	   *arguments;
	int			argc;
	char	  **argv;
	char	   *area;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &arguments,
					  NULL, &argc);
	argv = palloc0((argc + 1) * sizeof(char *));
	for (int i = 0; i < argc; i++)
		argv[i] = TextDatumGetCString(arguments[i]);

	area = mmap(NULL, MAX_TEXT + 2 * page, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		elog(ERROR, "could not map memory: %m");
	text_end = area + MAX_TEXT + page;
	if (mprotect(text_end, page, PROT_NONE) < 0)
		elog(ERROR, "could not protect memory: %m");

	text_context = AllocSetContextCreate(TopMemoryContext, "text",
										 ALLOCSET_DEFAULT_SIZES);
	cj_recovery_enable(CJ_RECOVERY_TESTING);
	PG_RETURN_INT32(LLVMFuzzerRunDriver(&argc, &argv, check_text));
}
