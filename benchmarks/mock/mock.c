// A mock of the streaming chat-completions API, fast enough to never be what is measured.
// One thread, epoll, loopback only. Prints its port on stdout and serves until it is killed. See README.md.
#define _GNU_SOURCE
#include "connection.h"
#include "request.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 1 << 16, EVENTS = 256, ANSWER_SIZE = 4096 };

static struct {
  unsigned long requests, connections, events;
  int in_flight, most_in_flight;
  int64_t first_request_ns, late_max_ns;
} stats;

static int alarm_fd, listener;
static char **listed; // the names that /v1/models gives
static unsigned long chats, lies_every, stalls_after; // -l and -s of README.md; 0: never

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void hang_up(Connection *connection) {
  if (connection->reply) stats.in_flight--;
  free_connection(connection);
}

static int send_stamped(Connection *connection, int up_to) {
  const Reply *reply = connection->reply;
  size_t start = connection->next_event ? reply->end[connection->next_event - 1] : 0;
  size_t length = reply->end[up_to - 1] - start;
  char *place = copy_to_pending(connection, reply->bytes + start, length);
  stamp_events(place, length, connection->received_ns, now_ns());
  stats.events += (unsigned long)(up_to - connection->next_event);
  connection->next_event = up_to;
  return send_pending(connection);
}

static int serve(Connection *connection);

static int finish_reply(Connection *connection) {
  connection->reply = NULL;
  stats.in_flight--;
  return connection->in_length ? serve(connection) : 1;
}

// Unpaced: send until the socket is full or the reply is over. Straight from the reply, unless it is stamped.
static int send_unpaced(Connection *connection) {
  const Reply *reply = connection->reply;
  while (!connection->out_length && connection->next_event < reply->events) {
    int step = reply->shape.events_per_write;
    int up_to = step && connection->next_event + step < reply->events ? connection->next_event + step : reply->events;
    if (reply->shape.stamped_text) {
      if (!send_stamped(connection, up_to)) return 0;
      continue;
    }
    size_t start = connection->next_event ? reply->end[connection->next_event - 1] : 0;
    connection->out = reply->bytes + start;
    connection->out_length = reply->end[up_to - 1] - start;
    stats.events += (unsigned long)(up_to - connection->next_event);
    connection->next_event = up_to;
    if (!send_pending(connection)) return 0;
  }
  return connection->out_length ? 1 : finish_reply(connection);
}

static int is_paced(const Shape *shape) { return shape->gap_ms > 0 || shape->wait_ms > 0; }

// A timer fired: the next event, or with no gap all the rest, is due.
static int send_due(Connection *connection, int64_t time) {
  const Reply *reply = connection->reply;
  const Shape *shape = &reply->shape;
  int64_t late = time - connection->timer.due_ns;
  if (late > stats.late_max_ns) stats.late_max_ns = late;
  int up_to = connection->next_event ? connection->next_event + 1 : 2; // the role comes with the first delta
  if (shape->gap_ms <= 0 || !shape->stream || up_to > shape->tokens) up_to = reply->events;
  if (!send_stamped(connection, up_to)) return 0;
  if (up_to == reply->events) return finish_reply(connection);
  connection->timer.due_ns += (int64_t)(shape->gap_ms * 1e6);
  timer_add(&connection->timer);
  return 1;
}

static int answer(Connection *connection, const char *status, const char *body);

static int start_reply(Connection *connection, const Shape *shape) {
  chats++;
  if (stalls_after && chats > stalls_after) return 1; // and nothing ever comes
  if (lies_every && chats % lies_every == 0)
    return answer(connection, "500 Internal Server Error", "{\"error\":{\"message\":\"internal error\"}}");
  connection->received_ns = now_ns();
  connection->reply = reply_for(shape);
  connection->next_event = 0;
  stats.requests++;
  if (!stats.first_request_ns) stats.first_request_ns = connection->received_ns;
  if (++stats.in_flight > stats.most_in_flight) stats.most_in_flight = stats.in_flight;
  if (!is_paced(shape)) return send_unpaced(connection);
  double wait = shape->wait_ms + (shape->stream ? 0 : shape->gap_ms * (shape->tokens - 1));
  connection->timer.due_ns = connection->received_ns + (int64_t)(wait * 1e6);
  timer_add(&connection->timer);
  return 1;
}

static int answer(Connection *connection, const char *status, const char *body) {
  char text[ANSWER_SIZE + 256];
  int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        status, strlen(body), body);
  copy_to_pending(connection, text, (size_t)length);
  return send_pending(connection);
}

// The names given on the command line; a client may ask for others all the same.
static int answer_models(Connection *connection) {
  char body[ANSWER_SIZE];
  size_t length = (size_t)sprintf(body, "{\"object\":\"list\",\"data\":[");
  for (char **name = listed; *name && length < sizeof body - 256; name++)
    length += (size_t)snprintf(body + length, 250, "%s{\"id\":\"%.100s\",\"object\":\"model\",\"owned_by\":\"mock\"}",
                               name == listed ? "" : ",", *name);
  strcpy(body + length, "]}");
  return answer(connection, "200 OK", body);
}

