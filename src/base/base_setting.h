/*-------------------------------------------------------------------------
 *
 * base_setting.h
 *	  Our parameters as CockroachDB's cluster settings.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_setting.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_BASE_SETTING_H
#define CJ_BASE_SETTING_H

#include "nodes/pg_list.h"

/* Types of cluster settings, by CockroachDB's letters. */
typedef enum CjSettingType
{
	CJ_SETTING_BOOL = 'b',
	CJ_SETTING_DURATION = 'd',
	CJ_SETTING_ENUM = 'e',
	CJ_SETTING_FLOAT = 'f',
	CJ_SETTING_INT = 'i',
	CJ_SETTING_STRING = 's'
} CjSettingType;

typedef struct CjSetting
{
	const char *name;			/* of the parameter */
	CjSettingType type;
	bool		is_public;		/* not one for tests */
	const char *description;
	char	   *value;			/* NULL: the user may not see it */
	char	   *default_value;
	const char *origin;
} CjSetting;

extern bool cj_setting_find(const char *name, CjSettingType *type);
extern CjSetting *cj_setting_get(const char *name);
extern List *cj_setting_list(void);
extern void cj_setting_set(const char *name, const char *value);
extern void cj_setting_prevent_in_transaction(bool may_commit);

#endif							/* CJ_BASE_SETTING_H */
