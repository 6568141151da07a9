/*-------------------------------------------------------------------------
 *
 * syntax_role.c
 *	  System privileges in statements about roles: CONTROLJOB, VIEWJOB,
 *	  REPAIRCLUSTER and MODIFYCLUSTERSETTING.
 *
 *	CREATE ROLE x .. CONTROLJOB			CREATE ROLE x .. IN ROLE controljob
 *	ALTER ROLE x .. CONTROLJOB			ALTER ROLE x ..; GRANT controljob TO x
 *	ALTER ROLE x .. NOCONTROLJOB		ALTER ROLE x ..; REVOKE controljob FROM x
 *	GRANT SYSTEM CONTROLJOB TO x		GRANT controljob TO x
 *	GRANT SYSTEM MODIFYCLUSTERSETTING TO x
 *										GRANT ALTER SYSTEM ON PARAMETER .. TO x
 *
 * The parser's own nodes carry what is ours: an option of that name, a column of
 * that name behind the role.  The server knows neither, and would refuse them.
 * When the statement runs, they make way for the role that carries the privilege,
 * or for a privilege of the server's, and the server checks and does the rest.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_role.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"

#include "base/base_extension.h"
#include "base/base_setting.h"
#include "compat.h"
#include "privilege/privilege_store.h"
#include "syntax/syntax_error.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_role.h"

/* The option, and the column that marks a privilege as ours. */
#define OPTION_NAME "controljob"
#define PRIVILEGE_MARK "SYSTEM"

/* The privilege that is one of parameters, and no role carries. */
#define MODIFY_SETTING "MODIFYCLUSTERSETTING"

static const char *const role_keywords[] = {"controljob", "system", NULL};

enum
{
	ROLE_OPTIONS,
	ROLE_GRANT,
	ROLE_REVOKE
};

typedef enum RoleClause
{
	CLAUSE_NONE,
	CLAUSE_CONTROLJOB,
	CLAUSE_NOCONTROLJOB,
	CLAUSE_SYSTEM,
	CLAUSE_GRANT_OPTION			/* of SYSTEM, or WITH GRANT OPTION */
} RoleClause;

/* Where the options of a role read so far have led; in CjMark.detail. */
enum
{
	STEP_OPTION,
	STEP_NAME,					/* of a list of roles, comes next */
	STEP_COMMA,					/* or the end of the list */
	STEP_END					/* no options any more */
};

/*
 * Go on by the n-th token of the options of a role.  Returns which clause of
 * ours it is.
 */
static RoleClause
follow_options(CjReader *reader, int n, int *step)
{
	if (*step == STEP_NAME)
	{
		*step = STEP_COMMA;
		return CLAUSE_NONE;
	}
	if (*step == STEP_COMMA)
		*step = cj_reader_has_symbol(reader, n, ',') ? STEP_NAME : STEP_OPTION;
	if (*step != STEP_OPTION)
		return CLAUSE_NONE;

	if (cj_reader_has_word(reader, n, "controljob"))
		return CLAUSE_CONTROLJOB;
	if (cj_reader_has_word(reader, n, "nocontroljob"))
		return CLAUSE_NOCONTROLJOB;
	if (cj_reader_has_word(reader, n, "role") ||
		cj_reader_has_word(reader, n, "group") ||
		cj_reader_has_word(reader, n, "user") ||
		cj_reader_has_word(reader, n, "admin"))
		*step = STEP_NAME;
	else if (cj_reader_has_word(reader, n, "database") ||
			 cj_reader_has_word(reader, n, "set") ||
			 cj_reader_has_word(reader, n, "reset") ||
			 cj_reader_has_word(reader, n, "rename"))
		*step = STEP_END;
	return CLAUSE_NONE;
}

/*
 * Does a CREATE or ALTER of a role with options of ours begin here?
 */
