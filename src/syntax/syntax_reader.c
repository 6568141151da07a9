/*-------------------------------------------------------------------------
 *
 * syntax_reader.c
 *	  The tokens of a text, with those that come next.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_reader.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "syntax/syntax_reader.h"

/*
 * Begin to read a text, in the current memory context.  Raises what the
 * scanner raises about its first token.
 */
void
cj_reader_begin(CjReader *reader, const char *str, int len)
{
	memset(reader, 0, sizeof(*reader));
	reader->str = str;
	reader->len = len;
	cj_scan_begin(&reader->scan, str);
	reader->capacity = 16;
	reader->ahead = palloc(reader->capacity * sizeof(CjToken));
	reader->first = -1;
	cj_reader_advance(reader);
}

/*
 * Have the scanner read one more token, the next one that nobody has seen.
 */
static void
scan_one(CjReader *reader)
{
	if (reader->nahead == reader->capacity)
	{
		int			nseen = Max(reader->first, 0);

		if (nseen > reader->capacity / 2)
		{
			memmove(reader->ahead, reader->ahead + nseen,
					(reader->nahead - nseen) * sizeof(CjToken));
			reader->nahead -= nseen;
			reader->first -= nseen;
		}
		else
		{
			reader->capacity *= 2;
			reader->ahead = repalloc_huge(reader->ahead,
										  reader->capacity * sizeof(CjToken));
		}
	}
	reader->ahead[reader->nahead] = cj_scan_next(&reader->scan);
	reader->nahead++;
}

/*
 * As scan_one(), but keep what the scanner raises for who comes to that token,
 * which looks like the end of the text.
 */
static void
scan_one_quietly(CjReader *reader)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		scan_one(reader);
	}
	PG_CATCH();
	{
		CjToken		end = {.start = reader->len,.end = true};

		MemoryContextSwitchTo(context);
		reader->error = CopyErrorData();
		FlushErrorState();
		reader->ahead[reader->nahead++] = end;
	}
	PG_END_TRY();
}

/*
 * The n-th token from the current one, which is 0.  Behind the end of the text,
 * and where the scanner gives up, is the end.
 */
CjToken
cj_reader_peek(CjReader *reader, int n)
{
	while (reader->first + n >= reader->nahead)
	{
		if (reader->ahead[reader->nahead - 1].end)
			return reader->ahead[reader->nahead - 1];
		scan_one_quietly(reader);
	}
	return reader->ahead[reader->first + n];
}

/*
 * Is the n-th token from the current one this word, in lower case?
 */
bool
cj_reader_has_word(CjReader *reader, int n, const char *word)
{
	CjToken		token = cj_reader_peek(reader, n);

	return cj_scan_is_word(reader->str, &token, word);
}

/*
 * Do these words, with blanks between them, begin at the n-th token?
 */
bool
cj_reader_has_words(CjReader *reader, int n, const char *words)
{
	char		word[NAMEDATALEN];

	while (*words != '\0')
	{
		int			len = strcspn(words, " ");

		strlcpy(word, words, Min(len + 1, sizeof(word)));
		if (!cj_reader_has_word(reader, n++, word))
			return false;
		words += len + strspn(words + len, " ");
	}
	return true;
}

/*
 * Is the n-th token from the current one this one-character token?
 */
bool
cj_reader_has_symbol(CjReader *reader, int n, char symbol)
{
	return cj_reader_peek(reader, n).symbol == symbol;
}

/*
 * Does the statement end before the n-th token, if all brackets that open
 * there are closed: is it a semicolon, a closing bracket or the text's end?
 */
bool
cj_reader_ends(CjReader *reader, int n)
{
	CjToken		token = cj_reader_peek(reader, n);

	return token.end || token.symbol == ';' || token.symbol == ')' ||
		token.symbol == ']';
}

/*
 * The number of tokens from the current one to the end of the statement: to a
 * semicolon or a closing bracket outside all brackets that open on the way.
 */
int
cj_reader_count_rest(CjReader *reader)
{
	int			depth = 0;
	int			n = 0;

	while (!cj_reader_peek(reader, n).end &&
		   (depth > 0 || !cj_reader_ends(reader, n)))
	{
		int			symbol = cj_reader_peek(reader, n).symbol;

		if (symbol == '(' || symbol == '[')
			depth++;
		else if (symbol == ')' || symbol == ']')
			depth--;
		n++;
	}
	return n;
}

/*
 * Go on to the next token, and keep count of what is open.  Raises what the
 * scanner raises.
 */
void
cj_reader_advance(CjReader *reader)
{
	int			symbol;

	reader->first++;
	if (reader->first == reader->nahead)
	{
		if (reader->first > 0)
		{
			reader->first = 0;
			reader->nahead = 0;
		}
		scan_one(reader);
	}
	if (reader->error != NULL && reader->first == reader->nahead - 1)
		ReThrowError(reader->error);

	symbol = reader->ahead[reader->first].symbol;
	if (symbol == '(' || symbol == '[')
		reader->depth++;
	else if ((symbol == ')' || symbol == ']') && reader->depth > 0)
		reader->depth--;
}

/*
 * End to read.
 */
void
cj_reader_end(CjReader *reader)
{
	cj_scan_end(&reader->scan);
	pfree(reader->ahead);
}
