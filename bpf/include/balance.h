/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which endpoint of a service a connect gets: the nearest group that has one to give, and in it the one that balancing
 * says. One that is set aside is drawn again, then looked for, then the next group's turn comes.
 */
#ifndef UNDERMESH_BALANCE_H
#define UNDERMESH_BALANCE_H

#include "mesh_maps.h"
#include "subprogram.h"

/* Tries in one group: some by its balancing, the others by looking at one slot after the other. */
#define TRIES_PER_GROUP 64
#define DRAWS_PER_GROUP 4

/* A search for an endpoint: what it goes by, and what it has found. */
struct search {
	__u32 slots_id;
	__u32 group_slots[MESH_LIMIT_GROUPS];
	__u32 group_count;
	__u32 preferred_id; /* taken if it will do; 0: none */
	__u8 balancing;	    /* enum balancing */
	__u8 family;
	__u8 broken; /* a slot or an endpoint that should be there is not */
	__u8 reserved;
	__u32 endpoint_id;  /* of the one found; 0: none */
	__u32 set_aside_id; /* the first that would have done if it were not set aside */
	__u32 group;	    /* of this try */
	__u32 start;	    /* the slot to begin looking at */
	struct endpoint endpoint;
};

static __always_inline void begin_search(struct search *search, struct service *service, __u8 family)
{
	__builtin_memset(search, 0, sizeof(*search));
	search->slots_id = service->slots_id;
	__builtin_memcpy(search->group_slots, service->group_slots, sizeof(search->group_slots));
	search->group_count = service->group_count;
	search->balancing = service->balancing;
	search->family = family;
}

static __always_inline struct slot *find_slot(struct search *search, __u32 number)
{
	struct slot_key key = {
		.slots_id = search->slots_id,
		.group = search->group,
		.slot = number,
	};
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);

	if (!slot)
		search->broken = true;
	return slot;
}

static __always_inline __u32 first_of(struct search *search, __u32 number)
{
	struct slot *slot = find_slot(search, number);

	return slot ? slot->endpoint_id : 0;
}

/* An endpoint by its weight. */
static __always_inline __u32 draw(struct search *search, __u32 count)
{
	struct slot *slot = find_slot(search, (__u64)bpf_get_prandom_u32() * count >> 32);

	if (!slot)
		return 0;
	return bpf_get_prandom_u32() <= slot->threshold ? slot->endpoint_id : slot->other_endpoint_id;
}

static __always_inline __u32 take_turn(struct search *search, __u32 count)
{
	struct turn_key key = {.slots_id = search->slots_id, .group = search->group};
	__u64 none = 0, *turns = bpf_map_lookup_elem(&round_robin, &key);

	if (!turns) {
		bpf_map_update_elem(&round_robin, &key, &none, BPF_NOEXIST);
		turns = bpf_map_lookup_elem(&round_robin, &key);
	}
	if (!turns) {
		count_mesh_error(HELPER_SITE_ROUND_ROBIN, -ENOSPC);
		return draw(search, count);
	}
	return first_of(search, __sync_fetch_and_add(turns, 1) % count);
}

static __always_inline __u32 open_connections(__u32 endpoint_id)
{
	struct endpoint_health *health = bpf_map_lookup_elem(&endpoint_health, &endpoint_id);

	return health ? health->open_connections : 0;
}

static __always_inline __u32 choose(struct search *search, __u32 count)
{
	__u32 one, other;

	if (search->balancing == BALANCING_ROUND_ROBIN)
		return take_turn(search, count);
	one = draw(search, count);
	if (search->balancing != BALANCING_LEAST_CONNECTIONS)
		return one;
	other = draw(search, count);
	return one == other || open_connections(one) <= open_connections(other) ? one : other;
}

/*
 * Whether a connect must not go there. When its time is over one may, and tries it for all others: an endpoint that does
 * not answer would keep every one of them until it is known to be still dead.
 */
static __always_inline bool is_set_aside(__u32 endpoint_id)
{
	struct endpoint_health *health = bpf_map_lookup_elem(&endpoint_health, &endpoint_id);
	__u64 until, now;

	if (!health)
		return false;
	until = health->set_aside_until_ns;
	if (!until)
		return false;
	now = bpf_ktime_get_boot_ns();
	if (until > now || __sync_val_compare_and_swap(&health->set_aside_until_ns, until,
						       now + MESH_LIMIT_TRIAL_MS * 1000000ULL) != until)
		return true;
	health->trying = 1;
	return false;
}

/* Reads an endpoint that connects of this family can go to; false when it is not one. */
static __always_inline bool read_endpoint(struct search *search, __u32 endpoint_id)
{
	struct endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &endpoint_id);

	if (!endpoint) {
		search->broken = true;
		return false;
	}
	if (endpoint->family != search->family || endpoint->flags & ENDPOINT_FLAG_DRAINING)
		return false;
	search->endpoint = *endpoint;
	return true;
}

static __always_inline bool take(struct search *search, __u32 endpoint_id)
{
	if (!read_endpoint(search, endpoint_id))
		return false;
	if (is_set_aside(endpoint_id)) {
		if (!search->set_aside_id)
			search->set_aside_id = endpoint_id;
		return false;
	}
	search->endpoint_id = endpoint_id;
	return true;
}

/*
 * One try; true when the search is over. Which group's it is follows from its number: what a loop counts up itself, the
 * verifier would follow through every round.
 */
static __always_inline bool try_one(struct search *search, __u32 number)
{
	__u32 group = number / TRIES_PER_GROUP, tries = number % TRIES_PER_GROUP, count, looks;

	if (group >= search->group_count || group >= MESH_LIMIT_GROUPS)
		return true;
	search->group = group;
	count = search->group_slots[group];
	if (!count)
		return false;
	if (tries < DRAWS_PER_GROUP)
		return take(search, choose(search, count));
	looks = tries - DRAWS_PER_GROUP;
	return looks < count && take(search, first_of(search, (search->start + looks) % count));
}

/* What the verifier lets a loop be given lies on its own stack. */
struct search_loop {
	struct search *search;
};

static long try_next(__u32 number, struct search_loop *loop)
{
	return try_one(loop->search, number);
}

/*
 * Finds an endpoint; fills endpoint_id and endpoint. 0 when there is none: broken then says whether one is missing that
 * should be there. A function of its own for the verifier, which goes through it once and not for each path to it.
 */
SUBPROGRAM int find_endpoint(struct search *search)
{
	struct search_loop loop = {.search = search};

	if (!search)
		return 0;
	if (search->preferred_id && take(search, search->preferred_id))
		return 1;
	if (!try_one(search, 0)) {
		search->start = bpf_get_prandom_u32();
		bpf_loop(MESH_LIMIT_GROUPS * TRIES_PER_GROUP, try_next, &loop, 0);
	}
	if (search->endpoint_id)
		return 1;
	if (!search->set_aside_id || !read_endpoint(search, search->set_aside_id))
		return 0;
	search->endpoint_id = search->set_aside_id;
	MESH_COUNT(all_set_aside);
	return 1;
}

#endif
