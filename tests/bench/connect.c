// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Short TCP connections, as many as there is time for: connect, one request,
 * one answer, close.
 *
 *     connect serve PORT
 *     connect call ADDRESS PORT SECONDS AT-ONCE [FROM-ADDRESS...]
 *
 * The server closes first and the client after it, both by FIN. call says in a
 * line: connections per second, the 50th and 99th percentile of the time from
 * connect() to the answer in us, CPU time of the whole machine per connection in
 * us, connections that failed. Callers with several addresses use them in turn,
 * so that no port is needed again soon.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MESSAGE_SIZE 64
#define MAX_AT_ONCE  256
#define MAX_EVENTS   64
#define MAX_SOURCES  16

/* Whatever becomes of who started it, a server does not stay for ever. */
#define SERVER_LIFE 900

/* What is called in this time, at first, does not count. */
#define WARM_UP_NS 50000000ULL

/* Slower answers count as this slow. */
#define SLOWEST_US 1000000

static const char message[MESSAGE_SIZE] = "svcroute";

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void watch(int epoll, int fd, uint32_t events, void *what)
{
	struct epoll_event event = {.events = events, .data.ptr = what};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

/* --- the server ------------------------------------------------------------------------- */

static int listen_on(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1024) < 0)
		die("listen");
	return fd;
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		watch(epoll, fd, EPOLLIN, (void *)(long)fd);
}

/* A request is answered, and that was all; the caller's own end ends it. */
static void answer(int fd)
{
	char request[MESSAGE_SIZE];
	ssize_t length = recv(fd, request, sizeof(request), 0);

	if (length < 0 && errno == EAGAIN)
		return;
	if (length > 0 && send(fd, message, sizeof(message), MSG_NOSIGNAL) > 0 && shutdown(fd, SHUT_WR) == 0)
		return;
	close(fd);
}

static _Noreturn void serve(uint16_t port)
{
	struct epoll_event events[MAX_EVENTS];
	int epoll = epoll_create1(0), listener = listen_on(port);

	alarm(SERVER_LIFE);
	watch(epoll, listener, EPOLLIN, (void *)(long)listener);
	for (;;) {
		int num = epoll_wait(epoll, events, MAX_EVENTS, -1);

		for (int i = 0; i < num; i++) {
			int fd = (long)events[i].data.ptr;

			if (fd == listener)
				accept_all(epoll, listener);
			else
				answer(fd);
		}
	}
}

/* --- the client ------------------------------------------------------------------------- */

struct call {
	int fd;
	bool is_sent, is_answered;
	uint64_t start;
};

/* What was counted since `since`; the slowness of answers by whole microseconds. */
struct tally {
	uint64_t since;
	uint64_t cpu;
	uint64_t answered, failed;
	uint32_t took[SLOWEST_US + 1];
};

