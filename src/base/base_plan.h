/*-------------------------------------------------------------------------
 *
 * base_plan.h
 *	  How our own statements are planned.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_plan.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_PLAN_H
#define CJ_BASE_PLAN_H

/* What the planner is to think of a statement. */
typedef enum CjPlanStyle
{
	CJ_PLAN_AS_SET,				/* the session's settings: not one of ours */
	CJ_PLAN_FEW_ROWS,
	CJ_PLAN_MANY_ROWS
} CjPlanStyle;

extern CjPlanStyle cj_plan_style;

extern void cj_plan_init(void);

#endif							/* CJ_BASE_PLAN_H */
