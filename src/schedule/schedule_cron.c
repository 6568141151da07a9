/*-------------------------------------------------------------------------
 *
 * schedule_cron.c
 *	  When a schedule runs: its text, and the times that follow from it.
 *
 * A field of a cron expression becomes a set of bits, one for each value that
 * it admits.  The next time is found by taking the next set bit, minute by
 * hour by day by month, so that even 29 February is a few steps away.
 *
 * That search runs on wall-clock time: seconds since 1970 as a clock in the
 * schedule's zone shows them.  A zone is a row of spans of constant offset;
 * cj_cron_next() goes through the spans from a little before "after" on, and
 * what the clock leaves out or shows twice between two of them is its concern
 * alone.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_cron.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <unistd.h>

#include "common/int.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"
#include "utils/datetime.h"

#include "compat.h"
#include "schedule/schedule_cron.h"

#define WEEK_DAYS 7

/* Longer than any clock was ever put back, and than any offset. */
#define LONGEST_CHANGE (2 * SECS_PER_DAY)

/* 29 February is at most this far from the next one. */
#define LEAP_YEARS_APART 8

#define NSECS_PER_SEC INT64CONST(1000000000)
#define EPOCH_DIFFERENCE \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

#define ALL_WEEKDAYS ((1U << WEEK_DAYS) - 1)

/* How much of a text that is too long a message shows. */
#define SHOWN_LENGTH 64

/* A text on its way through the parser. */
typedef struct CronText
{
	const char *text;
	const char *at;				/* the next byte to look at */
	const char *field;			/* the field's name, or NULL */
} CronText;

/* One of the five fields: its name, bounds and names for its values. */
typedef struct CronField
{
	const char *name;
	int			min;
	int			max;
	const char *const *names;	/* of min, min + 1, ...; or NULL */
} CronField;

static const char *const month_names[] = {
	"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov",
	"dec", NULL
};

static const char *const weekday_names[] = {
	"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL
};

static const CronField cron_fields[] = {
	{"minute", 0, 59, NULL},
	{"hour", 0, 23, NULL},
	{"day of month", 1, 31, NULL},
	{"month", 1, 12, month_names},
	{"day of week", 0, 6, weekday_names},
};

/* The values of a field, and whether it was left open. */
typedef struct CronBits
{
	uint64		bits;
	bool		star;
} CronBits;

static const struct
{
	const char *name;
	const char *fields;
}			descriptors[] = {
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{"@monthly", "0 0 1 * *"},
	{"@weekly", "0 0 * * 0"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@hourly", "0 * * * *"},
};

static const struct
{
	const char *name;
	int64		nsecs;
}			duration_units[] = {
	{"h", SECS_PER_HOUR * NSECS_PER_SEC},
	{"m", SECS_PER_MINUTE * NSECS_PER_SEC},
	{"s", NSECS_PER_SEC},
	{"ms", NSECS_PER_SEC / 1000},
	{"us", NSECS_PER_SEC / 1000000},
	{"ns", 1},
};

/* Of the server's pgtz.h, which is not installed. */
extern int	pg_open_tzfile(const char *name, char *canonname);

pg_noreturn static void cron_error(const CronText *in, const char *format,...)
			pg_attribute_printf(2, 3);

/*
 * Raises the error of a text that is no cron expression, 22023, with the
 * place and what is wrong there as its detail.
 */
static void
cron_error(const CronText *in, const char *format,...)
{
	int			length = strlen(in->text);
	int			shown = length;
	char		what[CJ_CRON_MAX_LENGTH + 256]; /* may quote all of the text */
	va_list		args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);

	if (length > CJ_CRON_MAX_LENGTH)
		shown = pg_mbcliplen(in->text, length, SHOWN_LENGTH);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("error parsing schedule expression: \"%.*s%s\"; it must be a valid cron expression",
					shown, in->text, shown < length ? "..." : ""),
			 in->field != NULL ?
			 errdetail("Field \"%s\", character %d: %s", in->field,
					   pg_mbstrlen_with_len(in->text, in->at - in->text) + 1, what) :
			 errdetail_internal("%s", what)));
}

/*
 * Is this white space between fields?
 */
static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

