/*-------------------------------------------------------------------------
 *
 * base_shmem.h
 *	  Areas of shared memory, one for each part of the extension that needs one.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_shmem.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_SHMEM_H
#define CJ_BASE_SHMEM_H

#include "storage/lwlock.h"

/*
 * An area with a lock of its own.  Made at the start of the server and anew
 * after a crash; zeroed, then init() is called if there is one.
 */
typedef struct CjShmemItem
{
	const char *name;			/* of the area, and of the lock's tranche */
	Size		(*size) (void);
	void		(*init) (void);
	void	  **area;			/* set when the area is there */
	LWLock	   *lock;			/* likewise */
	struct CjShmemItem *next;
} CjShmemItem;

extern void cj_shmem_add(CjShmemItem *item);
extern int	cj_shmem_my_process(void);

#endif							/* CJ_BASE_SHMEM_H */
