// A client's connection: what it has said, and what is still to be sent to it.
#ifndef CONNECTION_H
#define CONNECTION_H
#include "reply.h"
#include "timers.h"

typedef struct {
  Timer timer; // first: the heap hands out Timers
  int fd, watches_output;
  char *in;
  size_t in_length, in_room;
  const char *out; // what is still to be sent: in a Reply, or in `copy`
  size_t out_length;
  char *copy;
  size_t copy_room;
  const Reply *reply; // the reply under way, or NULL
  int next_event;
  int64_t received_ns;
} Connection;

extern int poller; // the epoll instance that watches all

void die(const char *what);
void watch(int fd, void *who, unsigned events, int operation);

// Send what is pending, as far as the socket takes it; 0 when the client is gone.
int send_pending(Connection *connection);

// Copy `bytes` behind what is pending; the copy may then be stamped.
char *copy_to_pending(Connection *connection, const char *bytes, size_t length);

void free_connection(Connection *connection);

#endif
