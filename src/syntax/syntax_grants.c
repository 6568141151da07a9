/*-------------------------------------------------------------------------
 *
 * syntax_grants.c
 *	  SHOW SYSTEM GRANTS.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_grants.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "syntax/syntax_family.h"
#include "syntax/syntax_role_name.h"
#include "syntax/syntax_shape.h"

static const char *const grants_keywords[] = {"grants", NULL};

/*
 * CjFamily.recognise
 */
static int
recognise_grants(CjReader *reader, CjMark *mark)
{
	if (!cj_reader_has_words(reader, 0, "show system grants"))
		return 0;
	mark->shape = CJ_SHAPE_NOTHING;
	mark->rows = true;
	return 3;
}

/*
 * CjFamily.read_clause: FOR takes the rest.
 */
static int
read_grants_clause(CjReader *reader, CjMark *mark, CjClause *clause)
{
	if (mark->clauses != NIL || !cj_reader_has_word(reader, 0, "for"))
		return 0;
	clause->value = cj_reader_peek(reader, 1).start;
	return cj_reader_count_rest(reader);
}

/*
 * CjFamily.make
 */
static Node *
make_grants(const CjMark *mark, Node *operand, const char *str)
{
	List	   *arguments = NIL;

	if (mark->clauses != NIL)
	{
		A_ArrayExpr *grantees = makeNode(A_ArrayExpr);
		const CjClause *clause = linitial(mark->clauses);

		grantees->elements = cj_role_name_list(str, clause->value, mark->end);
		grantees->location = -1;
		arguments = list_make1(grantees);
	}
	return cj_shape_select("show_system_grants", arguments, "show_system_grants",
						   mark->start);
}

/*
 * CjFamily.function
 */
static const char *
grants_function(const CjMark *mark)
{
	return "jobs.show_system_grants()";
}

/*
 * CjFamily.usage
 */
static const char *
grants_usage(const CjMark *mark)
{
	return "Write SHOW SYSTEM GRANTS, with or without FOR role [, ...].";
}

static const CjTag tags[] = {
	{"show system grants", "SHOW"},
	{NULL}
};

const CjFamily cj_family_grants = {
	.keywords = grants_keywords,
	.recognise = recognise_grants,
	.read_clause = read_grants_clause,
	.make = make_grants,
	.function = grants_function,
	.usage = grants_usage,
	.tags = tags
};
