/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between PostgreSQL 15 and 19.
 *
 * Code uses the newest form; this file brings older servers up to it.  No
 * other file looks at PG_VERSION_NUM.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/compat.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_COMPAT_H
#define CJ_COMPAT_H

#include "catalog/pg_attribute.h"
#include "catalog/pg_database.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "replication/slot.h"
#include "storage/proc.h"
#include "tcop/pquery.h"
#include "tcop/tcopprot.h"
#include "utils/array.h"
#include "utils/wait_event.h"
#if PG_VERSION_NUM >= 170000
#include "libpq/protocol.h"
#endif

#if PG_VERSION_NUM < 150000 || PG_VERSION_NUM >= 200000
#error "cancel_job supports PostgreSQL 15 to 19"
#endif

/* 15.4 marks a database whose DROP was interrupted (c66a7d75e). */
#ifndef DATCONNLIMIT_INVALID_DB
#define DATCONNLIMIT_INVALID_DB -2
#endif

/* 19 tells the planner of the EXPLAIN that it plans for. */
#if PG_VERSION_NUM < 190000
#define CJ_PLANNER_PARAMS \
	Query *parse, const char *query_string, int cursor_options, ParamListInfo bound_params
#define CJ_PLANNER_ARGS parse, query_string, cursor_options, bound_params
#else
#define CJ_PLANNER_PARAMS \
	Query *parse, const char *query_string, int cursor_options, ParamListInfo bound_params, \
	ExplainState *es
#define CJ_PLANNER_ARGS parse, query_string, cursor_options, bound_params, es
#endif

/* 16 knows how the arrays of built-in types are laid out (d746021de). */
#if PG_VERSION_NUM < 160000
#define CJ_BUILTIN_LAYOUT(type) \
	(type), (type) == INT8OID ? 8 : (type) == TEXTOID ? -1 : 4, \
	(type) == INT8OID ? FLOAT8PASSBYVAL : (type) != TEXTOID, \
	(type) == INT8OID ? TYPALIGN_DOUBLE : TYPALIGN_INT
#define construct_array_builtin(elems, nelems, type) \
	construct_array(elems, nelems, CJ_BUILTIN_LAYOUT(type))
#endif

/* 16 hands the settings out as an array of its own making (3057465ac). */
#if PG_VERSION_NUM < 160000
#define cj_guc_variables(n) (*(n) = GetNumConfigOptions(), get_guc_variables())
#else
#define cj_guc_variables(n) get_guc_variables(n)
#endif

/* 19 has one struct for the settings of all types. */
#if PG_VERSION_NUM < 190000
#define cj_guc_of_type(setting, type) ((struct config_##type *) (setting))
#else
#define cj_guc_of_type(setting, type) (&(setting)->_##type)
#endif

/* 16 has one check for the owners of all kinds of objects (afbfc0298). */
#if PG_VERSION_NUM < 160000
#define object_ownercheck(class, object, role) \
	((class) == DatabaseRelationId ? pg_database_ownercheck(object, role) : \
	 pg_class_ownercheck(object, role))
#endif

/* 18 has generated columns that are not stored (83ea6c540). */
#ifndef ATTRIBUTE_GENERATED_VIRTUAL
#define ATTRIBUTE_GENERATED_VIRTUAL 'v'
#endif

/* 17 lets who has MAINTAIN on a table analyze it (ecb0fd337). */
#if PG_VERSION_NUM < 170000
#define cj_has_maintain(relation, role) false
#else
#define cj_has_maintain(relation, role) \
	(pg_class_aclcheck(relation, role, ACL_MAINTAIN) == ACLCHECK_OK)
#endif

/* 16 can return the error of a type's name (858e776c8). */
#if PG_VERSION_NUM < 160000
#define cj_parse_type_name(str) typeStringToTypeName(str)
#else
#define cj_parse_type_name(str) typeStringToTypeName(str, NULL)
#endif

/* 16 tells who can become a role from who has its rights (3d14e171e). */
#if PG_VERSION_NUM < 160000
#define cj_can_set_role(member, role) is_member_of_role(member, role)
#else
#define cj_can_set_role(member, role) member_can_set_role(member, role)
#endif

/* 16 has options of GRANT of roles (e3ce2de09). */
#if PG_VERSION_NUM < 160000
#define cj_set_admin_option(statement, is_grant) \
	((void) (is_grant), (statement)->admin_opt = true)
#define cj_grant_options(statement) \
	((statement)->admin_opt ? \
	 list_make1(makeDefElem(pstrdup("admin"), \
							(Node *) makeBoolean((statement)->is_grant), -1)) : NIL)
#else
#define cj_set_admin_option(statement, is_grant) \
	((statement)->opt = lappend((statement)->opt, \
								makeDefElem(pstrdup("admin"), \
											(Node *) makeBoolean(is_grant), -1)))
