#include "control/auth.h"

#include <nettle/sha1.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"

#define SCHEME "basic "
#define HASHED "{SHA}"

/* Takes as long as `given` is, whatever is in `secret`. */
static bool same(const char *given, size_t given_len, const char *secret)
{
    size_t secret_len = strlen(secret);
    volatile unsigned char differs = given_len != secret_len;
    for (size_t i = 0; i < given_len; i++) {
        char other = secret_len > 0 ? secret[i % secret_len] : '\0';
        differs = (unsigned char)(differs | (given[i] ^ other));
    }
    return differs == 0;
}

static bool same_password(const char *given, size_t len, const char *password)
{
    if (strncmp(password, HASHED, strlen(HASHED)) != 0)
        return same(given, len, password);
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA1_DIGEST_SIZE];
    char text[2 * SHA1_DIGEST_SIZE];
    struct sha1_ctx sha1; /* weak, and what Supervisor's {SHA} passwords are made with */
    sha1_init(&sha1);
    sha1_update(&sha1, len, (const uint8_t *)given);
    sha1_digest(&sha1, sizeof hash, hash);
    for (size_t i = 0; i < sizeof hash; i++) {
        text[2 * i] = digits[hash[i] >> 4];
        text[2 * i + 1] = digits[hash[i] & 15];
    }
    return same(text, sizeof text, password + strlen(HASHED));
}

static bool same_credentials(const struct buf *given, const char *username, const char *password)
{
    const char *colon = given->len > 0 ? memchr(given->data, ':', given->len) : NULL;
    if (!colon)
        return false;
    size_t name_len = (size_t)(colon - given->data);
    bool name_right = same(given->data, name_len, username);
    bool password_right = same_password(colon + 1, given->len - name_len - 1, password);
    return name_right & password_right; /* both are always looked at */
}

void auth_set(struct auth *a, const char *username, const char *password)
{
    if (a->password)
        explicit_bzero(a->password, strlen(a->password));
    mem_free(a->password);
    mem_free(a->username);
    bool blank = username && password && !*username && !*password;
    a->username = mem_strdup(blank ? NULL : username);
    a->password = mem_strdup(blank ? NULL : password);
}

bool auth_allows(const char *header, const char *username, const char *password)
{
    if (!username)
        return true;
    if (!header || strncasecmp(header, SCHEME, strlen(SCHEME)) != 0)
        return false;
    const char *text = header + strlen(SCHEME);
    struct buf given = BUF_EMPTY;
    bool allowed = strlen(text) <= LIMIT_CREDENTIALS &&
                   base64_decode(&given, text, strlen(text)) == 0 &&
                   same_credentials(&given, username, password ? password : "");
    if (given.data)
        explicit_bzero(given.data, given.room);
    buf_close(&given);
    return allowed;
}
