/*-------------------------------------------------------------------------
 *
 * base_ids.h
 *	  Sorted arrays of ids.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_ids.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_IDS_H
#define CJ_BASE_IDS_H

extern int	cj_ids_compare(const void *a, const void *b);
extern void cj_ids_sort(int64 *ids, int nids);
extern int64 *cj_ids_sorted_set(const int64 *ids, int nids, int *nset);
extern int	cj_ids_runs(const int64 *set, int nset, int64 **firsts,
						int64 **lasts);
extern bool cj_ids_contain(const int64 *ids, int nids, int64 id);

#endif							/* CJ_BASE_IDS_H */
