#include "csystem.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/openat2.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <wchar.h>

static int connect_stream(posix_spawn_file_actions_t *actions, int from, int to) {
  if (from < 0) return posix_spawn_file_actions_addopen(actions, to, "/dev/null", to == 0 ? O_RDONLY : O_WRONLY, 0);
  return posix_spawn_file_actions_adddup2(actions, from, to);
}

int csystem_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const char *directory,
                  int input, int output, int error, int new_session) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (new_session) flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags(&attributes, flags);
  int result = 0;
  if (directory) result = posix_spawn_file_actions_addchdir_np(&actions, directory);
  if (!result) result = connect_stream(&actions, input, 0);
  if (!result) result = connect_stream(&actions, output, 1);
  if (!result) result = connect_stream(&actions, error, 2);
  if (!result) result = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  if (!result) result = posix_spawn(pid, path, &actions, &attributes, argv, envp);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return result;
}

static locale_t utf8_locale;
static void make_utf8_locale(void) { utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

int csystem_character_width(unsigned int scalar) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_utf8_locale);
  if (!utf8_locale) return wcwidth((wchar_t)scalar);
  // The table of this thread's own locale knows nothing but ASCII where LANG says "C".
  locale_t previous = uselocale(utf8_locale);
  int width = wcwidth((wchar_t)scalar);
  uselocale(previous);
  return width;
}

int csystem_open_beneath(int directory, const char *path, int flags, unsigned int mode) {
  struct open_how how;
  memset(&how, 0, sizeof how);
  how.flags = (uint64_t)flags | O_CLOEXEC;
  how.mode = (flags & O_CREAT) ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

const char *csystem_libc_version(void) { return gnu_get_libc_version(); }

int csystem_path_only(void) { return O_PATH; }

int csystem_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB); }

int csystem_unlock(int descriptor) { return flock(descriptor, LOCK_UN); }

long long csystem_free_bytes(const char *path) {
  struct statvfs status;
  if (statvfs(path, &status) != 0) return -1;
  return (long long)status.f_bavail * (long long)status.f_frsize;
}

long csystem_filesystem_type(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (long)status.f_type : -1;
}

long long csystem_peak_memory(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (long long)usage.ru_maxrss * 1024;
}

int csystem_error_text(int code, char *buffer, unsigned long size) {
  const char *text = strerror_r(code, buffer, size);
  if (text != buffer) {
    strncpy(buffer, text, size - 1);
    buffer[size - 1] = 0;
  }
  return 0;
}

int csystem_unnamed_file(const char *folder) {
  int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return descriptor;
  // Some file systems know no unnamed files: a name that is gone at once does the same.
  char path[4096];
  if ((unsigned)snprintf(path, sizeof path, "%s/.aloha-XXXXXX", folder) >= sizeof path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  descriptor = mkostemp(path, O_CLOEXEC);
  if (descriptor >= 0) unlink(path);
  return descriptor;
}

int csystem_nameless_file(const char *folder) {
  // The name comes through /proc; without it, the file could never be named.
  if (access("/proc/self/fd", X_OK) != 0) {
    errno = EOPNOTSUPP;
    return -1;
  }
  int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0 && (errno == EISDIR || errno == EINVAL)) errno = EOPNOTSUPP;
  return descriptor;
}

int csystem_name_file(int descriptor, const char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  return linkat(AT_FDCWD, link, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

int csystem_rename_new(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  // Not every file system knows it. A second name cannot replace anything either.
  if (link(from, to) != 0) return -1;
  return unlink(from);
}

const void *csystem_find(const void *haystack, unsigned long length, const void *needle, unsigned long needle_length) {
  return memmem(haystack, length, needle, needle_length);
}

int csystem_sync_filesystem(int descriptor) { return syncfs(descriptor); }

int csystem_thread_user(unsigned int user) { return (int)syscall(SYS_setresuid, (uid_t)-1, (uid_t)user, (uid_t)-1); }

#define CRASH_STACK (64 * 1024)

void *csystem_begin_crash_stack(void) {
  stack_t stack = {.ss_size = CRASH_STACK};
  stack.ss_sp = mmap(NULL, CRASH_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack.ss_sp == MAP_FAILED) return NULL;
  if (sigaltstack(&stack, NULL) == 0) return stack.ss_sp;
  munmap(stack.ss_sp, CRASH_STACK);
  return NULL;
}

void csystem_end_crash_stack(void *stack) {
  if (!stack) return;
  stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, CRASH_STACK);
}