/*
 * Is this a digit?  (isdigit() asks the locale.)
 */
static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Moves to what is no white space; a text's end is none.
 */
static void
skip_space(CronText *in)
{
	while (is_space(*in->at))
		in->at++;
}

/*
 * The length of the word at a place: up to white space, or in a field also up
 * to a sign that separates values.
 */
static int
word_length(const char *at, bool in_field)
{
	int			n = 0;

	while (at[n] != '\0' && !is_space(at[n]) &&
		   !(in_field && strchr(",-/", at[n]) != NULL))
		n++;
	return n;
}

/*
 * Is the word of this length that word, capitals aside?
 */
static bool
word_is(const char *at, int length, const char *word)
{
	return strlen(word) == length && pg_strncasecmp(at, word, length) == 0;
}

/*
 * The number that a word of this length is, or -1.  One that is longer than
 * any field needs comes out as a large one.
 */
static int
word_number(const char *at, int length)
{
	int			number = 0;

	for (int i = 0; i < length; i++)
	{
		if (!is_digit(at[i]))
			return -1;
		number = Min(number * 10 + (at[i] - '0'), 1000000);
	}
	return length == 0 ? -1 : number;
}

/*
 * Reads a number or a name of a field; raises an error if there is none, or
 * it is out of bounds.
 */
static int
parse_value(CronText *in, const CronField *field)
{
	int			length = word_length(in->at, true);
	int			value = word_number(in->at, length);

	if (length == 0)
		cron_error(in, "A value is missing.");
	for (int i = 0; field->names != NULL && field->names[i] != NULL; i++)
		if (word_is(in->at, length, field->names[i]))
			value = field->min + i;
	if (value < 0)
		cron_error(in, field->names != NULL ?
				   "\"%.*s\" is neither a number nor a name from %s to %s." :
				   "\"%.*s\" is not a number.",
				   length, in->at, field->names != NULL ? field->names[0] : "",
				   field->names != NULL ? field->names[field->max - field->min] : "");
	if (value < field->min || value > field->max)
		cron_error(in, "%.*s is not between %d and %d.",
				   length, in->at, field->min, field->max);
	in->at += length;
	return value;
}

/*
 * Reads the step behind a slash; raises an error if there is none.
 */
static int
parse_step(CronText *in)
{
	int			length = word_length(in->at, true);
	int			step = word_number(in->at, length);

	if (length == 0)
		cron_error(in, "A step is missing.");
	if (step < 0)
		cron_error(in, "The step \"%.*s\" is not a number.", length, in->at);
	if (step == 0)
		cron_error(in, "The step must be at least 1.");
	in->at += length;
	return step;
}

/*
 * Reads a member of a list: everything, a value or a range, with or without a
 * step.  A value with a step is a range up to the field's end.  Adds its
 * values; raises an error if it is none.
 */
static void
parse_range(CronText *in, const CronField *field, CronBits *to)
{
	const char *start = in->at;
	int			low = field->min;
	int			high = field->max;
	int			step = 1;
	bool		star = (*in->at == '*' || *in->at == '?');
	bool		single = false;

	if (star)
		in->at++;
	else
	{
		low = high = parse_value(in, field);
		single = (*in->at != '-');
		if (!single)
		{
			in->at++;
			high = parse_value(in, field);
		}
	}
	if (high < low)
	{
		int			length = in->at - start;

		in->at = start;
		cron_error(in, "The range %.*s ends before it begins.", length, start);
	}
	if (*in->at == '/')
	{
		in->at++;
		step = parse_step(in);
		if (single)
			high = field->max;
	}
	if (*in->at != '\0' && *in->at != ',' && !is_space(*in->at))
		cron_error(in, "\"%.*s\" is not expected here.", word_length(in->at, false), in->at);

	/* what has a step does not leave a field open */
	to->star |= star && step == 1;
	for (int value = low; value <= high; value += step)
		to->bits |= UINT64CONST(1) << value;
}

/*
 * Reads a field, a list of ranges; raises an error if it is none.
 */
static CronBits
parse_field(CronText *in, const CronField *field)
{
	CronBits	result = {0, false};

	in->field = field->name;
	for (;;)
	{
		parse_range(in, field, &result);
		if (*in->at != ',')
			break;
		in->at++;
	}
	in->field = NULL;
	return result;
}

