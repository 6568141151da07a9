/*-------------------------------------------------------------------------
 *
 * syntax_selftest.c
 *	  Whether native syntax works on this machine and server.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_selftest.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parser/parse_type.h"
#include "parser/parser.h"
#include "storage/fd.h"
#include "tcop/tcopprot.h"

#include "base/base_guc.h"
#include "compat.h"
#include "syntax/syntax_command.h"
#include "syntax/syntax_recovery.h"
#include "syntax/syntax_selftest.h"

/* The test takes a millisecond; what takes this many seconds hangs. */
#define TIMEOUT 10

/*
 * Does the processor check return addresses against a shadow stack?  To resume
 * in another frame would trip it.
 */
static bool
has_shadow_stack(void)
{
	FILE	   *status = AllocateFile("/proc/self/status", "r");
	char		line[1024];
	bool		found = false;

	if (status == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), status) != NULL)
		found = strncmp(line, "x86_Thread_features:", 20) == 0 &&
			strstr(line, "shstk") != NULL;
	FreeFile(status);
	return found;
}

/*
 * Parse a statement of ours and compare.
 */
static bool
parses(void)
{
	static const char *const str = "SELECT 1; CANCEL JOB 23";
	volatile bool passed = false;

	debug_query_string = str;
	PG_TRY();
	{
		List	   *statements = pg_parse_query(str);
		RawStmt    *statement;

		if (list_length(statements) == 2)
		{
			statement = lsecond_node(RawStmt, statements);
			passed = IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt) &&
				cj_command_is_ours(statement->stmt);
		}
	}
	PG_CATCH();
	{
		FlushErrorState();
	}
	PG_END_TRY();
	return passed;
}

/*
 * Is a statement of ours still no name of a type?  If the frame that wants one
 * cannot be told, what we return would be taken for a TypeName.
 */
static bool
refuses_type_name(void)
{
	static const char *const str = "CANCEL JOB 23";
	volatile bool refused = false;

	debug_query_string = str;
	PG_TRY();
	{
		(void) cj_parse_type_name(str);
	}
	PG_CATCH();
	{
		refused = geterrcode() == ERRCODE_SYNTAX_ERROR;
		FlushErrorState();
	}
	PG_END_TRY();
	return refused;
}

/*
 * The test, in the child: its exit tells the parent.
 */
static void
run_in_child(void)
{
	struct rlimit no_core = {0, 0};

	/* A crash is an answer, not an accident. */
	(void) setrlimit(RLIMIT_CORE, &no_core);
	error_context_stack = NULL;
	if (strcmp(cj_guc_debug_selftest, "crash") == 0)
		abort();
	if (strcmp(cj_guc_debug_selftest, "fail") == 0)
		_exit(1);
	cj_recovery_enable(CJ_RECOVERY_TESTING);
	cj_recovery_install();
	_exit(parses() && refuses_type_name() ? 0 : 1);
}

/*
 * Does native syntax work here?  Tried once, at preload, in a child process,
 * so that a crash costs nothing.
 */
bool
cj_selftest_passes(void)
{
	pid_t		child;
	int			status;

	if (has_shadow_stack())
		return false;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return false;
	if (child == 0)
		run_in_child();

	for (int i = 0; i < TIMEOUT * 1000; i++)
	{
		pid_t		ended = waitpid(child, &status, WNOHANG);

		if (ended == child)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		if (ended < 0 && errno != EINTR)
			return false;
		pg_usleep(1000);
	}
	(void) kill(child, SIGKILL);
	(void) waitpid(child, &status, 0);
	return false;
}
