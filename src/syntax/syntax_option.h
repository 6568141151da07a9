/*-------------------------------------------------------------------------
 *
 * syntax_option.h
 *	  Values and lists of options in statements about schedules.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_option.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_OPTION_H
#define CJ_SYNTAX_OPTION_H

#include "nodes/parsenodes.h"

#include "syntax/syntax_mask.h"
#include "syntax/syntax_reader.h"

/* An option in a list, by byte offsets. */
typedef struct CjOption
{
	char	   *name;			/* its words, in lower case unless quoted */
	int			start;
	int			value;			/* where its value begins; -1: it has none */
	int			end;
} CjOption;

/* Where an option of a schedule can stand; bits. */
#define CJ_OPTION_CREATE 1
#define CJ_OPTION_CREATE_BACKUP 2
#define CJ_OPTION_ALTER 4

extern int	cj_option_fail_at(CjReader *reader, CjMark *mark, int n);
extern int	cj_option_count_value(CjReader *reader, int n);
extern int	cj_option_count_until(CjReader *reader, int n, const char *word,
								  const char *other);
extern int	cj_option_read_value(CjReader *reader, CjMark *mark,
								 CjClause *clause, int kind, int nwords);
extern List *cj_option_list(const char *str, int begin, int end);
extern Node *cj_option_argument(const char *name, Node *value, int location);
extern Node *cj_option_string(const char *str, int begin, int end, bool or_name);
extern Node *cj_option_full_backup(const char *str, const CjClause *clause);
extern Node *cj_option_strings(const char *str, int begin, int end);
extern Node *cj_option_object(const char *str, List *options);
extern Node *cj_option_schedule_argument(const char *str, const CjOption *option,
										 int where);

#endif							/* CJ_SYNTAX_OPTION_H */
