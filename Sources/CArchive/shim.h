#pragma once
#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

// libarchive converts names by the locale of the thread; Swift does not see the macro for the mask.

// A locale that knows UTF-8, or NULL where the system has none.
static inline locale_t archive_utf8_locale(void) {
  locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  if (!locale) locale = newlocale(LC_CTYPE_MASK, "en_US.UTF-8", (locale_t)0);
  return locale;
}

// The locale that knows nothing but ASCII.
static inline locale_t archive_plain_locale(void) { return newlocale(LC_CTYPE_MASK, "C", (locale_t)0); }
