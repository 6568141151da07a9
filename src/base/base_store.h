/*-------------------------------------------------------------------------
 *
 * base_store.h
 *	  How our own code reads and writes the extension's tables.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_STORE_H
#define CJ_BASE_STORE_H

#include "executor/spi.h"
#include "utils/array.h"

#define CJ_STATEMENT_MAX_ARGS 18

/* A statement on our tables; its plan is kept for the life of the process. */
typedef struct CjStatement
{
	const char *text;
	int			nargs;
	Oid			argtypes[CJ_STATEMENT_MAX_ARGS];
	bool		many_rows;		/* rather than a few: see base_plan.c */
	SPIPlanPtr	plan;
	struct CjStatement *next;	/* that has a plan */
} CjStatement;

/* What cj_store_open() changed and cj_store_close() puts back. */
typedef struct CjStoreScope
{
	Oid			userid;
	int			sec_context;
	int			guc_level;
	bool		read_only;
	bool		snapshot;		/* pushed by us */
	MemoryContext caller_context;
} CjStoreScope;

extern bool cj_store_server_is_read_only(void);
extern void cj_store_begin(void);
extern void cj_store_commit(void);
extern void cj_store_leave_flush(void);
extern void cj_store_open(CjStoreScope *scope, bool engine);
extern void cj_store_close(CjStoreScope *scope);
extern uint64 cj_store_run(CjStatement *statement, Datum *values,
						   const char *nulls);
extern uint64 cj_store_run_latest(CjStatement *statement, Datum *values);
extern uint64 cj_store_read(CjStatement *statement, Datum *values);
extern void cj_store_forget_plans(void);
extern Datum cj_store_value(uint64 row, int column, bool *isnull);
extern Datum cj_store_id_array(const int64 *ids, int nids);
extern int	cj_store_array_ids(ArrayType *array, int64 **ids);
extern char *cj_store_text(CjStoreScope *scope, uint64 row, int column);

#endif							/* CJ_BASE_STORE_H */
