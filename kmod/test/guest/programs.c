// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bed.h"
#include "programs.h"

#define CGROUP	    "/sys/fs/cgroup/undermesh-test"
#define IDLE_CGROUP "/sys/fs/cgroup/undermesh-idle"

/* --- hooks in use --- */

static void attach_idle_hook(int cgroup, enum bpf_attach_type type)
{
	const struct bpf_insn pass[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
					{.code = BPF_JMP | BPF_EXIT}};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	int program = bpf_prog_load(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "pass", "GPL", pass, 2, &options);

	expect(program >= 0 && !bpf_prog_attach(program, cgroup, type, 0));
	close(program);
}

/*
 * The kernel patches itself when a hook gets its first program or loses its last one, and an emulated processor that is in
 * the midst of connect() may stay there for good (QEMU 7.2). So there is always one.
 */
void keep_hooks(void)
{
	int cgroup;

	mkdir(IDLE_CGROUP, 0755);
	cgroup = open(IDLE_CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	attach_idle_hook(cgroup, BPF_CGROUP_INET4_CONNECT);
	attach_idle_hook(cgroup, BPF_CGROUP_INET6_CONNECT);
	close(cgroup);
}

/* --- the programs --- */

/* The second one has a router to put into the place of the first one's. */
static struct bpf_object *objects[2];
static struct bpf_link *hooks[2], *router;
static int attached_router;
static bool deferring = true;

void set_deferring(bool wanted)
{
	deferring = wanted;
}

/* Before v6.9 there is none: the router is a program, asked by mailboxes (mailbox.h). */
static struct bpf_map *router_of(struct bpf_object *object)
{
	return bpf_object__find_map_by_name(object, "router");
}

static struct bpf_map *mailboxes_of(struct bpf_object *object)
{
	return bpf_object__find_map_by_name(object, "undermesh_mail");
}

/* `before`: what it takes the place of, or NULL. */
static struct bpf_object *load_programs(struct bpf_object *before)
{
	struct bpf_object *object = bpf_object__open_file(programs_path, NULL);
	size_t size;

	if (!object)
		fail("cannot open %s: %s", programs_path, strerror(errno));
	*(bool *)bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata.deferring"), &size) =
		deferring;
	if (before && mailboxes_of(object))
		expect(!bpf_map__reuse_fd(mailboxes_of(object), bpf_map__fd(mailboxes_of(before))));
	if (bpf_object__load(object))
		fail("cannot load %s: %s", programs_path, strerror(errno));
	return object;
}

static struct bpf_link *attach_hook(const char *name, int cgroup)
{
	struct bpf_link *link =
		bpf_program__attach_cgroup(bpf_object__find_program_by_name(objects[0], name), cgroup);

	if (!link)
		fail("cannot attach %s: %s", name, strerror(errno));
	return link;
}

void attach_hooks(void)
{
	int cgroup;

	mkdir(CGROUP, 0755);
	cgroup = open(CGROUP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	expect(cgroup >= 0);
	hooks[0] = attach_hook("connect4", cgroup);
	hooks[1] = attach_hook("connect6", cgroup);
	close(cgroup);
}

void detach_hooks(void)
{
	bpf_link__destroy(hooks[0]);
	bpf_link__destroy(hooks[1]);
}

static void tell_module(const char *format, ...)
{
	va_list arguments;
	char line[64];

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	write_setting("/proc/undermesh_routers", line);
}

static void set_router(void)
{
	struct bpf_program *program = bpf_object__find_program_by_name(objects[attached_router], "route");

	tell_module("set %d %d", OWNER, bpf_program__fd(program));
}

void attach_router(void)
{
	attached_router = 0;
	if (!router_of(objects[0])) {
		set_router();
		return;
	}
	router = bpf_map__attach_struct_ops(router_of(objects[0]));
	if (!router)
		fail("cannot attach the router: %s", strerror(errno));
}

void detach_router(void)
{
	if (router_of(objects[0]))
		bpf_link__destroy(router);
	else
		tell_module("remove %d", OWNER);
}

void replace_router(void)
{
	attached_router = !attached_router;
	if (!router_of(objects[0]))
		set_router();
	else if (bpf_link__update_map(router, router_of(objects[attached_router])))
		fail("cannot replace the router: %s", strerror(errno));
}

void attach_programs(void)
{
	objects[0] = load_programs(NULL);
	objects[1] = load_programs(objects[0]);
	attach_hooks();
	attach_router();
}

void detach_programs(void)
{
	detach_hooks();
	detach_router();
	bpf_object__close(objects[0]);
	bpf_object__close(objects[1]);
}

bool programs_call(void)
{
	return router_of(objects[0]) != NULL;
}

bool can_load(const char *name)
{
	struct bpf_object *other = bpf_object__open_file(programs_path, NULL);
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct bpf_program *program;
	bool loaded;

	expect(other);
	bpf_object__for_each_program(program, other)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), name));
	if (router_of(other))
		bpf_map__set_autocreate(router_of(other), false);
	loaded = !bpf_object__load(other);
	libbpf_set_print(print);
	bpf_object__close(other);
	return loaded;
}

void enter_cgroup(void)
{
	write_setting(CGROUP "/cgroup.procs", "0");
}