static bool
has_our_options(CjReader *reader)
{
	int			step = STEP_OPTION;

	if (!cj_reader_has_word(reader, 0, "create") &&
		!cj_reader_has_word(reader, 0, "alter"))
		return false;
	if (!cj_reader_has_word(reader, 1, "role") &&
		!cj_reader_has_word(reader, 1, "user"))
		return false;
	if (cj_reader_has_words(reader, 1, "user mapping for") ||
		cj_reader_has_words(reader, 1, "user mapping if"))
		return false;

	for (int n = 3; !cj_reader_ends(reader, n); n++)
	{
		if (follow_options(reader, n, &step) != CLAUSE_NONE)
			return true;
	}
	return false;
}

/*
 * Is this SYSTEM and a privilege?  GRANT SYSTEM TO x is one of a role.
 */
static bool
has_system_privilege(CjReader *reader, int n)
{
	return cj_reader_has_word(reader, n, "system") &&
		cj_reader_peek(reader, n + 1).wordlen > 0 &&
		!cj_reader_has_word(reader, n + 1, "to") &&
		!cj_reader_has_word(reader, n + 1, "from") &&
		!cj_reader_has_word(reader, n + 1, "on");
}

/*
 * CjFamily.recognise.  The words stay.
 */
static int
recognise_role(CjReader *reader, CjMark *mark)
{
	mark->shape = CJ_SHAPE_STATEMENT;
	if (mark->place != CJ_PLACE_STATEMENT)
		return 0;
	if (has_our_options(reader))
	{
		mark->form = ROLE_OPTIONS;
		return 3;
	}
	if (cj_reader_has_word(reader, 0, "grant") && has_system_privilege(reader, 1))
	{
		mark->form = ROLE_GRANT;
		return 1;
	}
	if (cj_reader_has_word(reader, 0, "revoke") &&
		(has_system_privilege(reader, 1) ||
		 ((cj_reader_has_words(reader, 1, "grant option for") ||
		   cj_reader_has_words(reader, 1, "admin option for")) &&
		  has_system_privilege(reader, 4))))
	{
		mark->form = ROLE_REVOKE;
		return 1;
	}
	return 0;
}

/*
 * CjFamily.read_clause
 */
static int
read_role_clause(CjReader *reader, CjMark *mark, CjClause *clause)
{
	if (mark->form == ROLE_OPTIONS)
	{
		clause->kind = follow_options(reader, 0, &mark->detail);
		return clause->kind == CLAUSE_NONE ? 0 : 1;
	}
	if (mark->clauses == NIL && cj_reader_has_word(reader, 0, "system"))
	{
		clause->kind = CLAUSE_SYSTEM;
		return 1;
	}
	clause->kind = CLAUSE_GRANT_OPTION;
	if (mark->form == ROLE_REVOKE && mark->clauses == NIL &&
		cj_reader_has_words(reader, 0, "grant option for system"))
		return 4;
	if (mark->form == ROLE_GRANT && cj_reader_has_words(reader, 0, "with grant option"))
		return 3;
	return 0;
}

/*
 * Put the option of ours among those of a role.
 */
static List *
add_option(List *options, const CjMark *mark, const char *str)
{
	const CjClause *clause = linitial(mark->clauses);

	if (list_length(mark->clauses) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("conflicting or redundant options"),
				 errposition(cj_syntax_position(str, ((CjClause *) lsecond(mark->clauses))->start))));
	return lappend(options,
				   makeDefElem(pstrdup(OPTION_NAME),
							   (Node *) makeBoolean(clause->kind == CLAUSE_CONTROLJOB),
							   clause->start));
}

/*
 * The privilege that a parsed one names, NULL if it is none of ours.
 */
static const char *
find_privilege(const AccessPriv *privilege)
{
	static const char *const names[][2] = {
		{"controljob", "CONTROLJOB"},
		{"modifyclustersetting", MODIFY_SETTING},
		{"repaircluster", "REPAIRCLUSTER"},
		{"viewjob", "VIEWJOB"}
	};

	for (int i = 0; privilege->priv_name != NULL && i < lengthof(names); i++)
	{
		if (strcmp(privilege->priv_name, names[i][0]) == 0)
			return names[i][1];
	}
	return NULL;
}

