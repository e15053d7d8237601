#define _XOPEN_SOURCE_EXTENDED 1
#define NCURSES_WIDECHAR 1

#include "ccurses.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#if __has_include(<ncursesw/ncurses.h>)
#include <ncursesw/ncurses.h>
#include <ncursesw/term.h>
#else
#include <ncurses.h>
#include <term.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

static SCREEN *screen;
static attr_t style_attributes[CCURSES_STYLES];
static short style_pairs[CCURSES_STYLES];

// ---- Leaving the terminal clean, whatever happens -----------------------------------------------------------------
// Everything that a handler touches is prepared beforehand: a handler may only write, set modes and raise.

static struct termios saved_modes;
static char reset_bytes[512];
static volatile sig_atomic_t reset_length;
static volatile sig_atomic_t on_screen;
static volatile sig_atomic_t drawing;
static int saved_error = -1;
static int captured_error = -1;
static int signal_pipe[2] = {-1, -1};
static volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t ending_signal;
static int chain_crashes;
static char handler_stack[64 * 1024];

static const int crash_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGQUIT, SIGSYS};
static const int event_signals[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
static struct sigaction previous_crash[COUNT(crash_signals)];
static struct sigaction previous_event[COUNT(event_signals)];

static void write_all(int descriptor, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, bytes, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes += written;
    length -= (size_t)written;
  }
}

// Standard error back to where it pointed, and on it what was written meanwhile: a crash says its reason there.
static void release_error(void) {
  if (captured_error < 0) return;
  dup2(saved_error, STDERR_FILENO);
  char chunk[4096];
  off_t offset = 0;
  ssize_t count;
  while ((count = pread(captured_error, chunk, sizeof chunk, offset)) > 0) {
    write_all(STDERR_FILENO, chunk, (size_t)count);
    offset += count;
  }
  close(captured_error);
  close(saved_error);
  captured_error = saved_error = -1;
}

static void capture_error(void) {
  if (!isatty(STDERR_FILENO)) return;
  captured_error = memfd_create("stderr", MFD_CLOEXEC);
  if (captured_error < 0) return;
  saved_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved_error < 0) {
    close(captured_error);
    captured_error = -1;
    return;
  }
  dup2(captured_error, STDERR_FILENO);
}

static void leave_from_handler(void) {
  if (!on_screen) return;
  on_screen = 0;
  write_all(STDOUT_FILENO, reset_bytes, (size_t)reset_length);
  tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
  release_error();
}

static void end_with(int signal_number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(signal_number, &action, NULL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, signal_number);
  raise(signal_number);
  sigprocmask(SIG_UNBLOCK, &one, NULL);
}

static void crashed(int signal_number) {
  leave_from_handler();
  // Swift's own handler would wait half a minute for a key; it is kept only where the user asked for it by name.
  if (chain_crashes) {
    for (size_t i = 0; i < COUNT(crash_signals); i++)
      if (crash_signals[i] == signal_number) sigaction(signal_number, &previous_crash[i], NULL);
    raise(signal_number);
    return;
  }
  end_with(signal_number);
}

static void signalled(int signal_number) {
  int error = errno;
  int seen = 0;
  switch (signal_number) {
    case SIGWINCH: seen = CCURSES_SIGNAL_RESIZED; break;
    case SIGTSTP: seen = CCURSES_SIGNAL_STOPPED; break;
    case SIGCONT: seen = CCURSES_SIGNAL_CONTINUED; break;
    default:
      // The first asks, and the program ends in its own way; who asks twice is not kept waiting.
      if (ending_signal) {
        leave_from_handler();
        end_with(signal_number);
      }
      ending_signal = signal_number;
      // A picture that is half sent is finished first, else its rest would land on the shell's screen.
      if (!drawing) leave_from_handler();
      seen = CCURSES_SIGNAL_ENDED;
  }
  __atomic_fetch_or(&signals_seen, seen, __ATOMIC_SEQ_CST);
  if (signal_pipe[1] >= 0) {
    ssize_t written = write(signal_pipe[1], "", 1);
    (void)written;
  }
  errno = error;
}

