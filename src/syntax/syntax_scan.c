/*-------------------------------------------------------------------------
 *
 * syntax_scan.c
 *	  The tokens of a text, by PostgreSQL's own scanner.
 *
 * Quoting, comments, dollar quotes and Unicode escapes are the server's, so
 * that words of ours in any of them are never taken for a statement.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_scan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/keywords.h"
#include "parser/scansup.h"

#include "compat.h"
#include "syntax/syntax_scan.h"

/*
 * Is this a byte of an unquoted word, by the rules of the scanner?
 */
bool
cj_scan_is_word_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_' || c == '$' || IS_HIGHBIT_SET(c);
}

/*
 * The length of the unquoted word that begins at "at", 0 if none does.
 */
static int
word_length(const char *at)
{
	int			len = 0;

	/* A digit begins a number, a dollar a parameter or a quote. */
	if ((*at >= '0' && *at <= '9') || *at == '$')
		return 0;
	while (cj_scan_is_word_byte(at[len]))
		len++;
	return len;
}

/*
 * Begin to scan a text, in the current memory context.
 */
void
cj_scan_begin(CjScan *scan, const char *str)
{
	scan->str = str;
	scan->scanner = scanner_init(str, &scan->extra, &ScanKeywords,
								 ScanKeywordTokens);
	/* The parser gives these warnings too. */
	cj_disable_escape_warning(&scan->extra);
}

/*
 * The next token.  Raises what the scanner raises, for example about a string
 * without an end.
 */
CjToken
cj_scan_next(CjScan *scan)
{
	CjToken		token = {0};
	core_YYSTYPE value;
	YYLTYPE		location;
	int			code = core_yylex(&value, &location, scan->scanner);

	token.start = location;
	if (code == 0)
	{
		token.start = scan->extra.scanbuflen;
		token.end = true;
	}
	else if (code < 256)
		token.symbol = code;
	else
		token.wordlen = word_length(scan->str + location);
	return token;
}

/*
 * The token that was read last, as it stands in the text.
 */
const char *
cj_scan_token_text(const CjScan *scan, const CjToken *token)
{
	/* The scanner has put a NUL behind it. */
	return scan->extra.scanbuf + token->start;
}

/*
 * End a scan.
 */
void
cj_scan_end(CjScan *scan)
{
	scanner_finish(scan->scanner);
}

/*
 * Is the token this word, in whatever case?  "word" is in lower case.
 *
 * A quoted identifier is no word, and neither is the prefix of a string as in
 * E'...'.
 */
bool
cj_scan_is_word(const char *str, const CjToken *token, const char *word)
{
	return token->wordlen == strlen(word) &&
		pg_strncasecmp(str + token->start, word, token->wordlen) == 0;
}

/*
 * Is this word, in lower case, one that cannot be a name, such as all?
 */
bool
cj_scan_is_reserved(const char *word)
{
	int			keyword = ScanKeywordLookup(word, &ScanKeywords);

	return keyword >= 0 && ScanKeywordCategories[keyword] == RESERVED_KEYWORD;
}

/*
 * The name that the token at a byte offset is, in lower case unless quoted; NULL
 * if it is none.  Raises what the scanner raises.
 */
char *
cj_scan_name_at(const char *str, int offset)
{
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	core_YYSTYPE value;
	YYLTYPE		location;
	CjToken		token = {.start = offset};
	char	   *name = NULL;

	scanner = scanner_init(str + offset, &extra, &ScanKeywords,
						   ScanKeywordTokens);
	(void) core_yylex(&value, &location, scanner);
	token.wordlen = word_length(str + offset);
	if (str[offset] == '"')
		name = pstrdup(value.str);
	else if (token.wordlen > 0 && strpbrk(pnstrdup(str + offset, token.wordlen + 1), "'\"") == NULL)
	{
		name = downcase_truncate_identifier(str + offset, token.wordlen, false);
		if (cj_scan_is_reserved(name))
			name = NULL;
	}
	scanner_finish(scanner);
	return name;
}

/*
 * Does this word stand at a byte offset at which a token begins?
 */
bool
cj_scan_word_stands_at(const char *str, int offset, const char *word)
{
	CjToken		token = {0};

	token.start = offset;
	token.wordlen = word_length(str + offset);
	return cj_scan_is_word(str, &token, word);
}

/*
 * Where the comment that begins at "at" ends; comments nest.  "at" itself if
 * none begins there.
 */
static const char *
skip_comment(const char *at)
{
	int			depth = 0;

	if (at[0] == '-' && at[1] == '-')
		return at + strcspn(at, "\n\r");
	do
	{
		if (at[0] == '/' && at[1] == '*')
		{
			depth++;
			at += 2;
		}
		else if (depth > 0 && at[0] == '*' && at[1] == '/')
		{
			depth--;
			at += 2;
		}
		else if (depth > 0)
			at++;
	} while (depth > 0 && *at != '\0');
	return at;
}

/*
 * Are these words, with blanks between them, the first tokens at or behind a
 * byte offset that is in none: beyond white space and comments?
 */
bool
cj_scan_begins_with(const char *str, int offset, const char *words)
{
	const char *at = str + offset;

	while (*words != '\0')
	{
		char		word[NAMEDATALEN];
		int			len = strcspn(words, " ");
		const char *before;

		do
		{
			before = at;
			at += strspn(at, " \t\n\r\f\v");
			at = skip_comment(at);
		} while (at != before);
		strlcpy(word, words, Min(len + 1, sizeof(word)));
		if (!cj_scan_word_stands_at(str, at - str, word))
			return false;
		at += len;
		words += len + strspn(words + len, " ");
	}
	return true;
}