/*
 * Mark the privileges of a GRANT or REVOKE as ours.
 */
static void
mark_privileges(GrantRoleStmt *statement, const CjMark *mark, const char *str)
{
	ListCell   *lc;

	foreach(lc, statement->granted_roles)
	{
		AccessPriv *privilege = lfirst_node(AccessPriv, lc);

		if (find_privilege(privilege) == NULL || privilege->cols != NIL)
			ereport(ERROR,
					(errcode(ERRCODE_SYNTAX_ERROR),
					 errmsg("unrecognized system privilege \"%s\"",
							privilege->priv_name == NULL ? "all" : privilege->priv_name),
					 errhint("The system privileges are CONTROLJOB, MODIFYCLUSTERSETTING, REPAIRCLUSTER and VIEWJOB."),
					 errposition(cj_syntax_position(str, ((CjClause *) linitial(mark->clauses))->end))));
		privilege->cols = list_make1(makeString(pstrdup(PRIVILEGE_MARK)));
	}
	foreach(lc, mark->clauses)
	{
		if (((CjClause *) lfirst(lc))->kind == CLAUSE_GRANT_OPTION)
			cj_set_admin_option(statement, mark->form == ROLE_GRANT);
	}
}

/*
 * CjFamily.make
 */
static Node *
make_role(const CjMark *mark, Node *operand, const char *str)
{
	if (mark->clauses == NIL)
		cj_syntax_error_at(str, mark->operand);
	if (IsA(operand, CreateRoleStmt) && mark->form == ROLE_OPTIONS)
	{
		CreateRoleStmt *statement = (CreateRoleStmt *) operand;

		statement->options = add_option(statement->options, mark, str);
	}
	else if (IsA(operand, AlterRoleStmt) && mark->form == ROLE_OPTIONS)
	{
		AlterRoleStmt *statement = (AlterRoleStmt *) operand;

		statement->options = add_option(statement->options, mark, str);
	}
	else if (IsA(operand, GrantRoleStmt) && mark->form != ROLE_OPTIONS)
		mark_privileges((GrantRoleStmt *) operand, mark, str);
	else
		cj_syntax_error_at(str, ((CjClause *) linitial(mark->clauses))->start);
	return operand;
}

/*
 * CjFamily.function
 */
static const char *
role_function(const CjMark *mark)
{
	static const char *const statements[] = {
		[ROLE_OPTIONS] = "GRANT and REVOKE of the role controljob",
		[ROLE_GRANT] = "GRANT of the roles controljob, repaircluster and viewjob, and of ALTER SYSTEM ON PARAMETER",
		[ROLE_REVOKE] = "REVOKE of the roles controljob, repaircluster and viewjob, and of ALTER SYSTEM ON PARAMETER"
	};

	return statements[mark->form];
}

/*
 * CjFamily.usage
 */
static const char *
role_usage(const CjMark *mark)
{
	static const char *const usages[] = {
		[ROLE_OPTIONS] = "Write CREATE ROLE or ALTER ROLE name [WITH] option [...], with CONTROLJOB or NOCONTROLJOB among the options.",
		[ROLE_GRANT] = "Write GRANT SYSTEM privilege [, ...] TO role [, ...], with CONTROLJOB, MODIFYCLUSTERSETTING, REPAIRCLUSTER or VIEWJOB for the privilege.",
		[ROLE_REVOKE] = "Write REVOKE SYSTEM privilege [, ...] FROM role [, ...], with CONTROLJOB, MODIFYCLUSTERSETTING, REPAIRCLUSTER or VIEWJOB for the privilege."
	};

	return usages[mark->form];
}

