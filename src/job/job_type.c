/*-------------------------------------------------------------------------
 *
 * job_type.c
 *	  The registry of job types.
 *
 * Our own types are registered at preload, so that every process has them.  A
 * type of another library is known in the processes that have loaded it: all of
 * them if that is in shared_preload_libraries.  Else a session has it because it
 * has called one of the library's functions, and a worker that meets the type
 * loads what session_preload_libraries tells every session to load.  The
 * coordinator never loads anything.
 *
 * So a process may meet a job whose type it does not know, also since somebody
 * has taken the library away.  Then nobody can tell what the job has done: it is
 * never taken for one that leaves nothing behind.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/job/job_type.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/memutils.h"

#include "job/job_error.h"
#include "job/job_type.h"

/* A registered type; the list's users see its first member. */
typedef struct TypeEntry
{
	CjJobType	type;
	const CjJobType *original;	/* which "type" is a copy of */
	const char *library;		/* NULL: ours */
} TypeEntry;

static List *job_types = NIL;

#define KNOWN_FLAGS (CJ_TYPE_CANCELABLE | CJ_TYPE_AUTOMATIC | CJ_TYPE_RESUMABLE)

/*
 * The entry of this name, NULL if there is none.
 */
static const TypeEntry *
find_entry(const char *name)
{
	ListCell   *lc;

	foreach(lc, job_types)
	{
		const TypeEntry *entry = (const TypeEntry *) lfirst(lc);

		if (strcmp(entry->type.name, name) == 0)
			return entry;
	}
	return NULL;
}

/*
 * Append an entry; members that "type", of "size" bytes, does not have yet are
 * zero.
 */
static void
add_entry(const CjJobType *type, Size size, const char *library)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
	TypeEntry  *entry = palloc0(sizeof(TypeEntry));

	memcpy(&entry->type, type, size);
	entry->original = type;
	entry->library = library;
	job_types = lappend(job_types, entry);
	MemoryContextSwitchTo(old);
}

/*
 * Make a job type of ours known.  Called at preload, so that every process has
 * it.
 */
void
cj_job_type_register(const CjJobType *type)
{
	Assert(find_entry(type->name) == NULL);
	add_entry(type, sizeof(CjJobType), NULL);
}

/*
 * How to tell of a library's mistake: a server that starts does without the
 * library's type, a session does without the library.
 */
static int
complaint_level(void)
{
	return process_shared_preload_libraries_in_progress ? WARNING : ERROR;
}

/*
 * Was the type's library built for an interface that we can serve?  Nothing in
 * the type may be looked at before.  Complains if not.
 */
static bool
check_version(const CjJobTypeRegistration *registration)
{
	if (registration->version == CJ_JOB_API_VERSION &&
		registration->type_size <= sizeof(CjJobType) &&
		registration->type_size >= offsetof(CjJobType, describe) + sizeof(void *))
		return true;

	ereport(complaint_level(),
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("job type of library \"%s\" is refused: it was built for another version of cancel_job",
					registration->library),
			 errdetail("It was built for version %u of the interface for job types, with types of %u bytes; this is version %u, with %u bytes.",
					   registration->version, registration->type_size,
					   CJ_JOB_API_VERSION, (uint32) sizeof(CjJobType)),
			 errhint("Build it again with the header of the cancel_job that is installed.")));
	return false;
}

/*
 * Is this a name that SHOW JOBS can print in a database of any encoding?
 */
static bool
is_type_name(const char *name)
{
	int			length = 0;

	if (name == NULL)
		return false;
	for (; name[length] != '\0'; length++)
	{
		if (name[length] < ' ' || name[length] > '~' || length + 1 >= NAMEDATALEN)
			return false;
	}
	return length > 0 && name[0] != ' ' && name[length - 1] != ' ';
}

/*
 * What is wrong with a type, NULL if nothing is.
 */
static const char *
find_fault(const CjJobType *type)
{
	if (!is_type_name(type->name))
		return psprintf("A type needs a name of 1 to %d printable ASCII characters.",
						NAMEDATALEN - 1);
	if (type->resume == NULL)
		return psprintf("Type \"%s\" has no callback \"resume\".", type->name);
	if (type->has_cleanup != NULL && type->on_fail_or_cancel == NULL)
		return psprintf("Type \"%s\" has a callback \"has_cleanup\" but no \"on_fail_or_cancel\".",
						type->name);
	if ((type->flags & ~KNOWN_FLAGS) != 0)
		return psprintf("Type \"%s\" has unrecognized flags: 0x%x.", type->name,
						type->flags & ~KNOWN_FLAGS);
	if (type->max_running < 0)
		return psprintf("Type \"%s\" has a negative limit.", type->name);
	return NULL;
}

/*
 * Make a job type of another library known in this process.
 *
 * If it is refused, raises 55000 for another version of the interface, 22023 for
 * a type with a fault, 42710 for a name that is taken; at preload these are
 * warnings in the server log, and the type stays unknown.
 */
void
cj_job_type_register_external(const CjJobTypeRegistration *registration)
{
	const TypeEntry *other;
	const char *fault;

	if (!check_version(registration))
		return;

	fault = find_fault(registration->type);
	if (fault != NULL)
	{
		ereport(complaint_level(),
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("job type of library \"%s\" is refused", registration->library),
				 errdetail_internal("%s", fault)));
		return;
	}

	other = find_entry(registration->type->name);
	if (other == NULL)
		add_entry(registration->type, registration->type_size, registration->library);
	else if (other->original != registration->type)
		ereport(complaint_level(),
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("job type of library \"%s\" is refused: job type \"%s\" already exists",
						registration->library, registration->type->name),
				 errdetail("It belongs to library \"%s\".",
						   other->library != NULL ? other->library : "cancel_job")));
}

/*
 * The job type of this name, NULL if this process has none.
 */
const CjJobType *
cj_job_type_find(const char *name)
{
	const TypeEntry *entry = find_entry(name);

	return entry != NULL ? &entry->type : NULL;
}

/*
 * The job type of this name, in a session or a worker.  Loads the libraries that
 * a session has if the type is not known: a background worker has not loaded
 * them at its start, and they may have been set since.
 *
 * Raises 42704 if there still is no such type, and what loading raises.
 */
const CjJobType *
cj_job_type_require(const char *name)
{
	const CjJobType *type = cj_job_type_find(name);

	if (type == NULL)
	{
		process_session_preload_libraries();
		type = cj_job_type_find(name);
	}
	if (type == NULL)
		cj_job_error_no_type(name);
	return type;
}

/*
 * All types, as a list of const CjJobType pointers: of what the list points to,
 * the type comes first.
 */
const List *
cj_job_type_list(void)
{
	return job_types;
}

/*
 * Must something be undone for this job when it fails or is cancelled?  Yes, if
 * that cannot be told since the type is not known.
 */
bool
cj_job_type_needs_cleanup(const CjJob *job)
{
	const CjJobType *type = cj_job_type_find(job->type);

	if (type == NULL)
		return true;
	if (type->on_fail_or_cancel == NULL)
		return false;
	return type->has_cleanup == NULL || type->has_cleanup(job);
}

/*
 * As cj_job_type_needs_cleanup(), but without running code of another library,
 * whose failure the coordinator could not survive: if only that can tell, yes.
 */
bool
cj_job_type_may_need_cleanup(const CjJob *job)
{
	const TypeEntry *entry = find_entry(job->type);

	if (entry != NULL && entry->library != NULL)
		return entry->type.on_fail_or_cancel != NULL;
	return cj_job_type_needs_cleanup(job);
}
