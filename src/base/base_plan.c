/*-------------------------------------------------------------------------
 *
 * base_plan.c
 *	  How our own statements are planned.
 *
 * A plan is made once in a process, for whatever values, from the statistics of
 * that moment; and it must do when a table that was empty then has a million rows.
 * So ours are made of index scans in the order of the index, row by row, whatever
 * the statistics say and whatever is set in the user's session.  Rows are then
 * locked in that order, too.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_plan.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "jit/jit.h"
#include "optimizer/cost.h"
#include "optimizer/planner.h"

#include "base/base_plan.h"
#include "compat.h"

/* The settings that are ours while one of our statements is planned. */
typedef struct PlannerSettings
{
	bool		bitmapscan;
	bool		hashjoin;
	bool		indexonlyscan;
	bool		indexscan;
	bool		jit;
	bool		mergejoin;
	bool		nestloop;
	bool		seqscan;
	bool		sort;
} PlannerSettings;

/* Of the statement that runs; base_store.c sets it. */
CjPlanStyle cj_plan_style = CJ_PLAN_AS_SET;

static planner_hook_type prev_planner = NULL;

/*
 * The settings as they are.
 */
static PlannerSettings
get_settings(void)
{
	PlannerSettings settings = {
		.bitmapscan = enable_bitmapscan,
		.hashjoin = enable_hashjoin,
		.indexonlyscan = enable_indexonlyscan,
		.indexscan = enable_indexscan,
		.jit = jit_enabled,
		.mergejoin = enable_mergejoin,
		.nestloop = enable_nestloop,
		.seqscan = enable_seqscan,
		.sort = enable_sort
	};

	return settings;
}

/*
 * Change the settings, all of them.
 */
static void
put_settings(PlannerSettings settings)
{
	enable_bitmapscan = settings.bitmapscan;
	enable_hashjoin = settings.hashjoin;
	enable_indexonlyscan = settings.indexonlyscan;
	enable_indexscan = settings.indexscan;
	jit_enabled = settings.jit;
	enable_mergejoin = settings.mergejoin;
	enable_nestloop = settings.nestloop;
	enable_seqscan = settings.seqscan;
	enable_sort = settings.sort;
}

/*
 * Plan with the settings as they are.
 */
static PlannedStmt *
call_planner(CJ_PLANNER_PARAMS)
{
	if (prev_planner != NULL)
		return prev_planner(CJ_PLANNER_ARGS);
	return standard_planner(CJ_PLANNER_ARGS);
}

/*
 * planner_hook
 *
 * The variables are set and not the parameters: nobody sees them meanwhile, and
 * it costs nothing when there is a plan already.
 */
static PlannedStmt *
plan_statement(CJ_PLANNER_PARAMS)
{
	PlannerSettings theirs;
	PlannerSettings ours = {.indexonlyscan = true,.indexscan = true,.nestloop = true};
	PlannedStmt *volatile plan = NULL;

	if (cj_plan_style == CJ_PLAN_AS_SET)
		return call_planner(CJ_PLANNER_ARGS);

	if (cj_plan_style == CJ_PLAN_MANY_ROWS)
		ours.hashjoin = ours.mergejoin = ours.sort = true;
	theirs = get_settings();
	put_settings(ours);
	PG_TRY();
	{
		plan = call_planner(CJ_PLANNER_ARGS);
	}
	PG_FINALLY();
	{
		put_settings(theirs);
	}
	PG_END_TRY();

	return plan;
}

/*
 * Install the hook.  Called when the postmaster loads the library.
 */
void
cj_plan_init(void)
{
	prev_planner = planner_hook;
	planner_hook = plan_statement;
}