/*
 * Raises an error unless some month that is admitted has a day that is.
 */
static void
check_fires(const CronText *in, const CjCron *cron)
{
	if (cron->either_day || cron->weekdays != ALL_WEEKDAYS)
		return;
	for (int month = 1; month <= MONTHS_PER_YEAR; month++)
		if ((cron->months & (1 << month)) != 0 &&
			pg_rightmost_one_pos32(cron->days) <= day_tab[1][month - 1])
			return;
	cron_error(in, "It would never run: no month that the field \"month\" names has a day that the field \"day of month\" names.");
}

/*
 * Reads the five fields; raises an error if there are not five.
 */
static void
parse_fields(CronText *in, CjCron *cron)
{
	CronBits	bits[lengthof(cron_fields)];
	const char *start = in->at;
	int			nfields = 0;

	while (*in->at != '\0')
	{
		nfields++;
		in->at += word_length(in->at, false);
		skip_space(in);
	}
	if (nfields != lengthof(cron_fields))
		cron_error(in, "There must be five fields (minute, hour, day of month, month, day of week), not %d.",
				   nfields);

	in->at = start;
	for (int i = 0; i < lengthof(cron_fields); i++)
	{
		bits[i] = parse_field(in, &cron_fields[i]);
		skip_space(in);
	}
	cron->kind = CJ_CRON_FIELDS;
	cron->minutes = bits[0].bits;
	cron->hours = (uint32) bits[1].bits;
	cron->days = (uint32) bits[2].bits;
	cron->months = (uint16) bits[3].bits;
	cron->weekdays = (uint8) bits[4].bits;
	cron->either_day = !bits[2].star && !bits[4].star;
	check_fires(in, cron);
}

/*
 * Reads the number and the unit of a part of a duration, as 1.5h, and adds
 * them; raises an error if they are none or the sum is too long.
 */
static void
parse_duration_part(CronText *in, int64 *nsecs)
{
	const char *number = in->at;
	const char *fraction = NULL;
	int64		whole = 0;
	int64		unit = 0;
	int			length = 0;
	bool		too_long = false;

	for (; is_digit(*in->at); in->at++)
		too_long |= pg_mul_s64_overflow(whole, 10, &whole) ||
			pg_add_s64_overflow(whole, *in->at - '0', &whole);
	if (*in->at == '.')
		for (fraction = ++in->at; is_digit(*in->at);)
			in->at++;
	if (in->at - number == (fraction != NULL ? 1 : 0))
		cron_error(in, "A duration is a row of numbers with a unit, as in 1h30m, and \"%.*s\" does not begin with a number.",
				   word_length(number, false), number);

	while ((in->at[length] >= 'a' && in->at[length] <= 'z') || IS_HIGHBIT_SET(in->at[length]))
		length++;
	for (int i = 0; i < lengthof(duration_units); i++)
		if (strlen(duration_units[i].name) == length &&
			strncmp(in->at, duration_units[i].name, length) == 0)
			unit = duration_units[i].nsecs;
	if (unit == 0)
		cron_error(in, "\"%.*s\" has no unit that is one of h, m, s, ms, us, ns.",
				   word_length(number, false), number);
	in->at += length;

	too_long |= pg_mul_s64_overflow(whole, unit, &whole) ||
		pg_add_s64_overflow(*nsecs, whole, nsecs);
	for (; fraction != NULL && is_digit(*fraction); fraction++)
	{
		unit /= 10;
		too_long |= pg_add_s64_overflow(*nsecs, (*fraction - '0') * unit, nsecs);
	}
	if (too_long)
		cron_error(in, "The interval is too long.");
}

/*
 * Reads the duration of @every; raises an error if it is none, or no whole
 * number of seconds.
 */
static void
parse_every(CronText *in, CjCron *cron)
{
	int64		nsecs = 0;

	do
	{
		parse_duration_part(in, &nsecs);
	} while (*in->at != '\0' && !is_space(*in->at));
	if (*in->at != '\0')
		cron_error(in, "A duration has no white space in it.");
	if (nsecs < NSECS_PER_SEC || nsecs % NSECS_PER_SEC != 0)
		cron_error(in, "The interval must be a whole number of seconds, at least one.");
	cron->kind = CJ_CRON_EVERY;
	cron->every = nsecs / (NSECS_PER_SEC / USECS_PER_SEC);
}

