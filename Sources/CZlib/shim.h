#pragma once
#include <zlib.h>

// The macros that Swift cannot import.
static inline int zlib_deflate_raw_init(z_stream *s, int level) {
  return deflateInit2(s, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}
static inline int zlib_inflate_raw_init(z_stream *s) { return inflateInit2(s, -15); }
static inline int zlib_inflate_gzip_init(z_stream *s) { return inflateInit2(s, 15 + 16); }
