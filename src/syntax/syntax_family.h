/*-------------------------------------------------------------------------
 *
 * syntax_family.h
 *	  The families of statements of ours.
 *
 * A family is a file with a recogniser and a maker.  What it needs not say is left
 * zero.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_family.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_FAMILY_H
#define CJ_SYNTAX_FAMILY_H

#include "nodes/parsenodes.h"

#include "syntax/syntax_command.h"
#include "syntax/syntax_mask.h"
#include "syntax/syntax_reader.h"

/*
 * A SHOW that PostgreSQL parses, as one of a parameter.
 */
typedef struct CjParameter
{
	const char *name;			/* of the parameter; NULL ends a list */
	const char *query;			/* that gives the rows; NULL: something is
								 * missing, which is a syntax error */
	const char *usage;			/* how it is written, for that */
	const char *tag;
	const char *function;		/* for who cannot use the statement */
} CjParameter;

/*
 * The command tag of a statement SHOW .. that is a SELECT to PostgreSQL, or of
 * one that is a CALL.  SHOW by itself has no count, as PostgreSQL's own.
 */
typedef struct CjTag
{
	const char *words;			/* that they begin with, in lower case; NULL
								 * ends a list */
	const char *tag;

	/* If tag is NULL: by the text, at that offset; may return NULL */
	const char *(*choose) (const char *str, int offset);
} CjTag;

typedef struct CjFamily
{
	/* Words of which each statement has one, NULL behind the last. */
	const char *const *keywords;

	/*
	 * Do the tokens of the reader, from the current one on, begin a statement
	 * of the family?  If so, set form, shape and rows of the mark, and return
	 * the number of tokens that are its words; what comes behind them is as
	 * the shape says.  Else return 0.  mark->place is set.
	 */
	int			(*recognise) (CjReader *reader, CjMark *mark);

	/*
	 * At any further token of a statement, outside all brackets: does a
	 * clause of ours begin here?  If so, fill in its kind and value, and
	 * return the number of its tokens, else 0.  NULL: the family has no
	 * clauses.
	 */
	int			(*read_clause) (CjReader *reader, CjMark *mark,
								CjClause *clause);

	/*
	 * The node for a statement.  "operand" is the expression, as a SELECT, or
	 * the query; NULL for nothing; for CJ_SHAPE_STATEMENT what the parser
	 * made of it.
	 */
	Node	   *(*make) (const CjMark *mark, Node *operand, const char *str);

	/* What to use where statements of ours cannot be: "jobs.cancel()". */
	const char *(*function) (const CjMark *mark);

	/* How the statement is written, as a sentence, for syntax errors. */
	const char *(*usage) (const CjMark *mark);

	const CjCommand *commands;	/* see syntax_command.h */
	const CjParameter *parameters;
	const CjTag *tags;			/* of SELECTs */
	const CjTag *call_tags;		/* of CALLs */
} CjFamily;

extern const CjFamily cj_family_alter;
extern const CjFamily cj_family_alter_schedule;
extern const CjFamily cj_family_control;
extern const CjFamily cj_family_create_schedule;
extern const CjFamily cj_family_grants;
extern const CjFamily cj_family_role;
extern const CjFamily cj_family_schedule;
extern const CjFamily cj_family_setting;
extern const CjFamily cj_family_show;
extern const CjFamily cj_family_statistics;

extern bool cj_family_mentions(const char *str, int len);
extern int	cj_family_recognise(CjReader *reader, CjMark *mark);
extern const CjCommand *cj_family_command(const char *name);
extern const CjParameter *cj_family_parameter(const char *name,
											  const char *tag);
extern const char *cj_family_tag(const char *str, int offset);
extern const char *cj_family_call_tag(const char *str, int offset);

#endif							/* CJ_SYNTAX_FAMILY_H */