/*
 * Reads a number of so many digits between two bounds, if one stands there.
 */
static bool
take_number(CronText *in, int min_digits, int max_digits, int min, int max, int *number)
{
	int			digits = 0;

	while (digits < max_digits && is_digit(in->at[digits]))
		digits++;
	if (digits < min_digits)
		return false;
	*number = word_number(in->at, digits);
	if (*number < min || *number > max)
		return false;
	in->at += digits;
	return true;
}

/*
 * Moves behind a character, if it stands there.
 */
static bool
take_char(CronText *in, char c)
{
	if (*in->at != c)
		return false;
	in->at++;
	return true;
}

/*
 * Reads a date, as 2026-12-24, into seconds since 1970.
 */
static bool
take_date(CronText *in, int64 *seconds)
{
	int			year;
	int			month;
	int			day;

	if (!take_number(in, 4, 6, 1, 999999, &year) || !take_char(in, '-') ||
		!take_number(in, 2, 2, 1, MONTHS_PER_YEAR, &month) || !take_char(in, '-') ||
		!take_number(in, 2, 2, 1, day_tab[isleap(year)][month - 1], &day))
		return false;
	*seconds = (int64) (date2j(year, month, day) - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	return true;
}

/*
 * Reads a time of day, as 18:30, 18:30:05 or 18:30:05.25, into seconds and
 * microseconds.
 */
static bool
take_time(CronText *in, int64 *seconds, int64 *usecs)
{
	int			hour;
	int			minute;
	int			second = 0;

	if (!take_number(in, 2, 2, 0, 23, &hour) || !take_char(in, ':') ||
		!take_number(in, 2, 2, 0, 59, &minute))
		return false;
	if (take_char(in, ':') && !take_number(in, 2, 2, 0, 59, &second))
		return false;
	*seconds = hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE + second;

	*usecs = 0;
	if (take_char(in, '.'))
	{
		int			unit = USECS_PER_SEC;

		if (!is_digit(*in->at))
			return false;
		while (is_digit(*in->at) && unit > 1)
		{
			unit /= 10;
			*usecs += (*in->at++ - '0') * unit;
		}
	}
	return true;
}

/*
 * Reads an offset, Z or as +01, +0130, +01:30 or -04:56:02, into seconds east
 * of Greenwich.
 */
static bool
take_offset(CronText *in, int64 *offset)
{
	bool		west = (*in->at == '-');
	int			hour;
	int			minute = 0;
	int			second = 0;

	*offset = 0;
	if (take_char(in, 'Z'))
		return true;
	if ((!take_char(in, '+') && !take_char(in, '-')) ||
		!take_number(in, 2, 2, 0, MAX_TZDISP_HOUR, &hour))
		return false;
	if (take_char(in, ':'))
	{
		if (!take_number(in, 2, 2, 0, 59, &minute))
			return false;
		if (take_char(in, ':') && !take_number(in, 2, 2, 0, 59, &second))
			return false;
	}
	else if (is_digit(*in->at) && !take_number(in, 2, 2, 0, 59, &minute))
		return false;
	*offset = hour * SECS_PER_HOUR + minute * SECS_PER_MINUTE + second;
	if (west)
		*offset = -*offset;
	return true;
}

/*
 * When a clock of this zone shows this time: the first time if it does so
 * twice, and if it never does, when it is put forward over it; then "exact"
 * is false.
 */
static pg_time_t
time_of_wall_clock(const pg_tz *tz, int64 wall, bool *exact)
{
	pg_time_t	at = wall - LONGEST_CHANGE;

	*exact = true;
	for (;;)
	{
		pg_time_t	boundary;
		long		before = 0;
		long		after;
		int			isdst;
		int			r = pg_next_dst_boundary(&at, &before, &isdst, &boundary, &after, &isdst, tz);

		if (r <= 0 || wall - before < boundary)
			return wall - before;
		if (wall - after < boundary)
		{
			*exact = false;
			return boundary;
		}
		at = boundary;
	}
}

/*
 * Reads the time of @at, as PostgreSQL shows it in the ISO style, in the
 * schedule's zone unless it has an offset.  Words such as "tomorrow", and what
 * DateStyle has a say in, would change their meaning each time they are read.
 * Raises an error if it is none.
 */
static void
parse_at(CronText *in, CjCron *cron)
{
	const char *start = in->at;
	int64		wall = 0;
	int64		time_of_day = 0;
	int64		usecs = 0;
	int64		offset = 0;
	int64		at;
	bool		has_offset = false;
	bool		ok = take_date(in, &wall);

	if (ok && *in->at != '\0')
	{
		if (!take_char(in, 'T'))
			skip_space(in);
		ok = take_time(in, &time_of_day, &usecs);
		skip_space(in);
		has_offset = (*in->at != '\0');
		ok = ok && (!has_offset || take_offset(in, &offset));
	}
	if (!ok || *in->at != '\0')
		cron_error(in, "\"%s\" is not a time such as 2026-12-24 18:00:00 or 2026-12-24 18:00:00+01.",
				   start);

	wall += time_of_day;
	at = wall - offset;
	if (!has_offset)
	{
		bool		exact;

		at = time_of_wall_clock(cron->timezone, wall, &exact);
		if (!exact)
			usecs = 0;
	}
	cron->kind = CJ_CRON_AT;
	if (pg_mul_s64_overflow(at - EPOCH_DIFFERENCE, USECS_PER_SEC, &cron->at) ||
		pg_add_s64_overflow(cron->at, usecs, &cron->at) ||
		!IS_VALID_TIMESTAMP(cron->at))
		cron_error(in, "The time is out of range.");
}

/*
 * Is this the name of one of the time zones that the server has?  pg_tzset() takes
 * any POSIX specification as well, and keeps each for as long as the process lives.
 */
static bool
has_timezone(const char *name)
{
	char		canonical[TZ_STRLEN_MAX + 1];
	int			fd;

	if (name[0] == '\0' || strlen(name) > TZ_STRLEN_MAX)
		return false;
	if (pg_strcasecmp(name, "UTC") == 0)
		return true;
	fd = pg_open_tzfile(name, canonical);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/*
 * The zone of this name, or NULL if PostgreSQL has none that it can use (it
 * can not use those with leap seconds).
 */
static pg_tz *
find_timezone(const char *name)
{
	pg_tz	   *tz = has_timezone(name) ? pg_tzset(name) : NULL;

	return tz != NULL && pg_tz_acceptable(tz) ? tz : NULL;
}

/*
 * The zone that was given beside a text; raises an error if there is none.
 */
static pg_tz *
given_timezone(const char *name)
{
	pg_tz	   *tz = find_timezone(name);

	if (tz == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%.*s\" not recognized",
						pg_mbcliplen(name, strlen(name), TZ_STRLEN_MAX), name)));
	return tz;
}

