/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A connection on which nothing is under way is left for another one, or since its next request was refused. Its endpoint
 * has acknowledged by then all that it was sent: what was lost on the way nobody else would send again, and the endpoint
 * would not see the end either.
 */
#ifndef UNDERMESH_LEAVING_H
#define UNDERMESH_LEAVING_H

#include "deferral.h"

/* All of these: with the socket's lock held. */

/* For another endpoint: leaving_finish() connects to it. */
void leaving_begin(struct deferral *deferral, const union address *to);

/* For none: leaving_finish() ends the socket by this negative errno. */
void leaving_begin_refused(struct deferral *deferral, int error);

/* Whether a send would wait for an acknowledgement. If so who polls is told of the next one. */
bool leaving_is_waited_for(struct deferral *deferral);

/*
 * Of a deferral that leaves. 0: it connects elsewhere, or what passed meanwhile has it stay. Otherwise the error of a send
 * that may not wait, or waited, or was refused.
 */
int leaving_finish(struct deferral *deferral, long *timeout);

#endif
