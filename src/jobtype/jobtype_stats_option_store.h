/*-------------------------------------------------------------------------
 *
 * jobtype_stats_option_store.h
 *	  Options of tables for automatic statistics.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/jobtype/jobtype_stats_option_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_JOBTYPE_STATS_OPTION_STORE_H
#define CJ_JOBTYPE_STATS_OPTION_STORE_H

/* What the names of our options begin with. */
#define CJ_TABLE_OPTION_PREFIX "sql_stats_"

extern void cj_table_option_set(Oid relation, const char *name, const char *value);

#endif							/* CJ_JOBTYPE_STATS_OPTION_STORE_H */
