#pragma once
#include <stdarg.h>
#include <gd.h>

static inline void cgd_say_nothing(int priority, const char *format, va_list arguments) {
  (void)priority;
  (void)format;
  (void)arguments;
}

// The library writes what it finds in damaged pictures to standard error, which belongs to the operator.
static inline void cgd_be_quiet(void) { gdSetErrorMethod(cgd_say_nothing); }
