// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routers as programs of type SCHED_CLS, asked by a mailbox (mailbox.h): kernels before v6.9. Who may administer the
 * network of the machine registers them at /proc/undermesh_routers. As a link of BPF's would, one that is registered
 * stays until it is taken away, or nobody holds its mailboxes any more: no process by a descriptor, and no pin in a file
 * system. The module stays with it.
 */
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "counters.h"
#include "deferral.h"
#include "router.h"
#include "router_classifier.h"

struct router {
	struct list_head list;
	struct bpf_prog *program;
	struct bpf_map *mailboxes; /* exists as long as the program does */
	u32 owner;
	struct rcu_head rcu;
};

static LIST_HEAD(routers);
static DEFINE_MUTEX(routers_mutex);
static struct proc_dir_entry *routers_file;

#define SWEEP_JIFFIES HZ

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

static struct undermesh_mailbox *mailbox_of(const struct router *router)
{
	u32 first = 0;

	return router->mailboxes->ops->map_lookup_elem(router->mailboxes, &first);
}

struct undermesh_mailbox *router_mailbox_of(struct sock *sk)
{
	const struct router *router;
	u64 cookie = cookie_of(sk);

	list_for_each_entry_rcu(router, &routers, list) {
		struct undermesh_mailbox *mailbox = mailbox_of(router);

		if (mailbox->call.socket_cookie == cookie)
			return mailbox;
	}
	return NULL;
}

/* --- asking --- */

static void write_question(struct undermesh_question *question, const struct gathering *gathering)
{
	const struct http1_head *head = &gathering->request.head;

	question->request = gathering->request;
	question->request.head.fields = NULL;
	memset(&question->to, 0, sizeof(question->to));
	memcpy(question->fields, gathering->fields, head->field_count * sizeof(*question->fields));
	memcpy(question->head, gathering->data, head->length);
	if (question->filled > head->length)
		memset(question->head + head->length, 0,
		       min_t(u32, question->filled, HTTP1_HEAD_MAX) - head->length);
	question->filled = head->length;
}

static void read_answer(const struct undermesh_question *question, struct gathering *gathering)
{
	const struct undermesh_endpoint *to = &question->to;

	if (to->family == UNDERMESH_V4)
		gathering_choose(gathering, to->address, sizeof(struct in_addr), to->port);
	else if (to->family == UNDERMESH_V6)
		gathering_choose(gathering, to->address, sizeof(struct in6_addr), to->port);
}

/* What helpers of this type of programs take for granted: a link layer's header, and a device. */
static struct sk_buff *new_packet(void)
{
	struct sk_buff *packet = alloc_skb(ETH_HLEN, GFP_ATOMIC | __GFP_NOWARN);

	if (!packet)
		return NULL;
	skb_put_zero(packet, ETH_HLEN);
	skb_reset_mac_header(packet);
	skb_reset_network_header(packet);
	packet->dev = init_net.loopback_dev;
	return packet;
}

static int ask(const struct router *router, struct sk_buff *packet, struct gathering *gathering)
{
	struct undermesh_question *question = &mailbox_of(router)->question;
	int answer;

	write_question(question, gathering);
	bpf_compute_data_pointers(packet);
	answer = bpf_prog_run(router->program, packet);
	read_answer(question, gathering);
	return answer;
}

static struct router *find_router(u32 owner)
{
	struct router *router;

	list_for_each_entry_rcu(router, &routers, list, lockdep_is_held(&routers_mutex)) {
		if (router->owner == owner)
			return router;
	}
	return NULL;
}

int router_ask(struct gathering *gathering)
{
	struct sk_buff *packet;
	const struct router *router;
	int answer = -ENOENT;

	packet = new_packet();
	if (!packet)
		return -ENOENT;
	/* The mailbox is this CPU's until it was read. */
	local_bh_disable();
	rcu_read_lock();
	router = find_router(gathering->request.owner);
	if (router)
		answer = ask(router, packet, gathering);
	rcu_read_unlock();
	local_bh_enable();
	kfree_skb(packet);
	return answer;
}

/* --- registering --- */

static struct bpf_map *find_mailboxes(struct bpf_prog *program)
{
	struct bpf_map *found = NULL;
	u32 i;

	mutex_lock(&program->aux->used_maps_mutex);
	for (i = 0; i < program->aux->used_map_cnt; i++) {
		struct bpf_map *map = program->aux->used_maps[i];

		if (!strcmp(map->name, UNDERMESH_MAILBOXES) && map->map_type == BPF_MAP_TYPE_PERCPU_ARRAY &&
		    map->value_size == sizeof(struct undermesh_mailbox))
			found = map;
	}
	mutex_unlock(&program->aux->used_maps_mutex);
	return found;
}

