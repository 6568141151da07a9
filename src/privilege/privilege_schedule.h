/*-------------------------------------------------------------------------
 *
 * privilege_schedule.h
 *	  Who may control a schedule.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/privilege/privilege_schedule.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_PRIVILEGE_SCHEDULE_H
#define CJ_PRIVILEGE_SCHEDULE_H

extern void cj_privilege_check_schedule(Oid roleid, int64 schedule_id, Oid owner,
										const char *verb);
extern void cj_privilege_check_alter_schedule(Oid roleid, Oid owner);
extern void cj_privilege_check_backup_metric(Oid roleid);

#endif							/* CJ_PRIVILEGE_SCHEDULE_H */
