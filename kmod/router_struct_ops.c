// SPDX-License-Identifier: GPL-2.0-only
/* Routers as a struct_ops of this module's, with calls of its own: v6.9 and later. */
#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "counters.h"
#include "router.h"

/* One that is registered. BPF frees what `ops` points to only after a grace period. */
struct router {
	struct list_head list;
	struct undermesh_router __rcu *ops;
	struct rcu_head rcu;
};

static LIST_HEAD(routers);
static DEFINE_MUTEX(routers_mutex);

int router_ask(struct gathering *gathering)
{
	const struct router *router;
	int answer = -ENOENT;

	rcu_read_lock();
	preempt_disable(); /* programs have memory of this CPU's: see request.h */
	list_for_each_entry_rcu(router, &routers, list) {
		answer = rcu_dereference(router->ops)->route(&gathering->request);
		if (answer != -ENOENT)
			break;
	}
	preempt_enable();
	rcu_read_unlock();
	return answer;
}

/* --- what programs may ask and say --- */

__bpf_kfunc_start_defs();

__bpf_kfunc const u8 *undermesh_request_head(struct undermesh_request *request, const size_t rdonly_buf_size)
{
	const struct gathering *gathering = gathering_of(request);

	return rdonly_buf_size <= gathering->room ? gathering->data : NULL;
}

__bpf_kfunc int undermesh_request_field(struct undermesh_request *request, const char *name__str, void *value,
					u32 value__sz)
{
	const struct gathering *gathering = gathering_of(request);
	const struct http1_field *field, *found = NULL;
	size_t length = strlen(name__str);

	if (request->head.verdict != HTTP1_COMPLETE)
		return -ENOENT;
	for (field = gathering->fields; field < gathering->fields + request->head.field_count; field++) {
		if (field->name.length != length ||
		    strncasecmp(gathering->data + field->name.at, name__str, length))
			continue;
		if (found)
			return -ENOTUNIQ;
		found = field;
	}
	if (!found)
		return -ENOENT;
	if (found->value.length > value__sz)
		return -E2BIG;
	memcpy(value, gathering->data + found->value.at, found->value.length);
	return found->value.length;
}

__bpf_kfunc int undermesh_request_to(struct undermesh_request *request, const void *address, u32 address__sz,
				     u16 port)
{
	return gathering_choose(gathering_of(request), address, address__sz, port);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(request_kfuncs)
BTF_ID_FLAGS(func, undermesh_request_head, KF_RET_NULL)
BTF_ID_FLAGS(func, undermesh_request_field)
BTF_ID_FLAGS(func, undermesh_request_to)
BTF_KFUNCS_END(request_kfuncs)

static const struct btf_kfunc_id_set request_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &request_kfuncs,
};

/* --- the struct_ops --- */

static int router_stub(struct undermesh_request *request)
{
	return 0;
}

/* Its type is how indirect calls are checked. */
static struct undermesh_router router_stubs = {
	.route = router_stub,
};

static bool router_is_valid_access(int offset, int size, enum bpf_access_type type,
				   const struct bpf_prog *program, struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(offset, size, type, program, info);
}

static const struct bpf_verifier_ops router_verifier_ops = {
	.get_func_proto = bpf_base_func_proto,
	.is_valid_access = router_is_valid_access,
};

static int router_btf_init(struct btf *btf)
{
	return 0;
}

static int router_init_member(const struct btf_type *type, const struct btf_member *member, void *kernel,
			      const void *user)
{
	return 0;
}

static struct router *find_router(const struct undermesh_router *ops)
{
	struct router *router;

	lockdep_assert_held(&routers_mutex);
	list_for_each_entry(router, &routers, list) {
		if (rcu_access_pointer(router->ops) == ops)
			return router;
	}
	return NULL;
}

static int router_register(void *kernel, struct bpf_link *link)
{
	struct undermesh_router *ops = kernel;
	struct router *router;

	if (!ops->route)
		return -EINVAL;
	router = kzalloc(sizeof(*router), GFP_KERNEL);
	if (!router)
		return -ENOMEM;
	RCU_INIT_POINTER(router->ops, ops);
	mutex_lock(&routers_mutex);
	list_add_tail_rcu(&router->list, &routers);
	gauge_add(GAUGE_ROUTERS, 1);
	mutex_unlock(&routers_mutex);
	return 0;
}

static void router_unregister(void *kernel, struct bpf_link *link)
{
	struct router *router;

	mutex_lock(&routers_mutex);
	router = find_router(kernel);
	if (router) {
		list_del_rcu(&router->list);
		kfree_rcu(router, rcu);
		gauge_add(GAUGE_ROUTERS, -1);
	}
	mutex_unlock(&routers_mutex);
}

/* In its place: no request finds none. */
static int router_update(void *kernel, void *old, struct bpf_link *link)
{
	struct undermesh_router *ops = kernel;
	struct router *router;
	int error = -ENOENT;

	if (!ops->route)
		return -EINVAL;
	mutex_lock(&routers_mutex);
	router = find_router(old);
	if (router) {
		rcu_assign_pointer(router->ops, ops);
		error = 0;
	}
	mutex_unlock(&routers_mutex);
	return error;
}

static struct bpf_struct_ops router_struct_ops = {
	.verifier_ops = &router_verifier_ops,
	.init = router_btf_init,
	.init_member = router_init_member,
	.reg = router_register,
	.unreg = router_unregister,
	.update = router_update,
	.cfi_stubs = &router_stubs,
	.name = "undermesh_router",
	.owner = THIS_MODULE,
};

int router_init(void)
{
	int error = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &request_kfunc_set);

	return error ?: register_bpf_struct_ops(&router_struct_ops, undermesh_router);
}

/* BPF forgets them with the module. */
void router_exit(void)
{
}
