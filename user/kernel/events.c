// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "kernel/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/instance.h"
#include "kernel/timeouts.h"

#define EVENTS_WAIT_MS	  1000
#define EVENTS_LISTEN_SEC 5 /* how long the programs believe that we are there */

#define NSEC_PER_SEC 1000000000ll

struct sr_events {
	struct ring_buffer *ring;
	struct sr_monitor *monitor; /* in the kernel's memory */
	int lock_fd;
	char pin[SR_PIN_PATH_SIZE]; /* of sr_events */
	uint32_t id;		    /* its */
	uint32_t listen;	    /* ticks */
	uint64_t wishes;
	uint64_t lost; /* told so far */
	int (*visit)(const struct sr_event *event, void *context);
	void *context;
};

/* libbpf stops at a negative return; larger events are those of a version to come. */
static int events_take(void *context, void *data, size_t size)
{
	const struct sr_events *events = context;

	if (!events->visit || size < sizeof(struct sr_event))
		return 0;
	return events->visit(data, events->context);
}

/* A lock that the kernel takes back from who dies: that of the folder of maps, which nothing else locks. */
static int events_lock(struct sr_events *events, const struct sr_datapath *datapath, struct sr_error *err)
{
	char path[SR_PIN_PATH_SIZE + 8];

	snprintf(path, sizeof(path), "%s/maps", datapath->folder);
	events->lock_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (events->lock_fd < 0)
		return sr_fail(err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (flock(events->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return sr_fail(err, -EBUSY, "another monitor of instance '%s' is running: events go to one only",
		       datapath->instance);
}

/* 0: there is none. */
static uint32_t events_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t length = sizeof(info);

	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0 ? info.id : 0;
}

/* Nothing comes any more from maps that were unloaded, or replaced by another version's. */
static int events_check(const struct sr_events *events, struct sr_error *err)
{
	sr_autoclose int fd = bpf_obj_get(events->pin);
	uint32_t id = events_id(fd);

	if (id == events->id)
		return 0;
	return sr_fail(err, -ESTALE,
		       id ? "another version of svcroute was loaded meanwhile: no more events come here"
			  : "the instance was unloaded meanwhile: no more events come");
}

static int events_map(struct sr_events *events, const struct sr_datapath *datapath, struct sr_error *err)
{
	void *address = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
			     datapath->map_fd[SR_MAP_MONITOR], 0);

	if (address == MAP_FAILED)
		return sr_fail(err, -errno, "cannot map sr_monitor into memory: %s", strerror(errno));
	events->monitor = address;
	events->id = events_id(datapath->map_fd[SR_MAP_EVENTS]);
	sr_pin_path(events->pin, datapath, "maps", sr_map_names[SR_MAP_EVENTS]);
	events->ring = ring_buffer__new(datapath->map_fd[SR_MAP_EVENTS], events_take, events, NULL);
	return events->ring ? 0 : sr_fail(err, -errno, "cannot read sr_events: %s", strerror(errno));
}

/* Programs that heard nothing of us for too long have dropped the wishes, too. */
static void events_listen(struct sr_events *events)
{
	__atomic_store_n(&events->monitor->until, sr_ticks_now() + events->listen, __ATOMIC_RELEASE);
	__atomic_store_n(&events->monitor->wishes, events->wishes, __ATOMIC_RELEASE);
}

int sr_events_open(struct sr_events **out, struct sr_datapath *datapath, uint64_t wishes, struct sr_error *err)
{
	sr_autoevents struct sr_events *events = calloc(1, sizeof(*events));
	struct sr_timeouts timeouts;
	int r;

	if (!events)
		return sr_fail(err, -ENOMEM, "no memory");
	events->lock_fd = -1;
	r = events_lock(events, datapath, err);
	if (r == 0)
		r = events_map(events, datapath, err);
	if (r < 0)
		return r;

	sr_timeouts_get(&timeouts);
	events->listen = EVENTS_LISTEN_SEC * timeouts.jiffies_per_second >> SR_TICK_SHIFT;
	ring_buffer__consume(events->ring);
	events->lost = __atomic_load_n(&events->monitor->lost, __ATOMIC_RELAXED);
	events->wishes = wishes;
	events_listen(events);
	*out = TAKE_PTR(events);
	return 0;
}

int sr_events_read(struct sr_events *events, int (*visit)(const struct sr_event *event, void *context), void *context,
		   struct sr_error *err)
{
	int r;

	events->visit = visit;
	events->context = context;
	events_listen(events);
	r = ring_buffer__poll(events->ring, EVENTS_WAIT_MS);
	if (r == 0)
		return events_check(events, err);
	if (r > 0 || r == -EINTR)
		return 0;
	return err && err->code ? r : sr_fail(err, r, "cannot read sr_events: %s", strerror(-r));
}

uint64_t sr_events_lost(struct sr_events *events)
{
	uint64_t lost = __atomic_load_n(&events->monitor->lost, __ATOMIC_RELAXED);
	uint64_t news = lost - events->lost;

	events->lost = lost;
	return news;
}

static long long events_nsec(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

struct timespec sr_events_time(const struct sr_event *event)
{
	long long nsec = (long long)event->time + events_nsec(CLOCK_REALTIME) - events_nsec(CLOCK_MONOTONIC);

	return (struct timespec){.tv_sec = nsec / NSEC_PER_SEC, .tv_nsec = nsec % NSEC_PER_SEC};
}

void sr_events_close(struct sr_events *events)
{
	if (!events)
		return;
	if (events->monitor) {
		if (events->ring)
			__atomic_store_n(&events->monitor->wishes, 0, __ATOMIC_RELEASE);
		munmap(events->monitor, sysconf(_SC_PAGESIZE));
	}
	ring_buffer__free(events->ring);
	sr_cleanup_close(&events->lock_fd);
	free(events);
}