/*
 * Reads CRON_TZ= or TZ=, if a text begins so, and settles the zone: that of
 * the text, else the one given, else UTC.  Raises an error if there is no such
 * zone, or the two are not the same.
 */
static pg_tz *
parse_timezone(CronText *in, const char *timezone)
{
	pg_tz	   *tz = (timezone != NULL) ? given_timezone(timezone) : NULL;
	pg_tz	   *named;
	char	   *name;

	if (strncmp(in->at, "CRON_TZ=", 8) != 0 && strncmp(in->at, "TZ=", 3) != 0)
		return tz != NULL ? tz : given_timezone("UTC");

	in->at = strchr(in->at, '=') + 1;
	name = pnstrdup(in->at, word_length(in->at, false));
	in->at += strlen(name);
	skip_space(in);
	named = find_timezone(name);
	if (named == NULL)
		cron_error(in, "Time zone \"%s\" is not recognized.", name);
	pfree(name);
	if (tz != NULL && named != tz)
		cron_error(in, "It names the time zone %s, and the schedule's time zone is %s.",
				   pg_get_timezone_name(named), pg_get_timezone_name(tz));
	return named;
}

/*
 * Reads what begins with an @; raises an error if it is nothing that we know.
 */
static void
parse_descriptor(CronText *in, CjCron *cron)
{
	const char *start = in->at;
	int			length = word_length(start, false);

	in->at += length;
	skip_space(in);
	if (length == 6 && strncmp(start, "@every", length) == 0)
	{
		parse_every(in, cron);
		return;
	}
	if (length == 3 && strncmp(start, "@at", length) == 0)
	{
		parse_at(in, cron);
		return;
	}
	for (int i = 0; i < lengthof(descriptors); i++)
	{
		if (strlen(descriptors[i].name) == length && *in->at == '\0' &&
			strncmp(start, descriptors[i].name, length) == 0)
		{
			CronText	fields = {descriptors[i].fields, descriptors[i].fields, NULL};

			parse_fields(&fields, cron);
			return;
		}
	}
	cron_error(in, "\"%s\" is none of @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every <duration>, @at <time>.",
			   start);
}

