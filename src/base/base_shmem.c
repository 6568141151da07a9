/*-------------------------------------------------------------------------
 *
 * base_shmem.c
 *	  Areas of shared memory, one for each part of the extension that needs one.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_shmem.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"

#include "base/base_shmem.h"

static CjShmemItem *items = NULL;
static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

/*
 * shmem_request_hook.
 */
static void
request_areas(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();

	for (CjShmemItem *item = items; item != NULL; item = item->next)
	{
		RequestAddinShmemSpace(item->size());
		RequestNamedLWLockTranche(item->name, 1);
	}
}

/*
 * shmem_startup_hook.
 */
static void
make_areas(void)
{
	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	for (CjShmemItem *item = items; item != NULL; item = item->next)
	{
		bool		found;

		*item->area = ShmemInitStruct(item->name, item->size(), &found);
		item->lock = &GetNamedLWLockTranche(item->name)->lock;
		if (found)
			continue;
		memset(*item->area, 0, item->size());
		if (item->init != NULL)
			item->init();
	}
	LWLockRelease(AddinShmemInitLock);
}

/*
 * Have an area made.  Called at preload; "item" stays.
 */
void
cj_shmem_add(CjShmemItem *item)
{
	if (items == NULL)
	{
		prev_shmem_request_hook = shmem_request_hook;
		shmem_request_hook = request_areas;
		prev_shmem_startup_hook = shmem_startup_hook;
		shmem_startup_hook = make_areas;
	}
	item->next = items;
	items = item;
}

/*
 * The place of this process in an array of MaxBackends, as long as it lives.
 */
int
cj_shmem_my_process(void)
{
	return (int) (MyProc - ProcGlobal->allProcs);
}
