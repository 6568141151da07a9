/*-------------------------------------------------------------------------
 *
 * privilege_store.h
 *	  Which roles carry the privileges CONTROLJOB and VIEWJOB.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/privilege/privilege_store.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_PRIVILEGE_STORE_H
#define CJ_PRIVILEGE_STORE_H

#include "privilege/privilege_job.h"

extern void cj_privilege_store_read(CjPrivileges *privileges);
extern char *cj_privilege_store_role(const char *privilege);

#endif							/* CJ_PRIVILEGE_STORE_H */