static void take_signals(void) {
  stack_t stack;
  memset(&stack, 0, sizeof stack);
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigfillset(&action.sa_mask);
  action.sa_flags = SA_ONSTACK;
  action.sa_handler = crashed;
  for (size_t i = 0; i < COUNT(crash_signals); i++) sigaction(crash_signals[i], &action, &previous_crash[i]);
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  action.sa_handler = signalled;
  for (size_t i = 0; i < COUNT(event_signals); i++) {
    sigaction(event_signals[i], NULL, &previous_event[i]);
    // What our parent wanted ignored (nohup) stays ignored; the size of the window concerns only us.
    if (previous_event[i].sa_handler == SIG_IGN && event_signals[i] != SIGWINCH) continue;
    sigaction(event_signals[i], &action, NULL);
  }
}

static void give_signals_back(void) {
  for (size_t i = 0; i < COUNT(crash_signals); i++) sigaction(crash_signals[i], &previous_crash[i], NULL);
  for (size_t i = 0; i < COUNT(event_signals); i++) sigaction(event_signals[i], &previous_event[i], NULL);
}

// ---- The bytes that a handler writes ------------------------------------------------------------------------------

static char *collected;
static size_t collected_length;

static int collect(int byte) {
  if (collected_length + 1 < sizeof reset_bytes) collected[collected_length++] = (char)byte;
  return byte;
}

static const char *capability(const char *name) {
  const char *value = tigetstr(name);
  return value == (const char *)-1 ? NULL : value;
}

// What the window is called belongs to its owner: it is put aside, and given back whatever ends us.
static const char title_aside[] = "\033[22;0t";
static const char title_back[] = "\033[23;0t";
static char title[600];
static size_t title_length;

static const char paste_on[] = "\033[?2004h";
static const char paste_off[] = "\033[?2004l";

static void prepare_reset(void) {
  static char buffer[sizeof reset_bytes];
  collected = buffer;
  collected_length = 0;
  for (const char *byte = paste_off; *byte; byte++) collect(*byte);
  if (title_length)
    for (const char *byte = title_back; *byte; byte++) collect(*byte);
  static const char *const names[] = {"sgr0", "op", "rmkx", "cnorm"};
  for (size_t i = 0; i < COUNT(names); i++)
    if (capability(names[i])) tputs(capability(names[i]), 1, collect);
  const char *leave = capability("rmcup"), *move = capability("cup");
  if (leave) tputs(leave, 1, collect);
  if (!leave && move) {
    // Without an alternate screen our picture stays where it is; the prompt comes below it.
    tputs(tiparm(move, getmaxy(stdscr) - 1, 0), 1, collect);
    collect('\r');
    collect('\n');
  }
  reset_length = 0;
  memcpy(reset_bytes, buffer, collected_length);
  reset_length = (sig_atomic_t)collected_length;
}

// ---- Opening and closing ------------------------------------------------------------------------------------------

#define PASTE_BEGIN_CODE (KEY_MAX + 201)
#define PASTE_END_CODE (KEY_MAX + 202)

static void choose_locale(int utf8) {
  // Only the kind of characters: numbers keep their point.
  const char *chosen = setlocale(LC_CTYPE, "");
  if (utf8 && (!chosen || MB_CUR_MAX < 4)) chosen = setlocale(LC_CTYPE, "C.UTF-8");
  if (!chosen) setlocale(LC_CTYPE, "C");
}

// What terminals send although their entry says otherwise: PuTTY's function keys, cursor keys in the other mode, the
// keys of the VT220. Harmless where they mean nothing.
static void define_other_sequences(void) {
  static const struct {
    const char *sequence;
    int code;
  } others[] = {
      {"\033[A", KEY_UP},      {"\033[B", KEY_DOWN},    {"\033[C", KEY_RIGHT},   {"\033[D", KEY_LEFT},
      {"\033OA", KEY_UP},      {"\033OB", KEY_DOWN},    {"\033OC", KEY_RIGHT},   {"\033OD", KEY_LEFT},
      {"\033[H", KEY_HOME},    {"\033[F", KEY_END},     {"\033OH", KEY_HOME},    {"\033OF", KEY_END},
      {"\033[1~", KEY_HOME},   {"\033[4~", KEY_END},    {"\033[7~", KEY_HOME},   {"\033[8~", KEY_END},
      {"\033[3~", KEY_DC},     {"\033[5~", KEY_PPAGE},  {"\033[6~", KEY_NPAGE},  {"\033[Z", KEY_BTAB},
      {"\033[11~", KEY_F(1)},  {"\033[12~", KEY_F(2)},  {"\033[13~", KEY_F(3)},  {"\033[14~", KEY_F(4)},
      {"\033OP", KEY_F(1)},    {"\033OQ", KEY_F(2)},    {"\033OR", KEY_F(3)},    {"\033OS", KEY_F(4)},
      {"\033OM", KEY_ENTER},
  };
  for (size_t i = 0; i < COUNT(others); i++)
    if (key_defined(others[i].sequence) == 0) define_key(others[i].sequence, others[i].code);
}

