/*-------------------------------------------------------------------------
 *
 * syntax_table_option.c
 *	  Options of tables that PostgreSQL has not, where it has its own.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_table_option.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
#include "utils/lsyscache.h"

#include "base/base_extension.h"
#include "base/base_guc.h"
#include "jobtype/jobtype_stats_option_store.h"
#include "syntax/syntax_table_option.h"

/*
 * Is this option one of ours?
 */
static bool
is_ours(const DefElem *option)
{
	return option->defnamespace == NULL &&
		strncmp(option->defname, CJ_TABLE_OPTION_PREFIX, strlen(CJ_TABLE_OPTION_PREFIX)) == 0;
}

/*
 * Is one of these options ours?
 */
static bool
has_ours(List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (is_ours(lfirst_node(DefElem, lc)))
			return true;
	}
	return false;
}

/*
 * The options of a command of ALTER TABLE that sets or resets some, NIL for
 * others.
 */
static List *
command_options(const AlterTableCmd *command)
{
	if (command->subtype != AT_SetRelOptions && command->subtype != AT_ResetRelOptions)
		return NIL;
	return (List *) command->def;
}

/*
 * Has this statement options of ours?
 */
static bool
mentions_ours(const Node *statement)
{
	ListCell   *lc;

	if (IsA(statement, CreateStmt))
		return has_ours(((const CreateStmt *) statement)->options);
	if (!IsA(statement, AlterTableStmt))
		return false;
	foreach(lc, ((const AlterTableStmt *) statement)->cmds)
	{
		if (has_ours(command_options(lfirst_node(AlterTableCmd, lc))))
			return true;
	}
	return false;
}

/*
 * Move the options of ours from one list to another one; returns the first.
 */
static List *
move_ours(List *options, List **taken)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (!is_ours(option))
			continue;
		*taken = lappend(*taken, option);
		options = foreach_delete_current(options, lc);
	}
	return options;
}

/*
 * Take our options out of ALTER TABLE, and the commands that are empty then.  With
 * none left PostgreSQL still locks the table, and checks who may alter it.
 */
static void
take_from_alter(AlterTableStmt *alter, CjTakenOptions *taken)
{
	ListCell   *lc;

	foreach(lc, alter->cmds)
	{
		AlterTableCmd *command = lfirst_node(AlterTableCmd, lc);

		if (!has_ours(command_options(command)))
			continue;
		command->def = (Node *) move_ours(command_options(command),
										  command->subtype == AT_SetRelOptions ?
										  &taken->set : &taken->reset);
		if (command->def == NULL)
			alter->cmds = foreach_delete_current(alter->cmds, lc);
	}
	taken->table = alter->relation;
	taken->missing_ok = alter->missing_ok;
}

/*
 * The schema that PostgreSQL is about to make a table in.  If that is the session's
 * temporary one it is made here.
 *
 * Raises what CREATE TABLE raises if there is none.
 */
static Oid
creation_schema(const RangeVar *table, const char *query)
{
	ParseState *pstate = make_parsestate(NULL);
	ParseCallbackState position;
	Oid			schema;

	PreventCommandIfReadOnly("CREATE TABLE");
	pstate->p_sourcetext = query;
	setup_parser_errposition_callback(&position, pstate, table->location);
	schema = RangeVarGetCreationNamespace(table);
	cancel_parser_errposition_callback(&position);
	free_parsestate(pstate);
	return schema;
}

/*
 * Take our options out of CREATE TABLE.  By its name alone the new table may not be
 * found: another one can stand before it in the search path.
 */
static void
take_from_create(CreateStmt *create, const char *query, CjTakenOptions *taken)
{
	Oid			schema = creation_schema(create->relation, query);

	create->options = move_ours(create->options, &taken->set);

	/* One that exists keeps what it has. */
	if (create->if_not_exists &&
		OidIsValid(get_relname_relid(create->relation->relname, schema)))
		return;
	taken->table = copyObject(create->relation);
	taken->schema = schema;
}

/*
 * If ALTER TABLE or CREATE TABLE has options of ours, return a copy of the
 * statement without them, else the statement.
 *
 * Raises what CREATE TABLE raises where there is no schema for the table.
 */
PlannedStmt *
cj_table_option_take(PlannedStmt *pstmt, const char *query, CjTakenOptions *taken)
{
	memset(taken, 0, sizeof(CjTakenOptions));
	if (!mentions_ours(pstmt->utilityStmt) || !cj_guc_native_syntax || !cj_extension_exists())
		return pstmt;

	pstmt = copyObject(pstmt);
	if (IsA(pstmt->utilityStmt, AlterTableStmt))
		take_from_alter((AlterTableStmt *) pstmt->utilityStmt, taken);
	else
		take_from_create((CreateStmt *) pstmt->utilityStmt, query, taken);
	return pstmt;
}

/*
 * The table whose options were taken out of a statement that has been run;
 * InvalidOid if there is none.
 */
static Oid
find_table(const CjTakenOptions *taken)
{
	if (OidIsValid(taken->schema))
		return get_relname_relid(taken->table->relname, taken->schema);
	return RangeVarGetRelid(taken->table, NoLock, taken->missing_ok);
}

/*
 * Set what was taken out of a statement that has been run.
 */
void
cj_table_option_apply(const CjTakenOptions *taken)
{
	Oid			relation;
	ListCell   *lc;

	if (taken->table == NULL)
		return;
	relation = find_table(taken);
	if (!OidIsValid(relation))
		return;
	foreach(lc, taken->set)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		cj_table_option_set(relation, option->defname,
							option->arg != NULL ? defGetString(option) : "true");
	}
	foreach(lc, taken->reset)
		cj_table_option_set(relation, lfirst_node(DefElem, lc)->defname, NULL);
}
