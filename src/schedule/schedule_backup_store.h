/*-------------------------------------------------------------------------
 *
 * schedule_backup_store.h
 *	  What is stored of backup and changefeed schedules alone.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/schedule/schedule_backup_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SCHEDULE_BACKUP_STORE_H
#define CJ_SCHEDULE_BACKUP_STORE_H

#include "schedule/schedule.h"

extern Jsonb *cj_schedule_store_command(const char *executor_type,
										const CjScheduleWork *work,
										char **statement);
extern void cj_schedule_store_couple(int64 full, int64 incremental);
extern void cj_schedule_store_uncouple(int64 full);
extern void cj_schedule_store_unpaused(int64 full);
extern void cj_schedule_store_alter(const CjSchedule *schedule,
									const CjBackupAlteration *alteration,
									TimestampTz now);

#endif							/* CJ_SCHEDULE_BACKUP_STORE_H */
