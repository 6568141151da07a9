/*-------------------------------------------------------------------------
 *
 * syntax_selftest.h
 *	  Whether native syntax works on this machine and server.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_selftest.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_SELFTEST_H
#define CJ_SYNTAX_SELFTEST_H

extern bool cj_selftest_passes(void);

#endif							/* CJ_SYNTAX_SELFTEST_H */
