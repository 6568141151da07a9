/*-------------------------------------------------------------------------
 *
 * jobtype_sql.h
 *	  Jobs that run SQL commands.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_sql.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_SQL_H
#define CJ_JOBTYPE_SQL_H

extern void cj_jobtype_sql_init(void);

#endif							/* CJ_JOBTYPE_SQL_H */
