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

extern void cj_commit_midway(bool nonatomic);

#endif							/* CJ_BASE_COMMIT_H */
