// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Compiled only for its BTF: names every type that crosses to user space, so that the compiler keeps it. */
#include "../../../bpf/include/abi.h"

struct abi {
	enum record_kind record_kind;
	enum record_event record_event;
	enum reporter reporter;
	enum address_family address_family;
	enum engine engine;
	enum close_reason close_reason;
	enum record_flag record_flag;
	enum http_limit http_limit;
	enum http_method http_method;
	enum http_sample_flag http_sample_flag;
	enum helper_site helper_site;
	struct connection_record connection_record;
	struct http_sample http_sample;
	struct http_record http_record;
	struct leg_sample leg_sample;
	struct leg_record leg_record;
	struct kernel_totals kernel_totals;
	struct helper_error helper_error;
	struct cgroup_name cgroup_name;
	struct observe_config observe_config;
	struct observe_control observe_control;
	struct engine_config engine_config;
	struct listener_entry listener_entry;
	enum mesh_limit mesh_limit;
	enum balancing balancing;
	enum waypoint_transport waypoint_transport;
	enum service_flag service_flag;
	enum endpoint_flag endpoint_flag;
	enum steering_flag steering_flag;
	struct service_key service_key;
	struct service service;
	struct slot_key slot_key;
	struct slot slot;
	struct endpoint endpoint;
	struct endpoint_health endpoint_health;
	struct engine_state engine_state;
	struct steering steering;
	struct service_name service_name;
	struct mesh_node mesh_node;
	struct mesh_totals mesh_totals;
} abi;