/*
 * See the header.  Leaves nothing behind in the current memory context.
 */
void
cj_cron_parse(CjCron *cron, const char *recurrence, const char *timezone)
{
	CronText	in = {recurrence, recurrence, NULL};
	char		trimmed[CJ_CRON_MAX_LENGTH + 1];
	size_t		length = strnlen(recurrence, CJ_CRON_MAX_LENGTH + 1);

	if (length > CJ_CRON_MAX_LENGTH)
		cron_error(&in, "It is longer than %d bytes.", CJ_CRON_MAX_LENGTH);
	while (length > 0 && is_space(recurrence[length - 1]))
		length--;
	memcpy(trimmed, recurrence, length);
	trimmed[length] = '\0';
	in.text = in.at = trimmed;

	memset(cron, 0, sizeof(CjCron));
	skip_space(&in);
	cron->timezone = parse_timezone(&in, timezone);
	if (*in.at == '@')
		parse_descriptor(&in, cron);
	else
		parse_fields(&in, cron);
}

/*
 * The days of a month that match, a bit each, 1 to 31.
 */
static uint32
days_of_month(const CjCron *cron, int year, int month)
{
	int			first = j2day(date2j(year, month, 1));
	uint64		week;
	uint32		weekdays;
	uint32		valid = (uint32) ((UINT64CONST(2) << day_tab[isleap(year)][month - 1]) - 2);

	/* the first seven days, repeated; day 1 is bit 1 */
	week = ((cron->weekdays >> first) | (cron->weekdays << (WEEK_DAYS - first))) & ALL_WEEKDAYS;
	weekdays = (uint32) ((week | week << 7 | week << 14 | week << 21 | week << 28) << 1);
	if (cron->either_day)
		return (cron->days | weekdays) & valid;
	return cron->days & weekdays & valid;
}

/*
 * The first matching day that is not before a day; both are Julian.  False if
 * the bits admit none.
 */
static bool
next_day(const CjCron *cron, int julian, int *next)
{
	int			year;
	int			month;
	int			day;
	int			last_year;

	j2date(julian, &year, &month, &day);
	last_year = year + LEAP_YEARS_APART;
	while (year <= last_year)
	{
		uint32		months = cron->months & ~((1U << month) - 1);

		if (months != 0)
		{
			int			found = pg_rightmost_one_pos32(months);
			uint32		days = days_of_month(cron, year, found);

			if (found == month)
				days &= ~((1U << day) - 1);
			if (days != 0)
			{
				*next = date2j(year, found, pg_rightmost_one_pos32(days));
				return true;
			}
			month = found + 1;
		}
		if (months == 0 || month > MONTHS_PER_YEAR)
		{
			year++;
			month = 1;
		}
		day = 1;
	}
	return false;
}

/*
 * The first matching minute of a day, from this one on; false if there is none.
 */
static bool
next_minute(const CjCron *cron, int minute_of_day, int *next)
{
	int			hour = minute_of_day / MINS_PER_HOUR;
	uint32		hours = cron->hours & ~((1U << hour) - 1);
	uint64		minutes = cron->minutes &
	~((UINT64CONST(1) << (minute_of_day % MINS_PER_HOUR)) - 1);

	if ((hours & (1U << hour)) == 0 || minutes == 0)
	{
		hours &= ~(1U << hour);
		minutes = cron->minutes;
	}
	if (hours == 0)
		return false;
	*next = pg_rightmost_one_pos32(hours) * MINS_PER_HOUR + pg_rightmost_one_pos64(minutes);
	return true;
}

