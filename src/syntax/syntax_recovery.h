/*-------------------------------------------------------------------------
 *
 * syntax_recovery.h
 *	  Catching the syntax errors that statements of ours cause.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_recovery.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_RECOVERY_H
#define CJ_SYNTAX_RECOVERY_H

typedef enum CjRecoveryMode
{
	CJ_RECOVERY_OFF,
	CJ_RECOVERY_HINT,			/* it does not work here: only give a hint */
	CJ_RECOVERY_ON,
	CJ_RECOVERY_TESTING			/* as ON, in a process without a database */
} CjRecoveryMode;

extern void cj_recovery_enable(CjRecoveryMode how);
extern void cj_recovery_install(void);

#endif							/* CJ_SYNTAX_RECOVERY_H */