const CjFamily cj_family_role = {
	.keywords = role_keywords,
	.recognise = recognise_role,
	.read_clause = read_role_clause,
	.make = make_role,
	.function = role_function,
	.usage = role_usage
};

/*
 * The name of the role that carries a privilege; raises 42704 if none does.
 */
static char *
carrier_of(const char *privilege)
{
	char	   *name = cj_privilege_store_role(privilege);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no role carries the privilege %s in this database", privilege),
				 errhint("A superuser can put one into jobs.system_privilege.")));
	return name;
}

/*
 * Take the option of ours out of the options of a role; NULL if it is not
 * there.
 */
static DefElem *
take_option(List **options)
{
	ListCell   *lc;

	foreach(lc, *options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, OPTION_NAME) == 0)
		{
			*options = foreach_delete_current(*options, lc);
			return option;
		}
	}
	return NULL;
}

/*
 * CREATE ROLE .. IN ROLE ..
 */
static void
put_in_role(CreateRoleStmt *statement, RoleSpec *carrier)
{
	ListCell   *lc;

	foreach(lc, statement->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "addroleto") == 0)
		{
			option->arg = (Node *) lappend((List *) option->arg, carrier);
			return;
		}
	}
	statement->options = lappend(statement->options,
								 makeDefElem(pstrdup("addroleto"),
											 (Node *) list_make1(carrier), -1));
}

/*
 * The role that carries a privilege, for a statement.
 */
static RoleSpec *
carrier_spec(const char *privilege)
{
	RoleSpec   *spec = makeNode(RoleSpec);

	spec->roletype = ROLESPEC_CSTRING;
	spec->rolename = carrier_of(privilege);
	spec->location = -1;
	return spec;
}

/*
 * GRANT controljob TO role, or REVOKE controljob FROM role.
 */
static GrantRoleStmt *
make_membership(RoleSpec *role, bool is_grant)
{
	GrantRoleStmt *statement = makeNode(GrantRoleStmt);
	AccessPriv *privilege = makeNode(AccessPriv);

	privilege->priv_name = carrier_of("CONTROLJOB");
	statement->granted_roles = list_make1(privilege);
	statement->grantee_roles = list_make1(copyObject(role));
	statement->is_grant = is_grant;
	statement->behavior = DROP_RESTRICT;
	return statement;
}

/*
 * A copy of a utility statement for another node.
 */
static PlannedStmt *
copy_for(const PlannedStmt *statement, Node *node)
{
	PlannedStmt *copy = makeNode(PlannedStmt);

	memcpy(copy, statement, sizeof(PlannedStmt));
	copy->utilityStmt = node;
	return copy;
}

/*
 * What CREATE ROLE with the option is; NIL without it.
 */
static List *
create_role(const PlannedStmt *statement)
{
	CreateRoleStmt *node = copyObject((CreateRoleStmt *) statement->utilityStmt);
	DefElem    *option = take_option(&node->options);

	if (option == NULL)
		return NIL;
	if (defGetBoolean(option))
		put_in_role(node, carrier_spec("CONTROLJOB"));
	return list_make1(copy_for(statement, (Node *) node));
}

/*
 * What ALTER ROLE with the option is, as create_role().
 */
static List *
alter_role(const PlannedStmt *statement)
{
	AlterRoleStmt *node = copyObject((AlterRoleStmt *) statement->utilityStmt);
	DefElem    *option = take_option(&node->options);
	List	   *statements = NIL;

	if (option == NULL)
		return NIL;
	if (node->options != NIL)
		statements = lappend(statements, copy_for(statement, (Node *) node));
	return lappend(statements,
				   copy_for(statement, (Node *) make_membership(node->role, defGetBoolean(option))));
}

/*
 * The name of the system privilege that is marked as ours; NULL: of none.
 */
