#include "timers.h"

#include <stdlib.h>

static Timer **heap; // heap[1] is due first
static int count, room;

static void put(int place, Timer *timer) {
  heap[place] = timer;
  timer->place = place;
}

static void rise(int place, Timer *timer) {
  for (; place > 1 && heap[place / 2]->due_ns > timer->due_ns; place /= 2) put(place, heap[place / 2]);
  put(place, timer);
}

static void sink(int place, Timer *timer) {
  for (int child; (child = 2 * place) <= count; place = child) {
    if (child < count && heap[child + 1]->due_ns < heap[child]->due_ns) child++;
    if (heap[child]->due_ns >= timer->due_ns) break;
    put(place, heap[child]);
  }
  put(place, timer);
}

void timer_add(Timer *timer) {
  if (count + 2 > room) {
    room = room ? 2 * room : 1024;
    heap = realloc(heap, (size_t)room * sizeof *heap);
    if (!heap) abort();
  }
  rise(++count, timer);
}

void timer_remove(Timer *timer) {
  int place = timer->place;
  if (!place) return;
  timer->place = 0;
  Timer *last = heap[count--];
  if (last == timer) return;
  rise(place, last);
  sink(last->place, last);
}

Timer *timer_first(void) { return count ? heap[1] : NULL; }
