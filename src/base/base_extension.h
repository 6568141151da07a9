/*-------------------------------------------------------------------------
 *
 * base_extension.h
 *	  Whether this database has the extension, and who owns it.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_extension.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_EXTENSION_H
#define CJ_BASE_EXTENSION_H

#define CJ_EXTENSION_NAME "cancel_job"
#define CJ_SCHEMA_NAME "jobs"

extern void cj_extension_set_preloaded(void);
extern void cj_extension_check_preloaded(void);
extern bool cj_extension_exists(void);
extern bool cj_extension_hold(void);
extern Oid	cj_extension_oid(void);
extern Oid	cj_extension_owner(void);
extern bool cj_extension_is_trusted(void);

#endif							/* CJ_BASE_EXTENSION_H */
