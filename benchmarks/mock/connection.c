#include "connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int poller;

void die(const char *what) {
  perror(what);
  exit(1);
}

void watch(int fd, void *who, unsigned events, int operation) {
  struct epoll_event event = {.events = events, .data.ptr = who};
  if (epoll_ctl(poller, operation, fd, &event)) die("epoll_ctl");
}

int send_pending(Connection *connection) {
  while (connection->out_length) {
    ssize_t sent = send(connection->fd, connection->out, connection->out_length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return 0;
    connection->out += sent;
    connection->out_length -= (size_t)sent;
  }
  int wanted = connection->out_length > 0;
  if (wanted != connection->watches_output) {
    watch(connection->fd, connection, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    connection->watches_output = wanted;
  }
  return 1;
}

char *copy_to_pending(Connection *connection, const char *bytes, size_t length) {
  size_t total = connection->out_length + length;
  if (total > connection->copy_room) {
    char *grown = malloc(2 * total);
    if (!grown) abort();
    if (connection->out_length) memcpy(grown, connection->out, connection->out_length);
    free(connection->copy);
    connection->copy = grown;
    connection->copy_room = 2 * total;
  } else if (connection->out_length) {
    memmove(connection->copy, connection->out, connection->out_length);
  }
  char *place = connection->copy + connection->out_length;
  memcpy(place, bytes, length);
  connection->out = connection->copy;
  connection->out_length = total;
  return place;
}

void free_connection(Connection *connection) {
  timer_remove(&connection->timer);
  close(connection->fd);
  free(connection->in);
  free(connection->copy);
  free(connection);
}