#define cj_grant_options(statement) ((statement)->opt)
#endif

/* 17 moved the local transaction id (ab355e3a8). */
#if PG_VERSION_NUM < 170000
#define cj_my_local_xid() (MyProc->lxid)
#else
#define cj_my_local_xid() (MyProc->vxid.lxid)
#endif

/* 17 can clean up synced slots only (93db6cbda). */
#if PG_VERSION_NUM < 170000
#define cj_replication_slot_cleanup() ReplicationSlotCleanup()
#else
#define cj_replication_slot_cleanup() ReplicationSlotCleanup(false)
#endif

/* 17 has a time-out of transactions, which a database's owner can set. */
#if PG_VERSION_NUM < 170000
#define cj_disable_transaction_timeout() ((void) 0)
#else
#define cj_disable_transaction_timeout() \
	SetConfigOption("transaction_timeout", "0", PGC_SUSET, PGC_S_OVERRIDE)
#endif

/* 18 puts the mark of a function that does not return first (28f04984f). */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* 17 lets an extension name its wait events (c9af05465). */
#if PG_VERSION_NUM < 170000
#define WaitEventExtensionNew(name) ((void) (name), PG_WAIT_EXTENSION)
#endif

/* 17 lets a background worker connect as a role that may not log in. */
#if PG_VERSION_NUM < 170000
#define BGWORKER_BYPASS_ROLELOGINCHECK 0
#define CJ_HAVE_BYPASS_ROLELOGINCHECK false
#else
#define CJ_HAVE_BYPASS_ROLELOGINCHECK true
#endif

/* 17 lets the NOTIFY queue be made smaller (2cdf131c4). */
#if PG_VERSION_NUM < 170000
#define max_notify_queue_pages 1048576
#endif

/* 18 took run_once away from PortalRun() (3eea7a0c9). */
#if PG_VERSION_NUM < 180000
#define cj_portal_run(portal, count, toplevel, dest, altdest, qc) \
	PortalRun(portal, count, toplevel, true, dest, altdest, qc)
#else
#define cj_portal_run(portal, count, toplevel, dest, altdest, qc) \
	PortalRun(portal, count, toplevel, dest, altdest, qc)
#endif

/* 18 took execute_once away from ExecutorRun() (3eea7a0c9). */
#if PG_VERSION_NUM < 180000
#define cj_executor_run(query, direction, count) \
	ExecutorRun(query, direction, count, true)
#define CJ_RUN_ONCE_DECLARATION , bool execute_once
#define CJ_RUN_ONCE_ARGUMENT , execute_once
#else
#define cj_executor_run(query, direction, count) \
	ExecutorRun(query, direction, count)
#define CJ_RUN_ONCE_DECLARATION
#define CJ_RUN_ONCE_ARGUMENT
#endif

/* 19 tells the planner about an EXPLAIN under way. */
#if PG_VERSION_NUM < 190000
#define cj_plan_query(query, text, options, params) \
	pg_plan_query(query, text, options, params)
#else
#define cj_plan_query(query, text, options, params) \
	pg_plan_query(query, text, options, params, NULL)
#endif

/* 19 lets an analysis hook only look at the jumble state. */
#if PG_VERSION_NUM < 190000
#define CJ_JUMBLE_CONST
#else
#define CJ_JUMBLE_CONST const
#endif

/* 19 has no strings that would need the warning. */
#if PG_VERSION_NUM < 190000
#define cj_disable_escape_warning(extra) ((extra)->escape_string_warning = false)
#else
#define cj_disable_escape_warning(extra) ((void) 0)
#endif

/* 19 made CLUSTER and VACUUM FULL a REPACK. */
#if PG_VERSION_NUM < 190000
#define PROGRESS_COMMAND_REPACK PROGRESS_COMMAND_CLUSTER
#define PROGRESS_REPACK_TOTAL_HEAP_BLKS PROGRESS_CLUSTER_TOTAL_HEAP_BLKS
#define PROGRESS_REPACK_HEAP_BLKS_SCANNED PROGRESS_CLUSTER_HEAP_BLKS_SCANNED
#endif

/* 19 has signal handlers of a type of their own. */
#if PG_VERSION_NUM < 190000
#define PG_SIG_IGN SIG_IGN
#endif

/* 17 gave the protocol's messages names (f4b54e1ed). */
#if PG_VERSION_NUM < 170000
#define PqMsg_CommandComplete 'C'
#define PqMsg_ErrorResponse 'E'
#define PqMsg_PortalSuspended 's'
#define PqMsg_ReadyForQuery 'Z'
#endif

#endif							/* CJ_COMPAT_H */
