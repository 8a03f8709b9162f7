#define _GNU_SOURCE
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Stamps are as wide as this placeholder, so that stamping never moves a byte.
#define STAMPS "<00000000000000000000-00000000000000000000>"
#define STAMP_DIGITS 20
#define MAX_SHAPES 4096

static const char *const WORDS[] = {"师父", "，", "前面", "山", "高", "路", "远", "，", "俺老孙", "先",
                                    "去", "探", "一", "探", "。", "八戒", "，", "看", "好", "行李", "！"};
#define WORD_COUNT ((int)(sizeof WORDS / sizeof *WORDS))

typedef struct {
  char *bytes;
  size_t length, room;
} Text;

static void append(Text *text, const char *bytes, size_t length) {
  if (text->length + length + 1 > text->room) {
    text->room = 2 * (text->length + length + 1);
    text->bytes = realloc(text->bytes, text->room);
    if (!text->bytes) abort();
  }
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = 0;
}

static void append_text(Text *text, const char *string) { append(text, string, strlen(string)); }

// One server-sent event as one HTTP chunk.
static void append_event(Text *text, const char *json) {
  char head[32];
  size_t length = strlen("data: ") + strlen(json) + strlen("\n\n");
  append(text, head, (size_t)sprintf(head, "%zx\r\n", length));
  append_text(text, "data: ");
  append_text(text, json);
  append_text(text, "\n\n\r\n");
}

static const char *word(const Shape *shape, int i) {
  return i == 0 && shape->stamped_text ? STAMPS : WORDS[i % WORD_COUNT];
}

static void append_chunk(Text *text, const Shape *shape, const char *choices, const char *usage) {
  char json[1024];
  snprintf(json, sizeof json,
           "{\"id\":\"chatcmpl-" STAMPS "\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,"
           "\"model\":\"%s\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":[%s]%s}",
           shape->model, choices, usage);
  append_event(text, json);
}

static void build_stream(Reply *reply) {
  const Shape *shape = &reply->shape;
  const char *no_usage = shape->usage ? ",\"usage\":null" : "";
  char choices[512], usage[256];
  Text text = {0};
  reply->end = calloc((size_t)shape->tokens + 4, sizeof *reply->end);
  append_text(&text, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                     "Cache-Control: no-cache\r\nX-Request-Id: req_mock\r\nTransfer-Encoding: chunked\r\n\r\n");
  append_chunk(&text, shape,
               "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null},"
               "\"logprobs\":null,\"finish_reason\":null}",
               no_usage);
  reply->end[reply->events++] = text.length;
  for (int i = 0; i < shape->tokens; i++) {
    snprintf(choices, sizeof choices,
             "{\"index\":0,\"delta\":{\"content\":\"%s\"},\"logprobs\":null,\"finish_reason\":null}",
             word(shape, i));
    append_chunk(&text, shape, choices, no_usage);
    reply->end[reply->events++] = text.length;
  }
  append_chunk(&text, shape, "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"stop\"}", no_usage);
  reply->end[reply->events++] = text.length;
  if (shape->usage) {
    snprintf(usage, sizeof usage,
             ",\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":%d,\"total_tokens\":%d,"
             "\"prompt_tokens_details\":{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0}}",
             shape->tokens, shape->tokens + 30);
    append_chunk(&text, shape, "", usage);
    reply->end[reply->events++] = text.length;
  }
  append_text(&text, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
  reply->end[reply->events++] = text.length;
  reply->bytes = text.bytes;
}

static void build_body(Reply *reply) {
  const Shape *shape = &reply->shape;
  char line[512];
  Text body = {0}, text = {0};
  append(&body, line,
         (size_t)snprintf(line, sizeof line,
                          "{\"id\":\"chatcmpl-" STAMPS "\",\"object\":\"chat.completion\",\"created\":1790000000,"
                          "\"model\":\"%s\",\"system_fingerprint\":\"fp_mock\",\"choices\":[{\"index\":0,"
                          "\"message\":{\"role\":\"assistant\",\"content\":\"",
                          shape->model));
  for (int i = 0; i < shape->tokens; i++) append_text(&body, word(shape, i));
  append(&body, line,
         (size_t)snprintf(line, sizeof line,
                          "\",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
                          "\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":%d,\"total_tokens\":%d}}",
                          shape->tokens, shape->tokens + 30));
  append(&text, line,
         (size_t)snprintf(line, sizeof line,
                          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: req_mock\r\n"
                          "Content-Length: %zu\r\n\r\n",
                          body.length));
  append(&text, body.bytes, body.length);
  free(body.bytes);
  reply->end = calloc(1, sizeof *reply->end);
  reply->end[reply->events++] = text.length;
  reply->bytes = text.bytes;
}

const Reply *reply_for(const Shape *shape) {
  static Reply *known[MAX_SHAPES];
  static int count;
  for (int i = 0; i < count; i++) {
    const Shape *other = &known[i]->shape;
    // The name carries all the rest.
    if (other->stream == shape->stream && other->usage == shape->usage && !strcmp(other->model, shape->model))
      return known[i];
  }
  if (count == MAX_SHAPES) {
    fprintf(stderr, "mock: more than %d different models\n", MAX_SHAPES);
    exit(1);
  }
  Reply *reply = calloc(1, sizeof *reply);
  if (!reply) abort();
  reply->shape = *shape;
  if (shape->stream)
    build_stream(reply);
  else
    build_body(reply);
  known[count++] = reply;
  return reply;
}

static void put_digits(char *at, int64_t value) {
  for (int i = STAMP_DIGITS - 1; i >= 0; i--, value /= 10) at[i] = (char)('0' + value % 10);
}

void stamp_events(char *bytes, size_t length, int64_t received_ns, int64_t sent_ns) {
  const size_t width = strlen(STAMPS);
  char *at = bytes, *stop = bytes + length;
  // No other '<' is ever sent, and the stamped bytes hold none of the text that could hide one.
  while (at < stop && (at = memchr(at, '<', (size_t)(stop - at))) && at + width <= stop) {
    put_digits(at + 1, received_ns);
    put_digits(at + 2 + STAMP_DIGITS, sent_ns);
    at += width;
  }
}
