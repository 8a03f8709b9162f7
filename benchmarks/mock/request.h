// Just enough HTTP/1.1 to read what a chat client sends.
#ifndef REQUEST_H
#define REQUEST_H
#include "reply.h"

typedef enum { CHAT, MODELS, STATS, RESET, UNKNOWN, UNREADABLE } Route;

typedef struct {
  Route route;
  Shape shape;   // for CHAT
  size_t length; // of the whole request in bytes
} HttpRequest;

// Read one request from the start of a NUL-terminated buffer; 0 when more bytes are needed.
int read_request(const char *bytes, size_t length, HttpRequest *request);

#endif