static void set_modes(void) {
  raw();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  scrollok(stdscr, FALSE);
  idlok(stdscr, FALSE);
  leaveok(stdscr, FALSE);
  define_key("\033[200~", PASTE_BEGIN_CODE);
  define_key("\033[201~", PASTE_END_CODE);
  define_other_sequences();
}

int ccurses_open(const char *const *types, int count, int escape_delay, int utf8) {
  if (screen) return CCURSES_ALREADY_OPEN;
  if (syscall(SYS_gettid) != getpid()) return CCURSES_NOT_MAIN_THREAD;
  if (tcgetattr(STDIN_FILENO, &saved_modes) != 0) return CCURSES_SYSTEM_ERROR;
  if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return CCURSES_SYSTEM_ERROR;
  // ncurses would believe these and never follow the window.
  unsetenv("LINES");
  unsetenv("COLUMNS");
  choose_locale(utf8);
  fflush(stdout);
  for (int i = 0; i < count && !screen; i++) screen = newterm(types[i], stdout, stdin);
  if (!screen) return CCURSES_UNKNOWN_TERMINAL;
  set_term(screen);
  if (!capability("cup")) {
    ccurses_close();
    return CCURSES_NO_CURSOR_ADDRESSING;
  }
  if (!getenv("ESCDELAY")) set_escdelay(escape_delay);
  if (has_colors() && start_color() == OK) use_default_colors();
  set_modes();
  memset(style_attributes, 0, sizeof style_attributes);
  memset(style_pairs, 0, sizeof style_pairs);
  chain_crashes = getenv("SWIFT_BACKTRACE") != NULL;
  signals_seen = 0;
  ending_signal = 0;
  prepare_reset();
  capture_error();
  take_signals();
  on_screen = 1;
  write_all(STDOUT_FILENO, paste_on, sizeof paste_on - 1);
  ccurses_follow_size();
  return CCURSES_OPENED;
}

void ccurses_close(void) {
  if (!screen) return;
  ccurses_leave();
  if (captured_error >= 0) release_error();
  if (reset_length) give_signals_back();
  reset_length = 0;
  title_length = 0;
  delscreen(screen);
  screen = NULL;
}

static void show_title(void) {
  if (!title_length) return;
  write_all(STDOUT_FILENO, title_aside, sizeof title_aside - 1);
  write_all(STDOUT_FILENO, title, title_length);
}

static void give_title_back(void) {
  if (title_length) write_all(STDOUT_FILENO, title_back, sizeof title_back - 1);
}

void ccurses_title(const char *text, int length) {
  if (!screen || !on_screen || length < 0) return;
  static const char begin[] = "\033]2;", end[] = "\033\\";
  int was_set = title_length > 0;
  if (length == 0) {
    give_title_back();
    title_length = 0;
  } else {
    size_t room = sizeof title - sizeof begin - sizeof end;
    size_t count = (size_t)length < room ? (size_t)length : room;
    memcpy(title, begin, sizeof begin - 1);
    memcpy(title + sizeof begin - 1, text, count);
    memcpy(title + sizeof begin - 1 + count, end, sizeof end - 1);
    title_length = sizeof begin - 1 + count + sizeof end - 1;
    if (was_set) write_all(STDOUT_FILENO, title, title_length);
    else show_title();
  }
  if (was_set != (title_length > 0)) prepare_reset();
}

void ccurses_bell(void) {
  if (screen && on_screen) write_all(STDOUT_FILENO, "\a", 1);
}

void ccurses_leave(void) {
  if (!screen) return;
  // A handler has left already: its bytes are out, and endwin would move the cursor once more.
  int was_on_screen = on_screen;
  on_screen = 0;
  if (was_on_screen) {
    write_all(STDOUT_FILENO, paste_off, sizeof paste_off - 1);
    give_title_back();
  }
  if (was_on_screen || !reset_length) endwin();
  tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_modes);
}

