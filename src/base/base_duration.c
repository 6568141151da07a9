/*-------------------------------------------------------------------------
 *
 * base_duration.c
 *	  Durations as CockroachDB writes them.
 *
 * CockroachDB reads what an interval can be ('1h30m', '2 days', '01:30:00') and
 * writes 1h30m0s.  PostgreSQL's parameters take one number and one unit: 90min.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_duration.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/int.h"
#include "lib/stringinfo.h"
#include "utils/datetime.h"

#include "base/base_duration.h"

typedef struct DurationUnit
{
	const char *name;
	int64		usecs;
} DurationUnit;

/* The units of parameters, the largest first. */
static const DurationUnit parameter_units[] = {
	{"h", USECS_PER_HOUR},
	{"min", USECS_PER_MINUTE},
	{"s", USECS_PER_SEC},
	{"ms", 1000},
	{"us", 1}
};

/*
 * Take a text apart as the input function of intervals does, but without an
 * error.
 */
static bool
decode_interval(const char *str, struct pg_itm_in *interval)
{
	char		workbuf[256];
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	int			nfields;
	int			dtype = DTK_DELTA;

	if (ParseDateTime(str, workbuf, sizeof(workbuf), field, ftype,
					  MAXDATEFIELDS, &nfields) == 0 &&
		DecodeInterval(field, ftype, nfields, INTERVAL_FULL_RANGE, &dtype,
					   interval) == 0)
		return dtype == DTK_DELTA;
	return DecodeISO8601Interval(pstrdup(str), &dtype, interval) == 0 &&
		dtype == DTK_DELTA;
}

/*
 * Parse a duration; a month has 30 days, as in CockroachDB.  Returns false if
 * the text is none, or one that is out of range.
 */
bool
cj_duration_parse(const char *str, int64 *usecs)
{
	struct pg_itm_in interval = {0};
	int64		days;
	int64		usecs_of_days;

	if (!decode_interval(str, &interval))
		return false;
	days = ((int64) interval.tm_year * MONTHS_PER_YEAR + interval.tm_mon) *
		DAYS_PER_MONTH + interval.tm_mday;
	return !pg_mul_s64_overflow(days, USECS_PER_DAY, &usecs_of_days) &&
		!pg_add_s64_overflow(usecs_of_days, interval.tm_usec, usecs);
}

/*
 * Append a number of units: 1.5s.  "digits" is how many the fraction has.
 */
static void
append_fraction(StringInfo str, int64 usecs, int64 unit, int digits,
				const char *name)
{
	appendStringInfo(str, INT64_FORMAT, usecs / unit);
	if (usecs % unit != 0)
	{
		appendStringInfo(str, ".%0*d", digits, (int) (usecs % unit));
		while (str->data[str->len - 1] == '0')
			str->data[--str->len] = '\0';
	}
	appendStringInfoString(str, name);
}

/*
 * A duration as CockroachDB writes it: 336h0m0s, 1m0.5s, 250ms.
 */
char *
cj_duration_format(int64 usecs)
{
	StringInfoData str;

	initStringInfo(&str);
	if (usecs < 0)
	{
		appendStringInfoChar(&str, '-');
		usecs = -usecs;
	}
	if (usecs > 0 && usecs < 1000)
		append_fraction(&str, usecs, 1, 0, "us");
	else if (usecs > 0 && usecs < USECS_PER_SEC)
		append_fraction(&str, usecs, 1000, 3, "ms");
	else
	{
		if (usecs >= USECS_PER_HOUR)
			appendStringInfo(&str, INT64_FORMAT "h", usecs / USECS_PER_HOUR);
		if (usecs >= USECS_PER_MINUTE)
			appendStringInfo(&str, "%dm",
							 (int) (usecs % USECS_PER_HOUR / USECS_PER_MINUTE));
		append_fraction(&str, usecs % USECS_PER_MINUTE, USECS_PER_SEC, 6, "s");
	}
	return str.data;
}

/*
 * A duration as PostgreSQL's parameters take it: 90min.
 */
char *
cj_duration_format_parameter(int64 usecs)
{
	int			unit = 0;

	while (usecs % parameter_units[unit].usecs != 0)
		unit++;
	return psprintf(INT64_FORMAT "%s", usecs / parameter_units[unit].usecs,
					parameter_units[unit].name);
}