static const char *
marked_privilege(const AccessPriv *privilege)
{
	const char *name = find_privilege(privilege);

	return name != NULL && list_length(privilege->cols) == 1 &&
		strcmp(strVal(linitial(privilege->cols)), PRIVILEGE_MARK) == 0 ? name : NULL;
}

/*
 * Is this about the right to grant, too, or that alone?  What else a membership
 * can have is nothing that a privilege of parameters has.
 */
static bool
has_admin_option(const GrantRoleStmt *statement)
{
	ListCell   *lc;

	foreach(lc, cj_grant_options(statement))
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "admin") == 0)
			return !statement->is_grant || defGetBoolean(option);
	}
	return false;
}

/*
 * GRANT ALTER SYSTEM ON PARAMETER, of all cluster settings that are not for
 * tests, or REVOKE of it.
 */
static GrantStmt *
make_parameter_grant(const GrantRoleStmt *role)
{
	GrantStmt  *statement = makeNode(GrantStmt);
	AccessPriv *privilege = makeNode(AccessPriv);
	ListCell   *lc;

	privilege->priv_name = pstrdup("alter system");
	statement->is_grant = role->is_grant;
	statement->targtype = ACL_TARGET_OBJECT;
	statement->objtype = OBJECT_PARAMETER_ACL;
	foreach(lc, cj_setting_list())
	{
		const CjSetting *setting = lfirst(lc);

		if (setting->is_public)
			statement->objects = lappend(statement->objects,
										 makeString(pstrdup(setting->name)));
	}
	statement->privileges = list_make1(privilege);
	statement->grantees = role->grantee_roles;
	statement->grant_option = has_admin_option(role);
	statement->grantor = role->grantor;
	statement->behavior = role->behavior;
	return statement;
}

/*
 * What GRANT or REVOKE of system privileges is, as create_role().
 */
static List *
grant_system(const PlannedStmt *statement)
{
	GrantRoleStmt *node = copyObject((GrantRoleStmt *) statement->utilityStmt);
	List	   *statements = NIL;
	bool		ours = false;
	ListCell   *lc;

	foreach(lc, node->granted_roles)
	{
		AccessPriv *privilege = lfirst_node(AccessPriv, lc);
		const char *name = marked_privilege(privilege);

		if (name == NULL)
			continue;
		ours = true;
		privilege->cols = NIL;
		if (strcmp(name, MODIFY_SETTING) != 0)
			privilege->priv_name = carrier_of(name);
		else
		{
			if (statements == NIL)
				statements = list_make1(copy_for(statement, (Node *) make_parameter_grant(node)));
			node->granted_roles = foreach_delete_current(node->granted_roles, lc);
		}
	}
	if (ours && node->granted_roles != NIL)
		statements = lcons(copy_for(statement, (Node *) node), statements);
	return statements;
}

/*
 * The statements, of the server's, that one with something of ours stands for,
 * to be run one after the other; NIL if it has nothing of ours.  If the client
 * is to see another tag than the server's, both are returned, else NULL.
 *
 * Raises 42704 if no role carries the privilege.  Allocates in the current
 * memory context.
 */
List *
cj_role_statements(const PlannedStmt *statement, const char **tag,
				   const char **servers_tag)
{
	Node	   *node = statement->utilityStmt;
	List	   *statements = NIL;

	*tag = *servers_tag = NULL;
	if (!(IsA(node, CreateRoleStmt) || IsA(node, AlterRoleStmt) ||
		  IsA(node, GrantRoleStmt)) || !cj_extension_exists())
		return NIL;

	if (IsA(node, CreateRoleStmt))
		statements = create_role(statement);
	else if (IsA(node, AlterRoleStmt))
		statements = alter_role(statement);
	else
	{
		statements = grant_system(statement);
		*tag = ((GrantRoleStmt *) node)->is_grant ? "GRANT" : "REVOKE";
		*servers_tag = ((GrantRoleStmt *) node)->is_grant ? "GRANT ROLE" : "REVOKE ROLE";
	}
	return statements;
}