static struct {
	int epoll;
	struct sockaddr_in to;
	struct sockaddr_in from[MAX_SOURCES];
	unsigned int num_from, next_from;
	struct call calls[MAX_AT_ONCE];
	unsigned int at_once;
	struct tally tally;
} client;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Nanoseconds that CPUs were busy, softirqs included: most of the network's work is in these. */
static uint64_t busy_time(void)
{
	sr_autofclose FILE *file = fopen("/proc/stat", "r");
	uint64_t user, nice, system, idle, iowait, irq, softirq;

	if (!file ||
	    fscanf(file, "cpu %lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle, &iowait, &irq, &softirq) != 7)
		die("/proc/stat");
	return (user + nice + system + irq + softirq) * (1000000000ULL / sysconf(_SC_CLK_TCK));
}

/* The kernel chooses the port at connect(), where it may be in use towards others. */
static void choose_source(int fd)
{
	const struct sockaddr_in *from;

	if (client.num_from == 0)
		return;
	from = &client.from[client.next_from++ % client.num_from];
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
	if (bind(fd, (const struct sockaddr *)from, sizeof(*from)) < 0)
		die("bind");
}

static void call_begin(struct call *call)
{
	*call = (struct call){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
	if (call->fd < 0)
		die("socket");
	choose_source(call->fd);
	call->start = now();
	if (connect(call->fd, (struct sockaddr *)&client.to, sizeof(client.to)) < 0 && errno != EINPROGRESS)
		die("connect");
	watch(client.epoll, call->fd, EPOLLIN | EPOLLOUT | EPOLLET, call);
}

static void call_fail(struct call *call)
{
	client.tally.failed++;
	close(call->fd);
	call_begin(call);
}

static void call_answered(struct call *call)
{
	uint64_t us = (now() - call->start) / 1000;

	call->is_answered = true;
	client.tally.took[us < SLOWEST_US ? us : SLOWEST_US]++;
	client.tally.answered++;
}

/* Once there is an answer nothing but the server's end can follow. */
static void call_read(struct call *call)
{
	char data[MESSAGE_SIZE];
	ssize_t length;

	while ((length = recv(call->fd, data, sizeof(data), 0)) > 0)
		if (!call->is_answered)
			call_answered(call);
	if (length < 0 && errno == EAGAIN)
		return;
	if (length < 0 || !call->is_answered) {
		call_fail(call);
		return;
	}
	close(call->fd);
	call_begin(call);
}

static void call_go_on(struct call *call, uint32_t events)
{
	if (!call->is_sent && events & (EPOLLOUT | EPOLLERR)) {
		if (send(call->fd, message, sizeof(message), MSG_NOSIGNAL) < 0) {
			call_fail(call);
			return;
		}
		call->is_sent = true;
	}
	if (call->is_sent && events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		call_read(call);
}

static void go_on_until(uint64_t end)
{
	struct epoll_event events[MAX_EVENTS];

	while (now() < end) {
		int num = epoll_wait(client.epoll, events, MAX_EVENTS, 10);

		for (int i = 0; i < num; i++)
			call_go_on(events[i].data.ptr, events[i].events);
	}
}

static uint64_t percentile(const struct tally *tally, unsigned int percent)
{
	uint64_t wanted = tally->answered * percent / 100, seen = 0;

	for (uint32_t us = 0; us < SLOWEST_US; us++) {
		seen += tally->took[us];
		if (seen > wanted)
			return us;
	}
	return SLOWEST_US;
}

static int call_for(double seconds)
{
	struct tally *tally = &client.tally;
	double took, cpu;

	client.epoll = epoll_create1(0);
	for (unsigned int i = 0; i < client.at_once; i++)
		call_begin(&client.calls[i]);
	go_on_until(now() + WARM_UP_NS);

	memset(tally, 0, sizeof(*tally));
	tally->cpu = busy_time();
	tally->since = now();
	go_on_until(tally->since + (uint64_t)(seconds * 1e9));
	took = (now() - tally->since) / 1e9;
	cpu = (busy_time() - tally->cpu) / 1e3;
	if (tally->answered == 0) {
		fprintf(stderr, "connect: no answer\n");
		return 1;
	}
	printf("%.0f %lu %lu %.2f %lu\n", tally->answered / took, percentile(tally, 50), percentile(tally, 99),
	       cpu / tally->answered, tally->failed);
	return 0;
}

static struct sockaddr_in endpoint(const char *address, const char *port)
{
	struct sockaddr_in endpoint = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (inet_pton(AF_INET, address, &endpoint.sin_addr) != 1) {
		fprintf(stderr, "connect: %s is no IPv4 address\n", address);
		exit(2);
	}
	return endpoint;
}

static int call(int num, char **words)
{
	double seconds = atof(words[2]);

	client.to = endpoint(words[0], words[1]);
	client.at_once = atoi(words[3]);
	client.num_from = num - 4;
	if (client.at_once < 1 || client.at_once > MAX_AT_ONCE || client.num_from > MAX_SOURCES)
		return 2;
	for (unsigned int i = 0; i < client.num_from; i++)
		client.from[i] = endpoint(words[4 + i], "0");
	alarm(seconds + 10);
	return call_for(seconds);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(atoi(argv[2]));
	if (argc >= 6 && strcmp(argv[1], "call") == 0)
		return call(argc - 2, argv + 2);
	fprintf(stderr, "usage: connect serve PORT | connect call ADDRESS PORT SECONDS AT-ONCE [FROM-ADDRESS...]\n");
	return 2;
}
