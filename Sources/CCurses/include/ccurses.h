#pragma once

// The one place that includes ncurses. It draws one screen for one process, from the main thread only, and it puts the
// terminal back whatever ends the process. Plain C types only: Swift imports neither ncurses' macros nor its globals.

// Opens the screen on standard input and output. TYPES are names of terminals, tried in order until one is known.
// ESCAPE_DELAY is in milliseconds, used unless the environment says otherwise.
#define CCURSES_OPENED 0
#define CCURSES_ALREADY_OPEN 1
#define CCURSES_UNKNOWN_TERMINAL 2
#define CCURSES_NO_CURSOR_ADDRESSING 3
#define CCURSES_NOT_MAIN_THREAD 4
#define CCURSES_SYSTEM_ERROR 5
int ccurses_open(const char *const *types, int count, int escape_delay, int utf8);

// Leaves the screen, puts the terminal's modes and the signals back, prints what standard error received meanwhile.
void ccurses_close(void);

// Leaves the screen for a while (another program, a stopped job) and takes it again.
void ccurses_leave(void);
void ccurses_return(void);

// Stops this process as Ctrl-Z would, and takes the screen again when it goes on.
void ccurses_suspend(void);

int ccurses_rows(void);
int ccurses_columns(void);

// How many colours there are: 0 on a terminal without.
int ccurses_colours(void);

// Bits for the attributes of a style.
#define CCURSES_BOLD 1
#define CCURSES_DIM 2
#define CCURSES_ITALIC 4
#define CCURSES_UNDERLINE 8
#define CCURSES_REVERSE 16

// A style is a small number from 0 to CCURSES_STYLES - 1; colours are palette indices, -1 the terminal's own.
#define CCURSES_STYLES 60
void ccurses_define_style(int style, int foreground, int background, int attributes);

// One cell: a character, and the marks that stand over it; a space where COUNT is 0.
void ccurses_put(int row, int column, const unsigned int *scalars, int count, int style);

// Sends what changed since the last time. The hardware cursor stands at the cell even when it cannot be seen.
void ccurses_show(int row, int column, int visible);

// Draws everything anew at the next ccurses_show.
void ccurses_forget(void);

// Names the window, in the encoding of the terminal and without control characters; the name that it had is given back
// when LENGTH is 0, and whenever the screen is left. Only for terminals that know how.
void ccurses_title(const char *text, int length);

void ccurses_bell(void);

// What a reading gave. A character and a control character arrive as their scalar.
#define CCURSES_NOTHING 0
#define CCURSES_CHARACTER 1
#define CCURSES_KEY 2
#define CCURSES_GONE 3
// Keys, by position; the function keys follow from CCURSES_F0.
#define CCURSES_UP 1
#define CCURSES_DOWN 2
#define CCURSES_LEFT 3
#define CCURSES_RIGHT 4
#define CCURSES_PAGE_UP 5
#define CCURSES_PAGE_DOWN 6
#define CCURSES_HOME 7
#define CCURSES_END 8
#define CCURSES_BACKSPACE 9
#define CCURSES_DELETE 10
#define CCURSES_ENTER 11
#define CCURSES_BACK_TAB 12
#define CCURSES_PASTE_BEGIN 13
#define CCURSES_PASTE_END 14
#define CCURSES_RESIZE 15
#define CCURSES_OTHER 16
#define CCURSES_F0 100

// Reads one key. Waits WAIT milliseconds for its first byte, and as long as set by ESCAPE_DELAY after an Escape.
int ccurses_read(unsigned int *value, int wait);

// Reads bytes of a paste, up to its end mark and not beyond. *MATCHED is how many of the mark's 6 bytes have come, 0 to
// begin with. Waits WAIT milliseconds for the first byte. Gives how many bytes of text were read, -1 at the end of input.
int ccurses_read_paste(unsigned char *bytes, int capacity, int *matched, int wait);

// How many bytes of input wait to be read; 0 if that is unknown.
int ccurses_pending(void);

// Readable when a signal came. Take them with ccurses_take_signals, a set of the bits below.
int ccurses_signal_descriptor(void);
#define CCURSES_SIGNAL_RESIZED 1
#define CCURSES_SIGNAL_STOPPED 2
#define CCURSES_SIGNAL_CONTINUED 4
#define CCURSES_SIGNAL_ENDED 8
int ccurses_take_signals(void);

// The signal that asked this process to end, or 0. The terminal is left as soon as it comes; a second one kills.
int ccurses_ending_signal(void);

// Asks the terminal for its size. 1 if it changed.
int ccurses_follow_size(void);

// A descriptor that one thread writes to and another polls; or -1 with errno.
int ccurses_make_event(void);
