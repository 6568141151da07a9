/*-------------------------------------------------------------------------
 *
 * syntax_setting.c
 *	  SET, RESET and SHOW of cluster settings.
 *
 * SET and RESET become the CALL of a procedure, so that the value can be any
 * expression or a parameter.  SHOW becomes a SELECT of one column, which has the
 * setting's name and CockroachDB's type for it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_setting.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "parser/scansup.h"

#include "base/base_setting.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_shape.h"
#include "syntax/syntax_translate.h"

/* CjMark.form */
typedef enum SettingForm
{
	SETTING_SET,
	SETTING_RESET,
	SETTING_SHOW,
	SETTING_SHOW_PUBLIC,
	SETTING_SHOW_ALL
} SettingForm;

/* CjClause.kind: a clause is all that stands behind the words. */
typedef enum SettingClause
{
	CLAUSE_NAME,
	CLAUSE_NAME_AND_ON,			/* ON is no expression */
	CLAUSE_NAME_AND_VALUE
} SettingClause;

/* The words of a form. */
typedef struct SettingWords
{
	const char *words;
	int			nwords;
	SettingForm form;
	bool		rows;
} SettingWords;

static const SettingWords forms[] = {
	{"set cluster setting", 3, SETTING_SET, false},
	{"reset cluster setting", 3, SETTING_RESET, false},
	{"show cluster settings", 3, SETTING_SHOW_PUBLIC, true},
	{"show public cluster settings", 4, SETTING_SHOW_PUBLIC, true},
	{"show all cluster settings", 4, SETTING_SHOW_ALL, true},
	{"show cluster setting all", 4, SETTING_SHOW_ALL, true},
	{"show cluster setting", 3, SETTING_SHOW, true}
};

static const char *const setting_keywords[] = {"cluster", NULL};

/*
 * CjFamily.recognise
 */
static int
recognise_setting(CjReader *reader, CjMark *mark)
{
	for (int i = 0; i < lengthof(forms); i++)
	{
		if (!cj_reader_has_words(reader, 0, forms[i].words) ||
			(!forms[i].rows && mark->place != CJ_PLACE_STATEMENT))
			continue;
		mark->form = forms[i].form;
		mark->shape = CJ_SHAPE_NOTHING;
		mark->rows = forms[i].rows;
		return forms[i].nwords;
	}
	return 0;
}

/*
 * Is the n-th token a name, quoted or not?
 */
static bool
has_name(CjReader *reader, int n)
{
	CjToken		token = cj_reader_peek(reader, n);
	const char *word = reader->str + token.start;

	return !token.end && (token.wordlen > 0 || *word == '"');
}

/*
 * Is the n-th token a word that is no name, such as ALL?
 */
static bool
has_reserved_word(CjReader *reader, int n)
{
	CjToken		token = cj_reader_peek(reader, n);

	return token.wordlen > 0 &&
		cj_scan_is_reserved(downcase_truncate_identifier(reader->str + token.start,
														 token.wordlen, false));
}

/*
 * The number of tokens of the name that begins at the current one.
 */
static int
count_name(CjReader *reader)
{
	int			n = 1;

	if (!has_name(reader, 0) || has_reserved_word(reader, 0))
		return 0;
	while (cj_reader_has_symbol(reader, n, '.') && has_name(reader, n + 1))
		n += 2;
	return n;
}

/*
 * CjFamily.read_clause
 */
static int
read_setting_clause(CjReader *reader, CjMark *mark, CjClause *clause)
{
	int			n;

	if (mark->form == SETTING_SHOW_PUBLIC || mark->form == SETTING_SHOW_ALL ||
		mark->clauses != NIL)
		return 0;

	n = count_name(reader);
	clause->kind = CLAUSE_NAME;
	if (n == 0 || mark->form != SETTING_SET ||
		(!cj_reader_has_symbol(reader, n, '=') && !cj_reader_has_word(reader, n, "to")))
		return n;

	n++;
	clause->kind = cj_reader_has_word(reader, n, "on") && cj_reader_ends(reader, n + 1) ?
		CLAUSE_NAME_AND_ON : CLAUSE_NAME_AND_VALUE;
	clause->value = cj_reader_peek(reader, n).start;
	return cj_reader_count_rest(reader);
}

/*
 * Append a part of a name, as PostgreSQL has that of a parameter: in lower case
 * if it is not quoted.
 */
static void
append_part(StringInfo name, const char *str, const CjToken *token)
{
	const char *at = str + token->start;

	if (token->wordlen > 0)
	{
		appendStringInfoString(name,
							   downcase_truncate_identifier(at, token->wordlen,
															false));
		return;
	}
	for (at++; at[0] != '"' || at[1] == '"'; at++)
	{
		at += at[0] == '"';
		appendStringInfoChar(name, *at);
	}
}

/*
 * The name that begins at a byte offset.
 */
static char *
get_name(const char *str, int start)
{
	StringInfoData name;
	CjScan		scan;
	CjToken		token;

	initStringInfo(&name);
	cj_scan_begin(&scan, str);
	do
	{
		token = cj_scan_next(&scan);
	} while (token.start < start);
	append_part(&name, str, &token);
	while (token = cj_scan_next(&scan), token.symbol == '.')
	{
		token = cj_scan_next(&scan);
		appendStringInfoChar(&name, '.');
		append_part(&name, str, &token);
	}
	cj_scan_end(&scan);
	return name.data;
}

