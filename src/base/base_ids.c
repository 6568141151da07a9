/*-------------------------------------------------------------------------
 *
 * base_ids.c
 *	  Sorted arrays of ids.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_ids.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/base_ids.h"

/*
 * qsort and bsearch comparator of ids, and of structs that begin with one.
 */
int
cj_ids_compare(const void *a, const void *b)
{
	int64		left = *(const int64 *) a;
	int64		right = *(const int64 *) b;

	return (left > right) - (left < right);
}

/*
 * Sort ids.  Allocates and raises nothing.
 */
void
cj_ids_sort(int64 *ids, int nids)
{
	if (nids > 1)
		qsort(ids, nids, sizeof(int64), cj_ids_compare);
}

/*
 * A sorted copy of ids in which each is once; their number is put into *nset.
 * Allocates in the current memory context.
 */
int64 *
cj_ids_sorted_set(const int64 *ids, int nids, int *nset)
{
	int64	   *set = palloc_extended((nids + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	int			n = 0;

	memcpy(set, ids, nids * sizeof(int64));
	cj_ids_sort(set, nids);
	for (int i = 0; i < nids; i++)
	{
		if (n == 0 || set[i] != set[n - 1])
			set[n++] = set[i];
	}
	*nset = n;
	return set;
}

/*
 * The runs of ids without a gap in a sorted set: the first and the last id of
 * each.  Returns their number.  Allocates in the current memory context.
 */
int
cj_ids_runs(const int64 *set, int nset, int64 **firsts, int64 **lasts)
{
	int			n = 0;

	*firsts = palloc_extended((nset + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	*lasts = palloc_extended((nset + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	for (int i = 0; i < nset; i++)
	{
		if (i == 0 || set[i] - 1 != set[i - 1])
			(*firsts)[n++] = set[i];
		(*lasts)[n - 1] = set[i];
	}
	return n;
}

/*
 * Is an id among these, which are sorted?  Allocates and raises nothing.
 */
bool
cj_ids_contain(const int64 *ids, int nids, int64 id)
{
	return nids > 0 &&
		bsearch(&id, ids, nids, sizeof(int64), cj_ids_compare) != NULL;
}