void ccurses_return(void) {
  if (!screen || ending_signal) return;
  reset_prog_mode();
  write_all(STDOUT_FILENO, paste_on, sizeof paste_on - 1);
  show_title();
  on_screen = 1;
  ccurses_follow_size();
  clearok(curscr, TRUE);
  wrefresh(stdscr);
}

void ccurses_suspend(void) {
  if (!screen || ending_signal) return;
  ccurses_leave();
  struct sigaction action, ours;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(SIGTSTP, &action, &ours);
  raise(SIGTSTP);
  sigaction(SIGTSTP, &ours, NULL);
  __atomic_fetch_and(&signals_seen, ~CCURSES_SIGNAL_CONTINUED, __ATOMIC_SEQ_CST);
  // The shell's modes may have changed while it had the terminal.
  tcgetattr(STDIN_FILENO, &saved_modes);
  ccurses_return();
}

// ---- Drawing ------------------------------------------------------------------------------------------------------

int ccurses_rows(void) { return screen ? getmaxy(stdscr) : 0; }
int ccurses_columns(void) { return screen ? getmaxx(stdscr) : 0; }
int ccurses_colours(void) { return screen && has_colors() && COLORS >= 8 && COLOR_PAIRS > CCURSES_STYLES ? COLORS : 0; }

void ccurses_define_style(int style, int foreground, int background, int attributes) {
  if (!screen || style < 0 || style >= CCURSES_STYLES) return;
  attr_t set = 0;
  if (attributes & CCURSES_BOLD) set |= WA_BOLD;
  if (attributes & CCURSES_DIM) set |= WA_DIM;
  if (attributes & CCURSES_ITALIC) set |= WA_ITALIC;
  if (attributes & CCURSES_UNDERLINE) set |= WA_UNDERLINE;
  if (attributes & CCURSES_REVERSE) set |= WA_REVERSE;
  style_attributes[style] = set;
  style_pairs[style] = 0;
  if (ccurses_colours() == 0 || (foreground < 0 && background < 0)) return;
  short pair = (short)(style + 1);
  if (init_pair(pair, (short)foreground, (short)background) == OK) style_pairs[style] = pair;
}

void ccurses_put(int row, int column, const unsigned int *scalars, int count, int style) {
  if (!screen || style < 0 || style >= CCURSES_STYLES) return;
  wchar_t text[CCHARW_MAX + 1] = {L' ', 0};
  if (count > CCHARW_MAX) count = CCHARW_MAX;
  for (int i = 0; i < count; i++) text[i] = (wchar_t)scalars[i];
  if (count > 0) text[count] = 0;
  cchar_t cell;
  if (setcchar(&cell, text, style_attributes[style], style_pairs[style], NULL) != OK) return;
  // The last corner reports an error because the cursor cannot go on; the cell is set all the same.
  (void)mvwadd_wch(stdscr, row, column, &cell);
}

void ccurses_show(int row, int column, int visible) {
  if (!screen || !on_screen) return;
  wmove(stdscr, row, column);
  drawing = 1;
  curs_set(visible ? 1 : 0);
  wrefresh(stdscr);
  drawing = 0;
  if (ending_signal) leave_from_handler();
}

void ccurses_forget(void) {
  if (screen) clearok(curscr, TRUE);
}

