#pragma once
#include <sys/types.h>

// Starts a program as a child: own session when asked, default signals and an empty signal mask, no descriptor but
// the three given (-1 stands for /dev/null). Swift cannot say this: the mask that its runtime sets on worker threads
// would be inherited and make the child deaf to SIGTERM. Returns 0 or an errno value.
int csystem_spawn(pid_t *pid, const char *path, char *const argv[], char *const envp[], const char *directory,
                  int input, int output, int error, int new_session);

// Columns that a terminal uses for one character: 0, 1 or 2, or -1 where it is not printable.
int csystem_character_width(unsigned int scalar);

// Opens PATH below the folder DIRECTORY without following any symbolic link and without leaving it.
// Returns a descriptor, or -1 with errno.
int csystem_open_beneath(int directory, const char *path, int flags, unsigned int mode);

// The exclusive, non-blocking advisory lock on a descriptor. Returns 0, or -1 with errno.
int csystem_lock(int descriptor);

// Releases the lock for all copies of the descriptor, those of children that are about to start a program too.
int csystem_unlock(int descriptor);

// Free bytes for an unprivileged user on the file system that holds PATH, or -1 with errno.
long long csystem_free_bytes(const char *path);

// The kernel's number for the kind of file system that holds PATH, or -1 with errno.
long csystem_filesystem_type(const char *path);

// Peak resident memory of this process in bytes.
long long csystem_peak_memory(void);

// The text of an errno value, in the C locale's words. Returns 0, or an errno value.
int csystem_error_text(int code, char *buffer, unsigned long size);

// An unnamed file in FOLDER, open for reading and writing, gone when it is closed; or -1 with errno.
int csystem_unnamed_file(const char *folder);

// A file in FOLDER that has no name yet and can be given one by csystem_name_file; mode 0600. Returns a descriptor, or
// -1 with errno: EOPNOTSUPP where the file system knows no such files.
int csystem_nameless_file(const char *folder);

// Gives the nameless file its name. Never replaces: EEXIST. Returns 0, or -1 with errno.
int csystem_name_file(int descriptor, const char *path);

// Renames, but never over something that exists: EEXIST. Returns 0, or -1 with errno.
int csystem_rename_new(const char *from, const char *to);

// The first place of NEEDLE in HAYSTACK, or NULL.
const void *csystem_find(const void *haystack, unsigned long length, const void *needle, unsigned long needle_length);

// Writes everything of the file system that holds an open file to its disk. Returns 0, or -1 with errno.
int csystem_sync_filesystem(int descriptor);

// Changes the effective user of the calling thread alone; the C library's seteuid changes that of all threads, which
// then write files as somebody else. Root gets back with 0. Returns 0, or -1 with errno.
int csystem_thread_user(unsigned int user);

// Gives the calling thread a stack for signal handlers, so that one which has run out of its own can still be handled.
// Returns it, or NULL where there is no memory; it is given back at the thread's end.
void *csystem_begin_crash_stack(void);
void csystem_end_crash_stack(void *stack);

// The version of GNU libc that this process runs with, for example "2.36".
const char *csystem_libc_version(void);

// O_PATH: opens a name without opening what it stands for.
int csystem_path_only(void);
