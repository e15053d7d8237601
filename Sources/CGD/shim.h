#pragma once
#include <stdarg.h>
#include <gd.h>
#include <stdlib.h>
#include <webp/encode.h>

static inline void cgd_say_nothing(int priority, const char *format, va_list arguments) {
  (void)priority;
  (void)format;
  (void)arguments;
}

// The library writes what it finds in damaged pictures to standard error, which belongs to the operator.
static inline void cgd_be_quiet(void) { gdSetErrorMethod(cgd_say_nothing); }

// A picture as one of the later ones of an animation: the server's library does not smooth the edges of blocks in those.
// NULL where it cannot be encoded; else for free().
static inline unsigned char *cgd_webp_unfiltered(gdImagePtr image, float quality, size_t *size) {
  WebPConfig config;
  WebPPicture picture;
  WebPMemoryWriter writer;
  if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) return NULL;
  config.quality = quality;
  config.filter_strength = 0;
  picture.use_argb = 1;
  picture.width = image->sx;
  picture.height = image->sy;
  if (!WebPPictureAlloc(&picture)) return NULL;
  for (int y = 0; y < picture.height; y++)
    for (int x = 0; x < picture.width; x++)
      picture.argb[y * picture.argb_stride + x] = 0xFF000000U | ((unsigned)image->tpixels[y][x] & 0xFFFFFFU);
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  int isDone = WebPEncode(&config, &picture);
  WebPPictureFree(&picture);
  if (!isDone) {
    WebPMemoryWriterClear(&writer);
    return NULL;
  }
  *size = writer.size;
  return writer.mem;
}
