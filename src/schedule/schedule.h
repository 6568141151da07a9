/*-------------------------------------------------------------------------
 *
 * schedule.h
 *	  What the other rooms may ask of the schedule room.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_H
#define CJ_SCHEDULE_H

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* As a time: none. */
#define CJ_NO_TIME DT_NOEND

/* What to do at a time while an earlier job has not come to its end. */
typedef enum CjScheduleOverlap
{
	CJ_OVERLAP_START,			/* start another, up to a number of them */
	CJ_OVERLAP_SKIP,
	CJ_OVERLAP_WAIT
} CjScheduleOverlap;

/* What to do after a job could not be started, or did not succeed. */
typedef enum CjScheduleFailure
{
	CJ_FAILURE_RETRY,
	CJ_FAILURE_RESCHEDULE,
	CJ_FAILURE_PAUSE
} CjScheduleFailure;

typedef enum CjScheduleVerb
{
	CJ_SCHEDULE_PAUSE,
	CJ_SCHEDULE_RESUME,
	CJ_SCHEDULE_DROP,
	CJ_SCHEDULE_EXECUTE
} CjScheduleVerb;

/* A row of jobs.schedule, in the memory context of who read it. */
typedef struct CjSchedule
{
	int64		id;
	char	   *label;
	Oid			owner;
	bool		owner_exists;
	char	   *executor_type;	/* name of the type of its jobs */
	char	   *recurrence;
	char	   *timezone;		/* NULL: as recurrence says */
	bool		once;
	TimestampTz next_run;		/* CJ_NO_TIME: paused */
	TimestampTz due;			/* what next_run stands for; CJ_NO_TIME:
								 * itself */
	TimestampTz following;		/* with due: the next time of recurrence */
	char	   *state;
	CjScheduleOverlap overlap;
	int			max_running;
	CjScheduleFailure failure;
	Jsonb	   *command;		/* arguments of its jobs; NULL: not read */
	char	   *statement;
	bool		is_copy;		/* it belongs to another database */
	bool		held;			/* by another role than its owner */
	int			unfinished;		/* jobs of it */

	/* of the two schedules of full and of incremental backups */
	bool		incremental;
	int64		companion;		/* the other one; 0: there is none */
	int64		unpauses;		/* the one that begins after a success; 0:
								 * none */
	bool		updates_metric;
} CjSchedule;

/* What CREATE SCHEDULE says. */
typedef struct CjScheduleCreation
{
	const char *label;			/* NULL: one is made up */
	const char *executor_type;
	const char *statement;
	Jsonb	   *command;
	const char *recurrence;
	const char *timezone;		/* NULL: as recurrence says */
	TimestampTz first_run;		/* CJ_NO_TIME: the first time of recurrence */
	const char *on_execution_failure;	/* NULL: the default */
	const char *on_previous_running;	/* NULL: the default */
	int			max_running;
} CjScheduleCreation;

#define CJ_SCHEDULE_MAX_RUNNING 10

/* As a recurrence of full backups: each one is. */
#define CJ_FULL_BACKUP_ALWAYS "always"

/* What CREATE SCHEDULE FOR BACKUP and FOR CHANGEFEED say of the jobs; NULL: nothing. */
typedef struct CjScheduleWork
{
	ArrayType  *tables;
	ArrayType  *databases;
	ArrayType  *into;
	const char *sink_uri;
	const char *query;
	Jsonb	   *options;
	bool		ignore_existing_backups;
	bool		updates_metric;
} CjScheduleWork;

/* What ALTER BACKUP SCHEDULE says; NULL: nothing. */
typedef struct CjBackupAlteration
{
	const char *label;
	ArrayType  *into;
	Jsonb	   *options;
	const char *recurrence;
	const char *full_backup;
	const char *on_execution_failure;
	const char *on_previous_running;
	const char *timezone;
	const int  *max_running;
	const bool *updates_metric;
	bool		execute;		/* the next backup at once */
	bool		execute_full;	/* the next full one */
} CjBackupAlteration;

extern void cj_schedule_init(void);
extern bool cj_schedule_exists(const char *label);
extern CjSchedule *cj_schedule_create(const CjScheduleCreation *creation);
extern CjSchedule *cj_schedule_create_changefeed(CjScheduleCreation *creation,
												 CjScheduleWork *work);
extern int	cj_schedule_create_backup(CjScheduleCreation *creation,
									  CjScheduleWork *work,
									  const char *full_backup,
									  CjSchedule **schedules);
extern int	cj_schedule_alter_backup(int64 id, const CjBackupAlteration *alteration,
									 CjSchedule **schedules);
extern bool cj_schedule_is_backup_option(const char *name);
extern int64 cj_schedule_control(CjScheduleVerb verb, const int64 *ids, int nids);
extern long cj_schedule_turn(bool *awaits_end);
extern long cj_schedule_due(void);

#endif							/* CJ_SCHEDULE_H */
