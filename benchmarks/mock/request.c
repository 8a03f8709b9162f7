#define _GNU_SOURCE
#include "request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *find(const char *bytes, size_t length, const char *word) {
  return memmem(bytes, length, word, strlen(word));
}

// "name":true with or without a space.
static int is_true(const char *body, size_t length, const char *name) {
  const char *at = find(body, length, name);
  if (!at) return 0;
  at += strlen(name);
  while (at < body + length && (*at == ':' || *at == ' ')) at++;
  return !strncmp(at, "true", 4);
}

// `mock-n50-g20-w200` and the like; letters that are not ours are part of the name.
static void read_model(const char *body, size_t length, Shape *shape) {
  strcpy(shape->model, "mock");
  shape->tokens = 50;
  const char *at = find(body, length, "\"model\":");
  if (!at) return;
  at = strchr(at + strlen("\"model\":"), '"');
  if (!at) return;
  size_t width = strcspn(++at, "\"");
  if (width >= sizeof shape->model) width = sizeof shape->model - 1;
  memcpy(shape->model, at, width);
  shape->model[width] = 0;
  for (char *field = strchr(shape->model, '-'); field; field = strchr(field + 1, '-')) {
    char *rest, letter = field[1];
    if (!letter) break;
    double value = strtod(field + 2, &rest);
    if (rest == field + 2) continue;
    if (letter == 'n') shape->tokens = value < 1 ? 1 : (int)value;
    if (letter == 'g') shape->gap_ms = value;
    if (letter == 'w') shape->wait_ms = value;
    if (letter == 'e') shape->events_per_write = (int)value;
    if (letter == 's') shape->stamped_text = value != 0;
  }
}

int read_request(const char *bytes, size_t length, HttpRequest *request) {
  const char *blank = find(bytes, length, "\r\n\r\n");
  if (!blank) return 0;
  memset(request, 0, sizeof *request);
  size_t head = (size_t)(blank - bytes) + 4, body = 0, line = strcspn(bytes, "\r");
  for (const char *at = bytes + line; at < blank; at += 2 + strcspn(at + 2, "\r")) {
    if (!strncasecmp(at + 2, "content-length:", 15)) body = strtoul(at + 17, NULL, 10);
    if (!strncasecmp(at + 2, "transfer-encoding:", 18)) request->route = UNREADABLE;
  }
  if (length < head + body) return 0;
  request->length = head + body;
  if (request->route == UNREADABLE) return 1;
  if (!strncmp(bytes, "POST", 4) && find(bytes, line, "/chat/completions")) {
    request->route = CHAT;
    read_model(bytes + head, body, &request->shape);
    request->shape.stream = is_true(bytes + head, body, "\"stream\"");
    request->shape.usage = is_true(bytes + head, body, "\"include_usage\"");
  } else if (find(bytes, line, "/models")) {
    request->route = MODELS;
  } else if (find(bytes, line, "/stats")) {
    request->route = STATS;
  } else if (find(bytes, line, "/reset")) {
    request->route = RESET;
  } else {
    request->route = UNKNOWN;
  }
  return 1;
}
