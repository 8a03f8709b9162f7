// A reply as it goes over the wire, built once for each shape and then only copied.
#ifndef REPLY_H
#define REPLY_H
#include <stddef.h>
#include <stdint.h>

// What one request asks of the mock; it is read from the model's name (see README.md).
typedef struct {
  char model[64];
  int tokens;           // content deltas in the reply
  double gap_ms;        // between two deltas
  double wait_ms;       // before the first delta
  int events_per_write; // 0: the whole reply in one write (unpaced replies only)
  int stamped_text;     // the first delta's text tells when it was sent
  int stream;           // server-sent events, or one JSON body
  int usage;            // a last event with the token counts
} Shape;

// `bytes` is headers and body; event i ends at end[i]. Event 0 is the headers with the role delta, the last is
// `[DONE]` with the end of the chunked body. A body that is not streamed is one event.
typedef struct {
  Shape shape;
  char *bytes;
  size_t *end;
  int events;
} Reply;

// The reply of this shape, from the cache or built now.
const Reply *reply_for(const Shape *shape);

// Write the two stamps into every event of `bytes`: when the request was read, and now.
// Both are nanoseconds of CLOCK_MONOTONIC, the clock of Python's time.perf_counter_ns() on Linux.
void stamp_events(char *bytes, size_t length, int64_t received_ns, int64_t sent_ns);

#endif
