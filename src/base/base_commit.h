/*-------------------------------------------------------------------------
 *
 * base_commit.h
 *	  A commit in the middle of a command.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_commit.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_COMMIT_H
#define CJ_BASE_COMMIT_H

#include "fmgr.h"

extern bool cj_commit_is_possible(FunctionCallInfo fcinfo);
extern void cj_commit_midway(bool nonatomic);
extern void cj_commit_release(void);

#endif							/* CJ_BASE_COMMIT_H */
