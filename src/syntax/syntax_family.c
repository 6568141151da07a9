/*-------------------------------------------------------------------------
 *
 * syntax_family.c
 *	  The families of statements of ours.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_family.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "syntax/syntax_family.h"

/* A new family has its line here, and is declared in the header. */
static const CjFamily *const families[] = {
	&cj_family_alter,
	&cj_family_alter_schedule,
	&cj_family_control,
	&cj_family_create_schedule,
	&cj_family_grants,
	&cj_family_role,
	&cj_family_schedule,
	&cj_family_setting,
	&cj_family_show,
	&cj_family_statistics
};

/*
 * Does a text hold this word, which is in lower case, or a longer one?
 */
static bool
mentions(const char *str, int len, const char *word)
{
	int			wordlen = strlen(word);

	for (int i = 0; i + wordlen <= len; i++)
	{
		if ((str[i] | 0x20) == word[0] &&
			pg_strncasecmp(str + i, word, wordlen) == 0)
			return true;
	}
	return false;
}

/*
 * Can the text have a statement of ours?  This looks for their words without a
 * look at quotes or comments.
 */
bool
cj_family_mentions(const char *str, int len)
{
	for (int i = 0; i < lengthof(families); i++)
	{
		for (const char *const *word = families[i]->keywords; *word != NULL; word++)
		{
			if (mentions(str, len, *word))
				return true;
		}
	}
	return false;
}

/*
 * If a statement of ours begins at the current token, fill in what its family
 * knows of it and return the number of its words, else 0.
 */
int
cj_family_recognise(CjReader *reader, CjMark *mark)
{
	for (int i = 0; i < lengthof(families); i++)
	{
		int			nwords = families[i]->recognise(reader, mark);

		if (nwords > 0)
		{
			mark->family = families[i];
			return nwords;
		}
	}
	return 0;
}

/*
 * The command of this name, NULL if there is none.
 */
const CjCommand *
cj_family_command(const char *name)
{
	for (int i = 0; i < lengthof(families); i++)
	{
		for (const CjCommand *command = families[i]->commands;
			 command != NULL && command->name != NULL; command++)
		{
			if (strcmp(command->name, name) == 0)
				return command;
		}
	}
	return NULL;
}

/*
 * What SHOW of a parameter of this name, or with this command tag, is; NULL if
 * it is none of ours.  The other one is NULL.
 */
const CjParameter *
cj_family_parameter(const char *name, const char *tag)
{
	for (int i = 0; i < lengthof(families); i++)
	{
		for (const CjParameter *parameter = families[i]->parameters;
			 parameter != NULL && parameter->name != NULL; parameter++)
		{
			if (name != NULL ? strcmp(parameter->name, name) == 0 :
				parameter->query != NULL && strcmp(parameter->tag, tag) == 0)
				return parameter;
		}
	}
	return NULL;
}

/*
 * The tag of a list that the text at a byte offset, which is in no token, has;
 * NULL if none.
 */
static const char *
find_tag(const CjTag *tags, const char *str, int offset)
{
	for (const CjTag *tag = tags; tag != NULL && tag->words != NULL; tag++)
	{
		if (cj_scan_begins_with(str, offset, tag->words))
			return tag->tag != NULL ? tag->tag : tag->choose(str, offset);
	}
	return NULL;
}

/*
 * The tag of the SELECT that a statement of ours was made into, by the text at
 * a byte offset that is in no token; NULL if it is not one.
 */
const char *
cj_family_tag(const char *str, int offset)
{
	const char *tag = NULL;

	if (!cj_scan_begins_with(str, offset, "show") &&
		!cj_scan_begins_with(str, offset, "create schedule") &&
		!cj_scan_begins_with(str, offset, "alter backup schedule"))
		return NULL;
	for (int i = 0; i < lengthof(families) && tag == NULL; i++)
		tag = find_tag(families[i]->tags, str, offset);
	return tag;
}

/*
 * As cj_family_tag() for a CALL.
 */
const char *
cj_family_call_tag(const char *str, int offset)
{
	const char *tag = NULL;

	for (int i = 0; i < lengthof(families) && tag == NULL; i++)
		tag = find_tag(families[i]->call_tags, str, offset);
	return tag;
}
