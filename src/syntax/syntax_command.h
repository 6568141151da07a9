/*-------------------------------------------------------------------------
 *
 * syntax_command.h
 *	  Statements that do something to what a query names.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_command.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_COMMAND_H
#define CJ_SYNTAX_COMMAND_H

#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "parser/parse_node.h"
#include "utils/queryenvironment.h"

#define CJ_COMMAND_TAG_LENGTH 64
#define CJ_COMMAND_MAX_TEXTS 8

/* What a command is about. */
typedef struct CjCommandInput
{
	int64	   *ids;			/* that its query gave, nulls left out */
	int			nids;
	int64		nrows;
	char	   *texts[CJ_COMMAND_MAX_TEXTS];	/* of the first row; NULL for
												 * null */
	char		tag[CJ_COMMAND_TAG_LENGTH]; /* to be set if it is not the name */
} CjCommandInput;

typedef struct CjCommand CjCommand;
struct CjCommand
{
	const char *name;			/* and command tag; NULL ends a list */
	const char *column;			/* what the query gives, for errors: "job_id" */
	int			verb;			/* for the family */

	/* Do it; returns the number for the command tag, -1 for none. */
	int64		(*run) (const CjCommand *command, CjCommandInput *input);
};

extern Node *cj_command_make(const char *name, SelectStmt *query, List *texts);
extern bool cj_command_is_ours(Node *statement);
extern void cj_command_check(ParseState *pstate, Node *statement);
extern bool cj_command_run(const PlannedStmt *statement, const char *str,
						   ParamListInfo params,
						   QueryEnvironment *environment);
extern const char *cj_command_last(int64 *count);

#endif							/* CJ_SYNTAX_COMMAND_H */
