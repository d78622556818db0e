/*
 * The event listener that tells people: reads events, makes sentences of them, leaves out what
 * flaps, and has addressees get them. An event is acknowledged once it lies in the spool.
 */
#ifndef NET_NOTIFY_H
#define NET_NOTIFY_H

/* Until standard input ends or SIGTERM or SIGINT comes. The exit status. */
int notify_run(void);

#endif
