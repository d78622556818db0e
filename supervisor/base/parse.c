#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PARSE_TEXT = 64 }; /* no number, size, time or signal is longer than this */

/* Copies text without surrounding blanks. */
static int parse_trim(const char *text, char *out)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    if (len >= PARSE_TEXT)
        return -EINVAL;
    (void)snprintf(out, PARSE_TEXT, "%.*s", (int)len, text);
    return 0;
}

/* Digits of `base` with single underscores between them, to the end of the text. */
static int parse_digits(const char *text, int base, int64_t *out)
{
    int64_t value = 0;
    bool digit_before = false;
    for (; *text; text++) {
        if (*text == '_' && digit_before && isdigit((unsigned char)text[1])) {
            digit_before = false;
            continue;
        }
        int digit = *text - '0';
        if (digit < 0 || digit >= base)
            return -EINVAL;
        if (__builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, (int64_t)digit, &value))
            return -ERANGE;
        digit_before = true;
    }
    if (!digit_before)
        return -EINVAL;
    *out = value;
    return 0;
}

int parse_int(const char *text, int64_t *out, struct err *e)
{
    char word[PARSE_TEXT];
    int64_t value = 0;
    int rc = parse_trim(text, word);
    bool negative = rc == 0 && word[0] == '-';
    bool sign = rc == 0 && (word[0] == '-' || word[0] == '+');
    if (rc == 0)
        rc = parse_digits(word + (sign ? 1 : 0), 10, &value);
    if (rc == -ERANGE)
        return err_set(e, rc, "the number '%s' is too large", text);
    if (rc < 0)
        return err_set(e, rc, "invalid literal for int() with base 10: '%s'", text);
    *out = negative ? -value : value;
    return 0;
}

int parse_bool(const char *text, bool *out, struct err *e)
{
    // clang-format off
    static const struct { const char *word; bool value; } words[] = {
        {"yes", true}, {"true", true}, {"on", true}, {"1", true},
        {"no", false}, {"false", false}, {"off", false}, {"0", false},
    };
    // clang-format on
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcasecmp(text, words[i].word) == 0) {
            *out = words[i].value;
            return 0;
        }
    }
    return err_set(e, -EINVAL, "not a valid boolean value: '%s'", text);
}

int parse_size(const char *text, int64_t *out, struct err *e)
{
    // clang-format off
    static const struct { const char *suffix; int64_t factor; } units[] = {
        {"kb", 1LL << 10}, {"mb", 1LL << 20}, {"gb", 1LL << 30},
    };
    // clang-format on
    char word[PARSE_TEXT];
    int64_t factor = 1;
    if (parse_trim(text, word) < 0)
        return err_set(e, -EINVAL, "invalid literal for int() with base 10: '%.64s'", text);
    for (char *c = word; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    size_t len = strlen(word);
    for (size_t i = 0; len >= 2 && i < sizeof units / sizeof *units; i++) {
        if (strcmp(word + len - 2, units[i].suffix) == 0) {
            factor = units[i].factor;
            word[len - 2] = '\0';
            break;
        }
    }
    int64_t value;
    int rc = parse_int(word, &value, e);
    if (rc < 0)
        return rc;
    if (__builtin_mul_overflow(value, factor, &value))
        return err_set(e, -ERANGE, "the size '%s' is too large", text);
    *out = value;
    return 0;
}

static bool parse_no_limit(const char *text)
{
    char word[PARSE_TEXT];
    return parse_trim(text, word) == 0 &&
           (strcasecmp(word, "max") == 0 || strcasecmp(word, "infinity") == 0);
}

/* A plain decimal number from 0 on and where it ends; false: there is none. */
static bool parse_decimal(const char *word, double *value, const char **rest)
{
    size_t digits = strspn(word, "0123456789.");
    char *end = NULL;
    if (digits == 0)
        return false;
    *value = strtod(word, &end);
    *rest = word + digits;
    return end == *rest;
}

int parse_memory(const char *text, int64_t *out, struct err *e)
{
    static const char units[] = "kmgt";
    char word[PARSE_TEXT];
    const char *rest = NULL;
    double value = 0;
    if (parse_no_limit(text)) {
        *out = INT64_MAX;
        return 0;
    }
    bool ok = parse_trim(text, word) == 0 && parse_decimal(word, &value, &rest);
    const char *unit = ok && *rest ? strchr(units, tolower((unsigned char)*rest)) : NULL;
    for (const char *u = units; unit && u <= unit; u++)
        value *= 1024;
    if (unit)
        rest++;
    if (ok && tolower((unsigned char)*rest) == 'b')
        rest++;
    if (!ok || *rest || value < 1)
        return err_set(e, -EINVAL,
                       "'%.64s' is not an amount of memory: write a number with K, M, G or T, "
                       "such as 512M, or max",
                       text);
    if (value > 1e18)
        return err_set(e, -ERANGE, "'%.64s' is more memory than there can be", text);
    *out = (int64_t)value;
    return 0;
}

int parse_cpus(const char *text, int64_t *out_us, struct err *e)
{
    char word[PARSE_TEXT];
    const char *rest = NULL;
    double value = 0;
    if (parse_no_limit(text)) {
        *out_us = INT64_MAX;
        return 0;
    }
    bool ok = parse_trim(text, word) == 0 && parse_decimal(word, &value, &rest);
    bool percent = ok && strcmp(rest, "%") == 0;
    double us = value * (percent ? 1e3 : 1e5);
    if (!ok || (*rest && !percent) || us > 1e12)
        return err_set(e, -EINVAL,
                       "'%.64s' is not a number of CPUs: write one such as 1.5 or 150%%, or max",
                       text);
    if (us < 1000) /* the kernel takes no less */
        return err_set(e, -ERANGE, "'%.64s' is too little: at least 1%%", text);
    *out_us = (int64_t)(us + 0.5);
    return 0;
}

int parse_count(const char *text, int64_t *out, struct err *e)
{
    int64_t value = INT64_MAX;
    if (!parse_no_limit(text) && (parse_int(text, &value, NULL) < 0 || value < 1))
        return err_set(e, -EINVAL, "'%.64s' is not a number above 0, or max", text);
    *out = value;
    return 0;
}

int parse_octal(const char *text, int64_t *out, struct err *e)
{
    char word[PARSE_TEXT];
    int64_t value = 0;
    int rc = parse_trim(text, word);
    const char *digits = word;
    if (rc == 0 && *digits == '+')
        digits++;
    if (rc == 0 && digits[0] == '0' && (digits[1] == 'o' || digits[1] == 'O'))
        digits += digits[2] == '_' ? 3 : 2;
    if (rc == 0)
        rc = parse_digits(digits, 8, &value);
    if (rc < 0)
        return err_set(e, -EINVAL, "%s can not be converted to an octal type", text);
    *out = value;
    return 0;
}

int parse_duration(const char *text, int64_t *out_ms, struct err *e)
{
    // clang-format off
    static const struct { const char *unit; double ms; } units[] = {
        {"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3},
    };
    // clang-format on
    char word[PARSE_TEXT];
    char *end = word;
    double value = 0;
    if (parse_trim(text, word) == 0 && (isdigit((unsigned char)word[0]) || word[0] == '.') &&
        !strpbrk(word, "xXeEpP"))
        value = strtod(word, &end);
    for (size_t i = 0; end != word && i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) != 0)
            continue;
        if (value * units[i].ms > 3650.0 * 86400e3)
            return err_set(e, -ERANGE, "the time '%s' is longer than ten years", text);
        *out_ms = (int64_t)(value * units[i].ms + 0.5);
        return 0;
    }
    return err_set(e, -EINVAL,
                   "'%.64s' is not a time: write a number with ms, s, m, h or d, such as 30s",
                   text);
}

