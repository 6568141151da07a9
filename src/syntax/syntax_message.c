/*-------------------------------------------------------------------------
 *
 * syntax_message.c
 *	  What of ours goes along with the messages to the client.
 *
 * The server's command tags are a fixed enum.  So for one CommandComplete
 * message the functions that send messages are ours; and for as long as a
 * transaction is a failed one, in which no hook runs.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_message.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "libpq/libpq.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"

#include "compat.h"
#include "syntax/syntax_family.h"
#include "syntax/syntax_message.h"

/* The methods that ours stand in for, NULL while no tag is to be replaced. */
static const PQcommMethods *original_methods = NULL;
static PQcommMethods our_methods;

static char pending_tag[CJ_COMMAND_TAG_LENGTH + 32];
static const char *expected_tag = NULL; /* the beginning of the server's own;
										 * NULL while no tag is pending */

/*
 * May portals of ours wait for a further Execute, until the end of the
 * transaction?  The rows of SHOW JOBS are all there at the first Execute, so
 * nothing of ours runs at the others.
 */
static bool suspended = false;

/*
 * What to call whenever the server is ready for the next query, for as long as
 * the transaction is a failed one; NULL: nothing.
 */
static void (*at_ready_in_failed) (void) = NULL;

/*
 * Let the server send its messages itself, if there is no reason to look.
 */
static void
restore_methods(void)
{
	if (original_methods == NULL || expected_tag != NULL ||
		suspended || at_ready_in_failed != NULL)
		return;
	/* Whoever has wrapped ours meanwhile still calls them. */
	if (PqCommMethods != &our_methods)
		return;
	PqCommMethods = original_methods;
	original_methods = NULL;
}

/*
 * Drop the pending tag, if there is one.
 */
void
cj_message_forget_tag(void)
{
	expected_tag = NULL;
	restore_methods();
}

/*
 * The transaction ends, and with it its portals.
 */
void
cj_message_forget_portals(void)
{
	suspended = false;
	restore_methods();
}

/*
 * Is this text one statement?  A semicolon in a comment counts.
 */
static bool
is_single(const char *str)
{
	const char *end = strchr(str, ';');

	return end == NULL || end[strspn(end, "; \t\n\r\f\v")] == '\0';
}

/*
 * The tag of the suspended portal that is being executed, NULL if it is none of
 * ours.  A SELECT whose text is one statement and begins with SHOW is one.
 */
static const char *
tag_of_suspended(const char *tag)
{
	if (!suspended || debug_query_string == NULL ||
		strncmp(tag, "SELECT", strlen("SELECT")) != 0 ||
		!is_single(debug_query_string))
		return NULL;
	return cj_family_tag(debug_query_string, 0);
}

/*
 * Send the end of a statement: with our tag in the place of the server's, and
 * with the server's count if ours has none.
 */
static int
put_tag(const PQcommMethods *methods, const char *body, size_t len)
{
	const char *expected = expected_tag;
	const char *ours = pending_tag;
	char		tag[sizeof(pending_tag) + 32];

	cj_message_forget_tag();
	if (expected == NULL)
	{
		ours = tag_of_suspended(body);
		expected = ours == NULL ? NULL : "SELECT";
	}
	if (expected == NULL || strncmp(body, expected, strlen(expected)) != 0)
		return methods->putmessage(PqMsg_CommandComplete, body, len);

	strlcpy(tag, ours, sizeof(tag));
	if (strcmp(tag, "SHOW") != 0)
		strlcat(tag, body + strlen(expected), sizeof(tag));
	return methods->putmessage(PqMsg_CommandComplete, tag, strlen(tag) + 1);
}

/*
 * PQcommMethods: let pass what comes before the end of the statement, and end
 * it with our tag, unless it ends otherwise.
 */
static int
put_message(char type, const char *body, size_t len)
{
	const PQcommMethods *methods = original_methods;

	switch (type)
	{
		case PqMsg_CommandComplete:
			return put_tag(methods, body, len);
		case PqMsg_PortalSuspended:
			if (expected_tag != NULL)
				suspended = true;
			cj_message_forget_tag();
			break;
		case PqMsg_ReadyForQuery:
			if (at_ready_in_failed != NULL)
				at_ready_in_failed();
			/* The message's one byte tells the transaction's state. */
			if (len == 0 || body[0] != 'E')
				at_ready_in_failed = NULL;
			cj_message_forget_tag();
			break;
		case PqMsg_ErrorResponse:
			cj_message_forget_tag();
			break;
		default:
			break;
	}
	return methods->putmessage(type, body, len);
}

/*
 * Let the server send its messages through us.
 */
static void
replace_methods(void)
{
	if (original_methods != NULL)
		return;
	original_methods = PqCommMethods;
	our_methods = *original_methods;
	our_methods.putmessage = put_message;
	PqCommMethods = &our_methods;
}

/*
 * Let the next CommandComplete message have the pending tag, if its own is the
 * expected one.
 */
static void
replace_tag(const char *expected)
{
	expected_tag = expected;
	replace_methods();
}

/*
 * Does this process send tags to a client?
 */
static bool
has_client(void)
{
	return MyProcPort != NULL && whereToSendOutput == DestRemote;
}

/*
 * Let the command tag of a control statement that the client sent, and that is
 * about to end, be "tag" and a count, if that is not negative.
 */
void
cj_message_set_tag(const char *tag, int64 count)
{
	if (!has_client())
		return;
	if (count < 0)
		strlcpy(pending_tag, tag, sizeof(pending_tag));
	else
		snprintf(pending_tag, sizeof(pending_tag), "%s " INT64_FORMAT, tag, count);
	replace_tag("DECLARE CURSOR");
}

/*
 * Let the command tag of a statement that the server ran for another one of the
 * client's, and that is about to end, be "tag" and not the server's; a number of
 * rows in that one stays.
 */
void
cj_message_set_tag_for(const char *servers_tag, const char *tag)
{
	if (!has_client())
		return;
	strlcpy(pending_tag, tag, sizeof(pending_tag));
	replace_tag(servers_tag);
}

/*
 * A transaction has failed: call "at_ready" before each further query of the
 * client in it.  A statement that is refused there runs no other hook.
 */
void
cj_message_watch_failed(void (*at_ready) (void))
{
	if (!has_client())
		return;
	at_ready_in_failed = at_ready;
	replace_methods();
}