static struct router *new_router(u32 owner, int fd)
{
	struct router *router;
	int error = -ENODEV;

	if (!try_module_get(THIS_MODULE))
		return ERR_PTR(error);
	error = -ENOMEM;
	router = kzalloc(sizeof(*router), GFP_KERNEL);
	if (!router)
		goto release;
	router->owner = owner;
	router->program = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_SCHED_CLS, false);
	error = PTR_ERR_OR_ZERO(router->program);
	if (error)
		goto router;
	router->mailboxes = find_mailboxes(router->program);
	error = -EINVAL;
	if (!router->mailboxes)
		goto program;
	gauge_add(GAUGE_ROUTERS, 1);
	return router;

program:
	bpf_prog_put(router->program);
router:
	kfree(router);
release:
	module_put(THIS_MODULE);
	return ERR_PTR(error);
}

/* The program waits by itself until nobody runs it. */
static void free_router(struct router *router)
{
	bpf_prog_put(router->program);
	kfree_rcu(router, rcu);
	gauge_add(GAUGE_ROUTERS, -1);
	module_put(THIS_MODULE);
}

/* In the place of the owner's earlier one: no request finds none. */
static void set_router(struct router *router)
{
	struct router *old;

	mutex_lock(&routers_mutex);
	old = find_router(router->owner);
	if (old)
		list_replace_rcu(&old->list, &router->list);
	else
		list_add_tail_rcu(&router->list, &routers);
	mutex_unlock(&routers_mutex);
	if (old)
		free_router(old);
	schedule_delayed_work(&sweep_work, SWEEP_JIFFIES);
}

static void drop_router(struct router *router)
{
	list_del_rcu(&router->list);
	free_router(router);
}

static int remove_router(u32 owner)
{
	struct router *router;

	mutex_lock(&routers_mutex);
	router = find_router(owner);
	if (router)
		drop_router(router);
	mutex_unlock(&routers_mutex);
	return router ? 0 : -ENOENT;
}

/* Takes away those whose mailboxes nobody holds. */
static void sweep(struct work_struct *work)
{
	struct router *router, *next;

	mutex_lock(&routers_mutex);
	list_for_each_entry_safe(router, next, &routers, list) {
		if (!atomic64_read(&router->mailboxes->usercnt))
			drop_router(router);
	}
	if (!list_empty(&routers))
		schedule_delayed_work(&sweep_work, SWEEP_JIFFIES);
	mutex_unlock(&routers_mutex);
}

/* --- /proc/undermesh_routers --- */

static int register_router(u32 owner, int fd)
{
	struct router *router = new_router(owner, fd);

	if (IS_ERR(router))
		return PTR_ERR(router);
	set_router(router);
	return 0;
}

static ssize_t routers_write(struct file *file, const char __user *buffer, size_t length, loff_t *position)
{
	char line[32] = "", end;
	int error = -EINVAL, fd;
	u32 owner;

	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	if (length >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buffer, length))
		return -EFAULT;
	if (sscanf(line, "set %u %d %c", &owner, &fd, &end) == 2)
		error = register_router(owner, fd);
	else if (sscanf(line, "remove %u %c", &owner, &end) == 1)
		error = remove_router(owner);
	return error ?: length;
}

/* The number of an owner and its program's. */
static int routers_show(struct seq_file *file, void *unused)
{
	const struct router *router;

	mutex_lock(&routers_mutex);
	list_for_each_entry(router, &routers, list)
		seq_printf(file, "%u %u\n", router->owner, router->program->aux->id);
	mutex_unlock(&routers_mutex);
	return 0;
}

static int routers_open(struct inode *inode, struct file *file)
{
	if (!capable(CAP_NET_ADMIN))
		return -EPERM;
	return single_open(file, routers_show, NULL);
}

static const struct proc_ops routers_ops = {
	.proc_open = routers_open,
	.proc_read = seq_read,
	.proc_write = routers_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

int router_init(void)
{
	routers_file = proc_create(UNDERMESH_ROUTERS, 0600, NULL, &routers_ops);
	return routers_file ? 0 : -ENOMEM;
}

/* Comes only when none is registered. */
void router_exit(void)
{
	proc_remove(routers_file);
	cancel_delayed_work_sync(&sweep_work);
}
