// A binary heap of what is due when; each entry knows its place, so that it can be taken out early.
#ifndef TIMERS_H
#define TIMERS_H
#include <stdint.h>

typedef struct {
  int64_t due_ns;
  int place; // 1 … count; 0: not waiting
} Timer;

void timer_add(Timer *timer);
void timer_remove(Timer *timer); // does nothing when it is not waiting
Timer *timer_first(void);        // NULL when none waits

#endif
