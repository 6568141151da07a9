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

extern void cj_privilege_store_read(Oid roleid, bool *see_all,
									bool *control_all);
extern char *cj_privilege_store_role(const char *privilege);

#endif							/* CJ_PRIVILEGE_STORE_H */
