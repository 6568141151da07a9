/*-------------------------------------------------------------------------
 *
 * syntax_message.h
 *	  What of ours goes along with the messages to the client.
 *
 * Copyright (c) 2026, cancel_job contributors
 *
 * IDENTIFICATION
 *	  src/syntax/syntax_message.h
 *
 *-------------------------------------------------------------------------
 */
#ifndef CJ_SYNTAX_MESSAGE_H
#define CJ_SYNTAX_MESSAGE_H

extern void cj_message_set_tag(const char *tag, int64 count);
extern void cj_message_set_tag_for(const char *servers_tag, const char *tag);
extern void cj_message_forget_tag(void);
extern void cj_message_forget_portals(void);
extern void cj_message_watch_failed(void (*at_ready) (void));

#endif							/* CJ_SYNTAX_MESSAGE_H */
