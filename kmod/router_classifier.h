/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNDERMESH_ROUTER_CLASSIFIER_H
#define UNDERMESH_ROUTER_CLASSIFIER_H

#include <net/sock.h>

#include "mailbox.h"

/* This CPU's mailbox with a call for a socket; NULL when no router has one. Within an RCU read-side section. */
struct undermesh_mailbox *router_mailbox_of(struct sock *sk);

#endif