int ccurses_follow_size(void) {
  struct winsize size;
  if (!screen || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return 0;
  if (size.ws_row == getmaxy(stdscr) && size.ws_col == getmaxx(stdscr)) return 0;
  if (resizeterm(size.ws_row, size.ws_col) != OK) return 0;
  prepare_reset();
  return 1;
}

// ---- Reading ------------------------------------------------------------------------------------------------------

// Keys held together with Shift, Alt or Ctrl that terminals of the xterm family report have no number of their own.
static int named_key(int code) {
  static const struct {
    const char *name;
    int key;
  } names[] = {
      {"kUP", CCURSES_UP},      {"kDN", CCURSES_DOWN},      {"kLFT", CCURSES_LEFT}, {"kRIT", CCURSES_RIGHT},
      {"kPRV", CCURSES_PAGE_UP}, {"kNXT", CCURSES_PAGE_DOWN}, {"kHOM", CCURSES_HOME}, {"kEND", CCURSES_END},
      {"kDC", CCURSES_DELETE},
  };
  const char *name = keyname(code);
  if (!name) return CCURSES_OTHER;
  for (size_t i = 0; i < COUNT(names); i++)
    if (strncmp(name, names[i].name, strlen(names[i].name)) == 0) return names[i].key;
  return CCURSES_OTHER;
}

static int key_of(int code) {
  switch (code) {
    case KEY_UP: case KEY_SR: return CCURSES_UP;
    case KEY_DOWN: case KEY_SF: return CCURSES_DOWN;
    case KEY_LEFT: case KEY_SLEFT: return CCURSES_LEFT;
    case KEY_RIGHT: case KEY_SRIGHT: return CCURSES_RIGHT;
    case KEY_PPAGE: case KEY_A3: return CCURSES_PAGE_UP;
    case KEY_NPAGE: case KEY_C3: return CCURSES_PAGE_DOWN;
    case KEY_HOME: case KEY_A1: case KEY_FIND: return CCURSES_HOME;
    case KEY_END: case KEY_C1: case KEY_SELECT: return CCURSES_END;
    case KEY_BACKSPACE: return CCURSES_BACKSPACE;
    case KEY_DC: return CCURSES_DELETE;
    case KEY_ENTER: return CCURSES_ENTER;
    case KEY_BTAB: return CCURSES_BACK_TAB;
    case KEY_RESIZE: return CCURSES_RESIZE;
    case PASTE_BEGIN_CODE: return CCURSES_PASTE_BEGIN;
    case PASTE_END_CODE: return CCURSES_PASTE_END;
    default: break;
  }
  if (code > KEY_F0 && code <= KEY_F0 + 24) return CCURSES_F0 + code - KEY_F0;
  return named_key(code);
}

int ccurses_read(unsigned int *value, int wait) {
  if (!screen || ending_signal) return CCURSES_NOTHING;
  wtimeout(stdscr, wait);
  wint_t read_value = 0;
  errno = 0;
  int status = wget_wch(stdscr, &read_value);
  if (status == KEY_CODE_YES) {
    *value = (unsigned)key_of((int)read_value);
    return CCURSES_KEY;
  }
  if (status == OK) {
    *value = (unsigned)read_value;
    return CCURSES_CHARACTER;
  }
  if (errno == EIO || errno == ENXIO || errno == EBADF) return CCURSES_GONE;
  // A terminal that hung up is always readable and never has anything.
  struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
  if (poll(&terminal, 1, 0) > 0) {
    int waiting = 0;
    if (terminal.revents & (POLLHUP | POLLERR | POLLNVAL)) return CCURSES_GONE;
    if (ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting == 0) return CCURSES_GONE;
  }
  return CCURSES_NOTHING;
}

int ccurses_read_paste(unsigned char *bytes, int capacity, int *matched, int wait) {
  static const char mark[] = "\033[201~";
  const int length = sizeof mark - 1;
  int count = 0, has_read = 0;
  while (screen && !ending_signal && *matched < length && count + 2 * length <= capacity) {
    struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
    int ready = poll(&terminal, 1, has_read ? 0 : wait);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    // No more than may be missing of the mark: what comes after it is for ncurses to read.
    unsigned char part[sizeof mark];
    ssize_t got = read(STDIN_FILENO, part, (size_t)(length - *matched));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return count > 0 ? count : -1;
    has_read = 1;
    for (ssize_t i = 0; i < got; i++) {
      if (part[i] == (unsigned char)mark[*matched]) {
        ++*matched;
        continue;
      }
      // What looked like the mark was text.
      memcpy(bytes + count, mark, (size_t)*matched);
      count += *matched;
      *matched = part[i] == (unsigned char)mark[0];
      if (!*matched) bytes[count++] = part[i];
    }
  }
  return count;
}

int ccurses_pending(void) {
  int waiting = 0;
  return screen && ioctl(STDIN_FILENO, FIONREAD, &waiting) == 0 ? waiting : 0;
}

// ---- Waking up ----------------------------------------------------------------------------------------------------

int ccurses_signal_descriptor(void) { return signal_pipe[0]; }

int ccurses_take_signals(void) {
  char bytes[64];
  while (read(signal_pipe[0], bytes, sizeof bytes) > 0) {}
  return __atomic_exchange_n(&signals_seen, 0, __ATOMIC_SEQ_CST);
}

int ccurses_ending_signal(void) { return ending_signal; }

int ccurses_make_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
