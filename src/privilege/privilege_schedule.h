/*-------------------------------------------------------------------------
 *
 * privilege_schedule.h
 *	  Who may see and control a schedule.
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

#include "privilege/privilege_job.h"

extern bool cj_privilege_may_see_all_schedules(CjPrivileges *privileges);
extern bool cj_privilege_has_repaircluster(CjPrivileges *privileges);
extern void cj_privilege_check_schedule(CjPrivileges *privileges, int64 schedule_id,
										Oid owner, bool held, const char *verb);
extern void cj_privilege_check_alter_schedule(CjPrivileges *privileges, Oid owner,
											  bool held);
extern void cj_privilege_check_backup_metric(Oid roleid);

#endif							/* CJ_PRIVILEGE_SCHEDULE_H */
