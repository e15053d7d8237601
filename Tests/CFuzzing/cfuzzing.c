#include "cfuzzing.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

// What each thread runs. A handler reads it: no locks, no allocation.
enum { places = 64 };
static struct place {
  atomic_int taken;
  const char *target;
  unsigned long long seed, execution;
  const unsigned char *input;
  unsigned long length;
} all[places];
static _Thread_local struct place *mine;
static _Thread_local timer_t timer;
static _Thread_local int has_timer;

static const int crashes[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
static struct sigaction before[sizeof crashes / sizeof *crashes];

static void say(const char *text, unsigned long length) {
  while (length > 0) {
    long written = write(STDERR_FILENO, text, length);
    if (written <= 0) return;
    text += written;
    length -= (unsigned long)written;
  }
}

static void say_text(const char *text) { say(text, strlen(text)); }

static void say_number(unsigned long long number) {
  char digits[24];
  int at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  say(digits + at, sizeof digits - (unsigned long)at);
}

static void say_place(const struct place *place, const char *what) {
  say_text("\nfuzz target ");
  say_text(place->target);
  say_text(what);
  say_text(" seed ");
  say_number(place->seed);
  say_text(", execution ");
  say_number(place->execution);
  say_text(", input in hexadecimal:\n");
  static const char hexadecimal[] = "0123456789abcdef";
  for (unsigned long index = 0; index < place->length; index++) {
    char two[2] = {hexadecimal[place->input[index] >> 4], hexadecimal[place->input[index] & 15]};
    say(two, 2);
  }
  say_text("\n");
}

// The thread that crashed may be a helper of one that is noted here: then all that run are told.
static void say_all(const char *what) {
  if (mine) return say_place(mine, what);
  for (int index = 0; index < places; index++)
    if (atomic_load(&all[index].taken) == 2) say_place(&all[index], what);
}

static void crashed(int number) {
  say_all(" crashed with");
  for (unsigned long index = 0; index < sizeof crashes / sizeof *crashes; index++)
    if (crashes[index] == number) sigaction(number, &before[index], NULL);
  raise(number);
}

static void hung(int number) {
  (void)number;
  say_all(" hangs with");
  _exit(70);
}

static void install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  action.sa_handler = hung;
  sigaction(SIGRTMIN + 5, &action, NULL);
  action.sa_handler = crashed;
  for (unsigned long index = 0; index < sizeof crashes / sizeof *crashes; index++)
    sigaction(crashes[index], &action, &before[index]);
}

static void arm(unsigned int seconds) {
  if (!has_timer) {
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGRTMIN + 5;
    event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
    has_timer = timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer) == 0;
  }
  struct itimerspec when;
  memset(&when, 0, sizeof when);
  when.it_value.tv_sec = (time_t)seconds;
  if (has_timer) timer_settime(timer, 0, &when, NULL);
}

int cfuzzing_begin(const char *target, unsigned long long seed, unsigned long long execution, const unsigned char *input,
                   unsigned long length, unsigned int seconds) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  for (int index = 0; index < places; index++) {
    int free = 0;
    if (!atomic_compare_exchange_strong(&all[index].taken, &free, 1)) continue;
    mine = &all[index];
    mine->target = target;
    mine->seed = seed;
    mine->execution = execution;
    mine->input = input;
    mine->length = length;
    atomic_store(&mine->taken, 2);
    arm(seconds);
    return 0;
  }
  return -1;
}

void cfuzzing_end(void) {
  if (has_timer) {
    timer_delete(timer);
    has_timer = 0;
  }
  if (mine) atomic_store(&mine->taken, 0);
  mine = NULL;
}
