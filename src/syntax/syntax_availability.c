/*-------------------------------------------------------------------------
 *
 * syntax_availability.c
 *	  Whether statements of ours can be used here, and why not.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_availability.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "syntax/syntax_availability.h"

static bool works = false;

/*
 * Note what the self-test said.  Called once, at preload.
 */
void
cj_availability_set_works(bool passed)
{
	works = passed;
}

/*
 * NULL if statements of ours can be used in this session, else a hint for the
 * user of one, which "function" could stand in for, a statement of the server's
 * maybe.
 *
 * In a failed transaction nobody can look for the extension, and the statement
 * fails anyway.
 */
char *
cj_availability_hint(const char *function)
{
	const char *kind = strchr(function, '(') != NULL ? "the function " : "";

	if (IsTransactionState() && !cj_extension_exists())
		return psprintf("To use the job statements of extension \"%s\" in this database, run CREATE EXTENSION %s.",
						CJ_EXTENSION_NAME, CJ_EXTENSION_NAME);
	if (!works)
		return psprintf("Native syntax does not work on this server.  Use %s%s.",
						kind, function);
	if (!cj_guc_native_syntax)
		return psprintf("Native syntax is switched off by jobs.native_syntax.  Use %s%s.",
						kind, function);
	return NULL;
}