// clang-format off
static const struct parse_signal_row { const char *name; int number; } parse_signals[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT},     {"ILL", SIGILL},
    {"TRAP", SIGTRAP}, {"ABRT", SIGABRT}, {"BUS", SIGBUS},       {"FPE", SIGFPE},
    {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE}, {"ALRM", SIGALRM}, {"TERM", SIGTERM},     {"STKFLT", SIGSTKFLT},
    {"CHLD", SIGCHLD}, {"CONT", SIGCONT}, {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"URG", SIGURG},       {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH},
    {"IO", SIGIO},     {"PWR", SIGPWR},   {"SYS", SIGSYS},       {"RTMIN", 34},
    {"RTMAX", 64},
    /* other names of the same numbers; the first name above is the one that is shown */
    {"CLD", SIGCHLD},  {"POLL", SIGPOLL}, {"IOT", SIGIOT},
};
// clang-format on
enum { PARSE_SIGNALS = sizeof parse_signals / sizeof *parse_signals };

int parse_signal(const char *text, int *out, struct err *e)
{
    char word[PARSE_TEXT];
    int64_t number;
    if (parse_trim(text, word) < 0)
        return err_set(e, -EINVAL, "value '%.64s' is not a valid signal name", text);
    if (parse_int(word, &number, NULL) == 0) {
        if (number < 0 || (number > 31 && number != 34 && number != 64))
            return err_set(e, -EINVAL, "value '%s' is not a valid signal number", text);
        *out = (int)number;
        return 0;
    }
    const char *name = strncasecmp(word, "SIG", 3) == 0 ? word + 3 : word;
    for (size_t i = 0; i < PARSE_SIGNALS; i++) {
        if (strcasecmp(name, parse_signals[i].name) == 0) {
            *out = parse_signals[i].number;
            return 0;
        }
    }
    return err_set(e, -EINVAL, "value '%s' is not a valid signal name", text);
}

const char *parse_signal_name(int number, char *text, unsigned long size)
{
    for (size_t i = 0; i < PARSE_SIGNALS; i++) {
        if (parse_signals[i].number == number) {
            (void)snprintf(text, size, "SIG%s", parse_signals[i].name);
            return text;
        }
    }
    (void)snprintf(text, size, "signal %d", number);
    return text;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned parse_distance(const char *a, const char *b)
{
    enum { LONGEST = 40 }; /* longer words are never called similar */
    size_t alen = strlen(a);
    size_t blen = strlen(b);
    if (alen > LONGEST || blen > LONGEST)
        return LONGEST;
    unsigned rows[LONGEST + 1][LONGEST + 1];
    for (unsigned i = 0; i <= alen; i++)
        rows[i][0] = i;
    for (unsigned j = 0; j <= blen; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= alen; i++) {
        for (unsigned j = 1; j <= blen; j++) {
            unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;
            rows[i][j] = min3(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                rows[i - 2][j - 2] + 1 < rows[i][j])
                rows[i][j] = rows[i - 2][j - 2] + 1;
        }
    }
    return rows[alen][blen];
}
