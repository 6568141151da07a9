/*-------------------------------------------------------------------------
 *
 * base_duration.h
 *	  Durations as CockroachDB writes them.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_duration.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_DURATION_H
#define CJ_BASE_DURATION_H

extern bool cj_duration_parse(const char *str, int64 *usecs);
extern char *cj_duration_format(int64 usecs);
extern char *cj_duration_format_parameter(int64 usecs);

#endif							/* CJ_BASE_DURATION_H */