/*
 * The first time on the wall clock, not before this one, that matches.  False
 * if the bits admit none.
 */
static bool
next_wall_clock(const CjCron *cron, int64 from, int64 *next)
{
	int64		minutes = from / SECS_PER_MINUTE;
	int64		days;
	int			julian;
	int			found;
	int			minute;

	/* round up to a minute, then down to a day */
	if (minutes * SECS_PER_MINUTE < from)
		minutes++;
	days = minutes / (HOURS_PER_DAY * MINS_PER_HOUR);
	if (days * (HOURS_PER_DAY * MINS_PER_HOUR) > minutes)
		days--;
	minute = (int) (minutes - days * (HOURS_PER_DAY * MINS_PER_HOUR));
	julian = (int) days + UNIX_EPOCH_JDATE;

	if (!next_day(cron, julian, &found))
		return false;
	if (found == julian && !next_minute(cron, minute, &minute) &&
		!next_day(cron, julian + 1, &found))
		return false;
	if (found != julian)
		(void) next_minute(cron, 0, &minute);
	*next = ((int64) found - UNIX_EPOCH_JDATE) * SECS_PER_DAY + minute * SECS_PER_MINUTE;
	return true;
}

/*
 * The first time after "after" that the fields match; false if there is none.
 *
 * What the wall clock has shown before does not count again when it is put
 * back, and what it leaves out when it is put forward counts as that moment.
 * A schedule for every hour goes by the time that passes instead: else it
 * would keep still for an hour, or run twice within one.
 */
static bool
next_of_fields(const CjCron *cron, pg_time_t after, pg_time_t *next)
{
	bool		every_hour = (cron->hours == CJ_CRON_ALL_HOURS);
	pg_time_t	start = after - LONGEST_CHANGE; /* of the span */
	int64		shown = PG_INT64_MIN;	/* the wall clock was there already */

	for (;;)
	{
		pg_time_t	end;
		long		offset;
		long		offset_after;
		int			isdst;
		int			r = pg_next_dst_boundary(&start, &offset, &isdst, &end,
											 &offset_after, &isdst, cron->timezone);
		int64		wall;

		if (r < 0)
			return false;
		if (r == 0 || end > after)
		{
			int64		from = Max(start, after + 1) + offset;

			if (!every_hour)
				from = Max(from, shown);
			if (!next_wall_clock(cron, from, &wall))
				return false;
			if (r == 0 || wall - offset < end)
			{
				*next = wall - offset;
				return true;
			}
			if (wall - offset_after < end &&
				!(every_hour && (offset_after - offset) % SECS_PER_HOUR == 0))
			{
				*next = end;
				return true;
			}
		}
		shown = Max(shown, end + offset);
		start = end;
	}
}

/*
 * See the header.
 */
bool
cj_cron_next(const CjCron *cron, TimestampTz after, TimestampTz *next)
{
	int64		seconds;
	pg_time_t	found;

	if (TIMESTAMP_IS_NOEND(after))
		return false;
	after = Max(after, MIN_TIMESTAMP);

	/* the last full second, of a time that may be negative */
	seconds = after / USECS_PER_SEC;
	if (seconds * USECS_PER_SEC > after)
		seconds--;

	switch (cron->kind)
	{
		case CJ_CRON_AT:
			*next = cron->at;
			return cron->at > after;
		case CJ_CRON_EVERY:
			if (pg_add_s64_overflow(seconds * USECS_PER_SEC, cron->every, next))
				return false;
			return IS_VALID_TIMESTAMP(*next);
		case CJ_CRON_FIELDS:
			if (!next_of_fields(cron, seconds + EPOCH_DIFFERENCE, &found) ||
				pg_mul_s64_overflow(found - EPOCH_DIFFERENCE, USECS_PER_SEC, next))
				return false;
			return IS_VALID_TIMESTAMP(*next);
	}
	return false;
}