/*
 * The value of SET as a text; NULL for DEFAULT.  A name by itself is a string,
 * as in SET of a parameter.
 */
static Node *
make_value(const CjMark *mark, const CjClause *clause, const char *str)
{
	SettingClause kind = (SettingClause) clause->kind;
	Node	   *value;

	if (kind == CLAUSE_NAME || clause->value >= mark->end)
		cj_syntax_error_at(str, mark->end);
	if (kind == CLAUSE_NAME_AND_ON)
		return cj_shape_string("on", clause->value);

	value = cj_translate_expression(str, clause->value, mark->end);
	if (IsA(value, SetToDefault))
		return NULL;
	if (IsA(value, ColumnRef))
		return cj_shape_string(NameListToString(((ColumnRef *) value)->fields),
							   clause->value);
	return cj_shape_cast(value, "text");
}

/*
 * SELECT jobs.show_cluster_setting('name')::type AS "name"
 */
static Node *
make_show(const char *name, int location)
{
	SelectStmt *statement = makeNode(SelectStmt);
	Node	   *value;
	ResTarget  *target;
	CjSettingType type;

	value = (Node *) cj_shape_call("show_cluster_setting",
								   list_make1(cj_shape_string(name, location)),
								   location);
	if (cj_setting_find(name, &type))
		value = cj_shape_cast(value, type == CJ_SETTING_BOOL ? "bool" :
							  type == CJ_SETTING_DURATION ? "interval" :
							  type == CJ_SETTING_FLOAT ? "float8" :
							  type == CJ_SETTING_INT ? "int8" : "text");
	target = cj_shape_target(value);
	target->name = pstrdup(name);
	truncate_identifier(target->name, strlen(name), false);
	statement->targetList = list_make1(target);
	return (Node *) statement;
}

/*
 * CALL of the procedure that sets a cluster setting, or sets it back if there
 * is no value.
 */
static Node *
make_change(const char *name, Node *value, int location)
{
	CallStmt   *statement = makeNode(CallStmt);
	List	   *arguments = list_make1(cj_shape_string(name, location));

	if (value != NULL)
		arguments = lappend(arguments, value);
	statement->funccall = cj_shape_call(value != NULL ? "set_cluster_setting" :
										"reset_cluster_setting",
										arguments, location);
	return (Node *) statement;
}

/*
 * CjFamily.make
 */
static Node *
make_setting(const CjMark *mark, Node *operand, const char *str)
{
	const CjClause *clause;
	char	   *name;

	if (mark->form == SETTING_SHOW_PUBLIC || mark->form == SETTING_SHOW_ALL)
		return cj_shape_select(mark->form == SETTING_SHOW_ALL ?
							   "show_all_cluster_settings" : "show_cluster_settings",
							   NIL, "cluster_settings", mark->start);

	if (mark->clauses == NIL)
		cj_syntax_error_at(str, mark->end);
	clause = linitial(mark->clauses);
	name = get_name(str, clause->start);
	if (mark->form == SETTING_SHOW)
		return make_show(name, clause->start);
	return make_change(name, mark->form == SETTING_SET ?
					   make_value(mark, clause, str) : NULL, clause->start);
}

/*
 * CjFamily.function
 */
static const char *
setting_function(const CjMark *mark)
{
	static const char *const functions[] = {
		[SETTING_SET] = "jobs.set_cluster_setting()",
		[SETTING_RESET] = "jobs.reset_cluster_setting()",
		[SETTING_SHOW] = "jobs.show_cluster_setting()",
		[SETTING_SHOW_PUBLIC] = "jobs.show_cluster_settings()",
		[SETTING_SHOW_ALL] = "jobs.show_all_cluster_settings()"
	};

	return functions[mark->form];
}

/*
 * CjFamily.usage
 */
static const char *
setting_usage(const CjMark *mark)
{
	switch ((SettingForm) mark->form)
	{
		case SETTING_SET:
			return "Write SET CLUSTER SETTING name = value, or DEFAULT for the value.";
		case SETTING_RESET:
			return "Write RESET CLUSTER SETTING name.";
		default:
			return "Write SHOW CLUSTER SETTING name, or SHOW CLUSTER SETTINGS, with ALL or PUBLIC before CLUSTER.";
	}
}

static const CjTag tags[] = {
	{"show cluster setting", "SHOW"},
	{"show cluster settings", "SHOW"},
	{"show public cluster settings", "SHOW"},
	{"show all cluster settings", "SHOW"},
	{NULL}
};

static const CjTag call_tags[] = {
	{"set cluster setting", "SET CLUSTER SETTING"},
	{"reset cluster setting", "SET CLUSTER SETTING"},
	{NULL}
};

const CjFamily cj_family_setting = {
	.keywords = setting_keywords,
	.recognise = recognise_setting,
	.read_clause = read_setting_clause,
	.make = make_setting,
	.function = setting_function,
	.usage = setting_usage,
	.tags = tags,
	.call_tags = call_tags
};