static int answer_stats(Connection *connection) {
  struct rusage usage;
  char body[512];
  getrusage(RUSAGE_SELF, &usage);
  snprintf(body, sizeof body,
           "{\"requests\":%lu,\"connections\":%lu,\"events\":%lu,\"in_flight\":%d,\"most_in_flight\":%d,"
           "\"first_request_ns\":%lld,\"late_max_ms\":%.3f,\"cpu_s\":%.4f}",
           stats.requests, stats.connections, stats.events, stats.in_flight, stats.most_in_flight,
           (long long)stats.first_request_ns, (double)stats.late_max_ns / 1e6,
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
  return answer(connection, "200 OK", body);
}

static int answer_reset(Connection *connection) {
  int in_flight = stats.in_flight;
  memset(&stats, 0, sizeof stats);
  stats.in_flight = stats.most_in_flight = in_flight;
  return answer(connection, "200 OK", "{}");
}

// Serve the requests that have been read, one after the other; 0 when the client is gone.
static int serve(Connection *connection) {
  HttpRequest request;
  while (!connection->reply && connection->in_length &&
         read_request(connection->in, connection->in_length, &request)) {
    connection->in_length -= request.length;
    memmove(connection->in, connection->in + request.length, connection->in_length + 1);
    int alive = 0;
    switch (request.route) {
      case CHAT: return start_reply(connection, &request.shape);
      case MODELS: alive = answer_models(connection); break;
      case STATS: alive = answer_stats(connection); break;
      case RESET: alive = answer_reset(connection); break;
      case UNKNOWN: alive = answer(connection, "404 Not Found", "{\"error\":{\"message\":\"no such path\"}}"); break;
      case UNREADABLE:
        alive = answer(connection, "411 Length Required", "{\"error\":{\"message\":\"send Content-Length\"}}");
        break;
    }
    if (!alive) return 0;
  }
  return 1;
}

static int receive(Connection *connection) {
  if (connection->in_room - connection->in_length < READ_SIZE) {
    connection->in_room = connection->in_length + 2 * READ_SIZE;
    connection->in = realloc(connection->in, connection->in_room + 1);
    if (!connection->in) abort();
  }
  ssize_t got = recv(connection->fd, connection->in + connection->in_length, READ_SIZE, 0);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  connection->in_length += (size_t)got;
  connection->in[connection->in_length] = 0;
  return serve(connection);
}

static void accept_all(void) {
  int fd, one = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Connection *connection = calloc(1, sizeof *connection);
    if (!connection) abort();
    connection->fd = fd;
    watch(fd, connection, EPOLLIN, EPOLL_CTL_ADD);
    stats.connections++;
  }
}

static void fire_timers(void) {
  int64_t time = now_ns();
  Timer *timer;
  while ((timer = timer_first()) && timer->due_ns <= time) {
    timer_remove(timer);
    Connection *connection = (Connection *)timer;
    if (!send_due(connection, time)) hang_up(connection);
  }
}

static void set_alarm(void) {
  Timer *timer = timer_first();
  int64_t due = timer ? timer->due_ns : 0; // 0 disarms
  struct itimerspec when = {.it_value = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000}};
  if (timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &when, NULL)) die("timerfd_settime");
}

static int handle(Connection *connection, unsigned events) {
  if (events & (EPOLLERR | EPOLLHUP)) return 0;
  if (events & EPOLLOUT) {
    if (!send_pending(connection)) return 0;
    int unpaced = connection->reply && !is_paced(&connection->reply->shape);
    if (!connection->out_length && unpaced && !send_unpaced(connection)) return 0;
  }
  return events & EPOLLIN ? receive(connection) : 1;
}

static int listen_on_loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (bind(listener, (void *)&address, size) || listen(listener, 4096)) die("listen");
  if (getsockname(listener, (void *)&address, &size)) die("getsockname");
  return ntohs(address.sin_port);
}

int main(int count, char **arguments) {
  static char *nameless[] = {"mock", NULL};
  for (int option; (option = getopt(count, arguments, "+l:s:")) != -1;) {
    unsigned long value = strtoul(optarg ? optarg : "0", NULL, 10);
    if (option == 'l') lies_every = value;
    else if (option == 's') stalls_after = value;
    else return 2;
  }
  listed = optind < count ? arguments + optind : nameless;
  prctl(PR_SET_PDEATHSIG, SIGTERM); // never outlive the benchmark
  prctl(PR_SET_TIMERSLACK, 1UL);
  printf("%d\n", listen_on_loopback());
  fflush(stdout);
  poller = epoll_create1(EPOLL_CLOEXEC);
  alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  watch(listener, &listener, EPOLLIN, EPOLL_CTL_ADD);
  watch(alarm_fd, &alarm_fd, EPOLLIN, EPOLL_CTL_ADD);
  for (struct epoll_event events[EVENTS];;) {
    set_alarm();
    int ready = epoll_wait(poller, events, EVENTS, -1);
    if (ready < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < ready; i++) {
      void *who = events[i].data.ptr;
      if (who == &listener) {
        accept_all();
      } else if (who == &alarm_fd) {
        uint64_t times;
        if (read(alarm_fd, &times, sizeof times) < 0 && errno != EAGAIN) die("timerfd");
      } else if (!handle(who, events[i].events)) {
        hang_up(who);
      }
    }
    fire_timers();
  }
}
