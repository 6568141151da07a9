/*-------------------------------------------------------------------------
 *
 * schedule_backup.h
 *	  What goes for schedules of full and of incremental backups alone.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_backup.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_BACKUP_H
#define CJ_SCHEDULE_BACKUP_H

#include "schedule/schedule.h"

/* The types of the jobs of these schedules. */
#define CJ_EXECUTOR_BACKUP "BACKUP"
#define CJ_EXECUTOR_CHANGEFEED "CHANGEFEED"

extern bool cj_schedule_backup_succeeded(const CjSchedule *full, TimestampTz now);
extern int64 cj_schedule_drop(const CjSchedule *schedule);

#endif							/* CJ_SCHEDULE_BACKUP_H */
