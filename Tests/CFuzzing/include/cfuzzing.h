#pragma once

// Notes what the calling thread is about to run, so that a crash or a hang of it can be told: which target, which seed,
// which execution, which input. All pointers must stay valid until cfuzzing_end. SECONDS of processor time of the
// thread count as a hang, which ends the process like a crash. Returns 0, or -1 where no more threads can be noted.
int cfuzzing_begin(const char *target, unsigned long long seed, unsigned long long execution, const unsigned char *input,
                   unsigned long length, unsigned int seconds);

// Forgets what the calling thread was running.
void cfuzzing_end(void);
