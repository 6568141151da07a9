/*-------------------------------------------------------------------------
 *
 * schedule_cron.h
 *	  When a schedule runs: its text, and the times that follow from it.
 *
 * Pure: no tables, no shared memory, nothing of the session's settings.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_cron.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_CRON_H
#define CJ_SCHEDULE_CRON_H

#include "datatype/timestamp.h"
#include "pgtime.h"

/* Longest text, in bytes: five fields that list every value take less than 400. */
#define CJ_CRON_MAX_LENGTH 1024

/* All hours of the day, as CjCron.hours has them. */
#define CJ_CRON_ALL_HOURS ((1U << HOURS_PER_DAY) - 1)

typedef enum CjCronKind
{
	CJ_CRON_FIELDS,				/* five fields, or @daily and its like */
	CJ_CRON_EVERY,				/* @every <duration> */
	CJ_CRON_AT					/* @at <timestamp>: once */
} CjCronKind;

/*
 * A parsed text.  A plain struct to be copied and kept for as long as the
 * process lives, which is how long a pg_tz does.
 */
typedef struct CjCron
{
	CjCronKind	kind;
	pg_tz	   *timezone;

	/* CJ_CRON_FIELDS: a bit for each value that the field admits */
	uint64		minutes;		/* 0 to 59 */
	uint32		hours;			/* 0 to 23 */
	uint32		days;			/* of the month, 1 to 31 */
	uint16		months;			/* 1 to 12 */
	uint8		weekdays;		/* 0 (Sunday) to 6 */
	bool		either_day;		/* one of days and weekdays is enough */

	int64		every;			/* CJ_CRON_EVERY: microseconds */
	TimestampTz at;				/* CJ_CRON_AT */
} CjCron;

/*
 * Parse a text; ERROR 22023 if it is none, or could never run.  Timezone NULL
 * stands for the zone that the text names with CRON_TZ= or TZ=, else UTC; a
 * zone that both name must be the same.
 */
extern void cj_cron_parse(CjCron *cron, const char *recurrence, const char *timezone);

/*
 * The first time strictly after a time; false: never again.  @every counts
 * from "after".
 */
extern bool cj_cron_next(const CjCron *cron, TimestampTz after, TimestampTz *next);

#endif							/* CJ_SCHEDULE_CRON_H */
