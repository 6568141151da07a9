/*-------------------------------------------------------------------------
 *
 * base_setting.c
 *	  Our parameters as CockroachDB's cluster settings.
 *
 * A cluster setting is a parameter of ours, and its value what the configuration
 * gives the whole server, whatever a session, role or database has set for
 * itself.
 *
 * A configuration file takes one dot in a name.  So a parameter has CockroachDB's
 * name with all dots but the first made underscores, and both names are accepted
 * here: jobs.registry.retry.max_delay is jobs.registry_retry_max_delay.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/base/base_setting.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/guc_tables.h"

#include "base/base_duration.h"
#include "base/base_reload.h"
#include "base/base_setting.h"
#include "compat.h"

/* The parts of names before the dot that are ours. */
static const char *const prefixes[] = {"jobs.", "sql."};

/* What the configuration gives a parameter. */
typedef struct Configured
{
	const char *value;			/* as PostgreSQL writes it, without a unit */
	const char *file;			/* where from, NULL: from no file */
	bool		is_default;
} Configured;

/*
 * Is this parameter a cluster setting?  One that only stands for a name that
 * somebody has set is none.
 */
static bool
is_setting(const struct config_generic *parameter)
{
	if (parameter->flags & GUC_CUSTOM_PLACEHOLDER)
		return false;
	for (int i = 0; i < lengthof(prefixes); i++)
	{
		if (pg_strncasecmp(parameter->name, prefixes[i],
						   strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/*
 * The name that a parameter has for a cluster setting: see above.
 */
static char *
parameter_name(const char *name)
{
	char	   *result = asc_tolower(name, strlen(name));
	char	   *dot = strchr(result, '.');

	while (dot != NULL && (dot = strchr(dot + 1, '.')) != NULL)
		*dot = '_';
	return result;
}

/*
 * The parameter that is the cluster setting of this name, NULL if there is
 * none.
 */
static struct config_generic *
find_parameter(const char *name)
{
	int			n;
	struct config_generic **parameters = cj_guc_variables(&n);
	char	   *searched = parameter_name(name);

	for (int i = 0; i < n; i++)
	{
		if (is_setting(parameters[i]) &&
			pg_strcasecmp(parameters[i]->name, searched) == 0)
			return parameters[i];
	}
	return NULL;
}

/*
 * CockroachDB's type for a parameter.
 */
static CjSettingType
setting_type(const struct config_generic *parameter)
{
	switch (parameter->vartype)
	{
		case PGC_BOOL:
			return CJ_SETTING_BOOL;
		case PGC_INT:
			return parameter->flags & GUC_UNIT_TIME ? CJ_SETTING_DURATION :
				CJ_SETTING_INT;
		case PGC_REAL:
			return parameter->flags & GUC_UNIT_TIME ? CJ_SETTING_DURATION :
				CJ_SETTING_FLOAT;
		case PGC_ENUM:
			return CJ_SETTING_ENUM;
		case PGC_STRING:
			break;
	}
	return CJ_SETTING_STRING;
}

/*
 * The type of the cluster setting of this name.  Returns false if there is
 * none.
 */
bool
cj_setting_find(const char *name, CjSettingType *type)
{
	struct config_generic *parameter = find_parameter(name);

	if (parameter != NULL)
		*type = setting_type(parameter);
	return parameter != NULL;
}

/*
 * The microseconds in the unit of a parameter that is a duration.
 */
static int64
unit_usecs(const struct config_generic *parameter)
{
	switch (parameter->flags & GUC_UNIT_TIME)
	{
		case GUC_UNIT_MS:
			return 1000;
		case GUC_UNIT_S:
			return USECS_PER_SEC;
		default:
			return USECS_PER_MINUTE;
	}
}

/*
 * A value of a parameter, as PostgreSQL writes it or as a file has it, in
 * CockroachDB's spelling.
 */
static char *
spell_value(const struct config_generic *parameter, const char *value)
{
	bool		truth;
	double		number;

	switch (setting_type(parameter))
	{
		case CJ_SETTING_BOOL:
			if (parse_bool(value, &truth))
				return pstrdup(truth ? "true" : "false");
			break;
		case CJ_SETTING_DURATION:
			if (parse_real(value, &number, parameter->flags, NULL))
				return cj_duration_format((int64) rint(number * unit_usecs(parameter)));
			break;
		default:
			break;
	}
	return pstrdup(value);
}

/*
 * The value of a parameter that nobody has set, as PostgreSQL writes it.
 */
static const char *
boot_value(struct config_generic *parameter)
{
	const struct config_enum_entry *entry;

	switch (parameter->vartype)
	{
		case PGC_BOOL:
			return cj_guc_of_type(parameter, bool)->boot_val ? "on" : "off";
		case PGC_INT:
			return psprintf("%d", cj_guc_of_type(parameter, int)->boot_val);
		case PGC_REAL:
			return psprintf("%g", cj_guc_of_type(parameter, real)->boot_val);
		case PGC_STRING:
			return cj_guc_of_type(parameter, string)->boot_val;
		case PGC_ENUM:
			entry = cj_guc_of_type(parameter, enum)->options;
			while (entry->val != cj_guc_of_type(parameter, enum)->boot_val)
				entry++;
			return entry->name;
	}
	return NULL;
}

/*
 * Look in the configuration files for what they give a parameter.
 *
 * A role, a database or the client has set it at the start of the session, so
 * that the session does not know.
 */
static void
read_files(struct config_generic *parameter, Configured *configured)
{
	ConfigVariable *head = NULL;
	ConfigVariable *tail = NULL;

	configured->value = boot_value(parameter);
	configured->is_default = true;
	(void) ParseConfigFile(ConfigFileName, true, NULL, 0, 0, DEBUG2, &head,
						   &tail);
	(void) ParseConfigFile(PG_AUTOCONF_FILENAME, false, NULL, 0, 0, DEBUG2,
						   &head, &tail);
	for (ConfigVariable *item = head; item != NULL; item = item->next)
	{
		if (item->name == NULL ||
			pg_strcasecmp(item->name, parameter->name) != 0)
			continue;
		configured->value = pstrdup(item->value);
		configured->file = pstrdup(item->filename);
		configured->is_default = false;
	}
	FreeConfigVariables(head);
}

/*
 * What the configuration gives a parameter.
 */
static Configured
get_configured(struct config_generic *parameter)
{
	Configured	configured = {0};

	if (parameter->reset_source > PGC_S_FILE)
	{
		read_files(parameter, &configured);
		return configured;
	}
	configured.value = GetConfigOptionResetString(parameter->name);
	configured.is_default = parameter->reset_source <= PGC_S_DYNAMIC_DEFAULT;
	if (parameter->reset_source == PGC_S_FILE)
		configured.file = parameter->sourcefile;
	return configured;
}

/*
 * Where a value comes from, in CockroachDB's words: what SET CLUSTER SETTING, or
 * ALTER SYSTEM, has not set is an operator's.
 */
static const char *
origin_of(const Configured *configured)
{
	const char *name;

	if (configured->is_default)
		return "default";
	if (configured->file == NULL)
		return "external-override";
	name = strrchr(configured->file, '/');
	return strcmp(name == NULL ? configured->file : name + 1,
				  PG_AUTOCONF_FILENAME) == 0 ?
		"override" : "external-override";
}

/*
 * May the current user see the value of a parameter?
 */
static bool
may_see(const struct config_generic *parameter)
{
	return (parameter->flags & GUC_SUPERUSER_ONLY) == 0 ||
		has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_SETTINGS);
}

/*
 * A parameter as a cluster setting.
 */
static CjSetting *
make_setting(struct config_generic *parameter)
{
	CjSetting  *setting = palloc0(sizeof(CjSetting));
	Configured	configured;
	const char *boot = boot_value(parameter);

	setting->name = parameter->name;
	setting->type = setting_type(parameter);
	setting->is_public = (parameter->flags & GUC_NOT_IN_SAMPLE) == 0;
	setting->description = parameter->short_desc;
	setting->default_value = spell_value(parameter, boot == NULL ? "" : boot);
	setting->origin = "default";
	if (may_see(parameter))
	{
		configured = get_configured(parameter);
		setting->value = spell_value(parameter, configured.value == NULL ? "" :
									 configured.value);
		setting->origin = origin_of(&configured);
	}
	return setting;
}

/*
 * The cluster setting of this name.  Raises 42P02 if there is none.
 */
CjSetting *
cj_setting_get(const char *name)
{
	struct config_generic *parameter = find_parameter(name);

	if (parameter == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("unknown setting: \"%s\"", name)));
	return make_setting(parameter);
}

/*
 * All cluster settings, sorted by name: a list of CjSetting.
 */
List *
cj_setting_list(void)
{
	int			n;
	struct config_generic **parameters = cj_guc_variables(&n);
	List	   *settings = NIL;

	for (int i = 0; i < n; i++)
	{
		if (is_setting(parameters[i]))
			settings = lappend(settings, make_setting(parameters[i]));
	}
	return settings;
}

/*
 * A value that is meant for a parameter, as PostgreSQL takes it: a duration
 * that it does not know becomes one that it does.  Anything else is left to
 * PostgreSQL, to take or to refuse.
 */
static const char *
respell_value(const struct config_generic *parameter, const char *value)
{
	double		number;
	int64		usecs;

	if (setting_type(parameter) != CJ_SETTING_DURATION ||
		parse_real(value, &number, parameter->flags, NULL) ||
		!cj_duration_parse(value, &usecs))
		return value;
	return cj_duration_format_parameter(usecs);
}

/*
 * Change the file that ALTER SYSTEM changes; NULL takes the parameter out.
 *
 * Raises what ALTER SYSTEM raises.
 */
static void
alter_system(const struct config_generic *parameter, const char *value)
{
	AlterSystemStmt *statement = makeNode(AlterSystemStmt);
	VariableSetStmt *set = makeNode(VariableSetStmt);

	statement->setstmt = set;
	set->name = pstrdup(parameter->name);
	set->kind = VAR_SET_DEFAULT;
	if (value != NULL)
	{
		A_Const    *constant = makeNode(A_Const);

		constant->val.sval.type = T_String;
		constant->val.sval.sval = pstrdup(respell_value(parameter, value));
		constant->location = -1;
		set->kind = VAR_SET_VALUE;
		set->args = list_make1(constant);
	}
	AlterSystemSetConfigFile(statement);
}

/*
 * Set a cluster setting for good and have the whole server take it over; NULL
 * sets it back to its default.  This cannot be undone.
 *
 * Raises 42P02 if there is none of that name, and what ALTER SYSTEM raises: it
 * decides who may and checks the value.
 */
void
cj_setting_set(const char *name, const char *value)
{
	struct config_generic *parameter = find_parameter(name);

	if (parameter == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_PARAMETER),
				 errmsg("unknown cluster setting '%s'", name)));
	alter_system(parameter, value);
	cj_reload_everywhere();
	if (parameter->context == PGC_POSTMASTER)
		ereport(NOTICE,
				(errmsg("cluster setting \"%s\" changes when the server restarts",
						parameter->name)));
}

/*
 * Raise 25001 if this transaction has done anything else, or can go on to do
 * something: a setting does not come back with a rollback.  "may_commit" tells
 * whether the procedure that calls may.
 */
void
cj_setting_prevent_in_transaction(bool may_commit)
{
	if (!may_commit || IsInTransactionBlock(true) ||
		TransactionIdIsValid(GetTopTransactionIdIfAny()))
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("SET CLUSTER SETTING cannot be used inside a multi-statement transaction")));
	/* In a pipeline, this also makes it commit at once. */
	PreventInTransactionBlock(true, "SET CLUSTER SETTING");
}
