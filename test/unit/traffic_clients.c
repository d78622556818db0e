/* Protects counting clients: exact up to the limit, near the truth above it, the same after a save. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "traffic/clients.h"

static void add(struct clients *c, const char *address)
{
    clients_add(c, address, strlen(address));
}

static void add_number(struct clients *c, unsigned number)
{
    char address[64];
    if (number % 2 == 0)
        (void)snprintf(address, sizeof address, "%u.%u.%u.%u", 1 + number % 223, number >> 16 & 255,
                       number >> 8 & 255, number & 255);
    else
        (void)snprintf(address, sizeof address, "2001:db8:0:%x:ab::%x", number & 65535, number);
    add(c, address);
}

static void different_addresses_are_different_clients(void **state)
{
    (void)state;
    // clang-format off
    static const char *const addresses[] = {
        "1", "11", "1.2.3.4", "1.2.3.40", "1.2.3.4 ", "255.255.255.255", "255.255.255.254",
        "::1", "::2", "2001:db8::1", "2001:db8::2", "2001:0db8:0000:0000:0000:ff00:0042:8329",
        "2001:0db8:0000:0000:0000:ff00:0042:832a", "1.2.3.4, 10.0.0.1", "1.2.3.4, 10.0.0.2",
        "unix:", "123456789012345", "1234567890123456", "12345678901234567", "\xff\x01", "\n",
    };
    // clang-format on
    struct clients c;
    clients_init(&c);
    assert_int_equal(clients_count(&c), 0);
    clients_add(&c, "", 0);
    clients_add(&c, "\0", 1);
    assert_int_equal(clients_count(&c), 1);
    clients_add(&c, "\0\0", 2);
    assert_int_equal(clients_count(&c), 2);
    for (int times = 0; times < 3; times++)
        for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
            add(&c, addresses[i]);
    assert_int_equal(clients_count(&c), 2 + sizeof addresses / sizeof *addresses);
    assert_true(clients_exact(&c));
    clients_close(&c);
}

static void exact_up_to_the_limit_and_near_above(void **state)
{
    (void)state;
    struct clients c;
    clients_init(&c);
    for (unsigned n = 0; n < CLIENTS_EXACT; n++) {
        add_number(&c, n);
        add_number(&c, n / 2);
    }
    assert_true(clients_exact(&c));
    assert_int_equal(clients_count(&c), CLIENTS_EXACT);
    add_number(&c, CLIENTS_EXACT);
    assert_false(clients_exact(&c));
    assert_null(c.slots);
    unsigned n = CLIENTS_EXACT + 1;
    for (unsigned want = n; want <= 400000; want += want / 3) {
        for (; n < want; n++)
            add_number(&c, n);
        double off = (double)clients_count(&c) / (double)want - 1;
        if (off < -4 * CLIENTS_ERROR || off > 4 * CLIENTS_ERROR)
            fail_msg("%u clients are estimated as %lu", want, (unsigned long)clients_count(&c));
    }
    uint64_t before = clients_count(&c);
    for (unsigned i = 0; i < n; i += 7)
        add_number(&c, i); /* who was here already changes nothing */
    assert_int_equal(clients_count(&c), before);
    clients_close(&c);
}

/* What is saved after half of them goes on as if nothing had been. */
static void goes_on_after_save(unsigned first, unsigned all)
{
    struct clients c;
    struct clients again;
    struct buf data = BUF_EMPTY;
    struct buf data_again = BUF_EMPTY;
    clients_init(&c);
    clients_init(&again);
    for (unsigned n = 0; n < first; n++)
        add_number(&c, n);
    clients_save(&c, &data);
    assert_true(clients_restore(&again, clients_exact(&c), buf_str(&data), data.len));
    for (unsigned n = first / 2; n < all; n++) {
        add_number(&c, n);
        add_number(&again, n);
    }
    assert_int_equal(clients_count(&again), clients_count(&c));
    buf_clear(&data);
    clients_save(&c, &data);
    clients_save(&again, &data_again);
    assert_int_equal(data.len, data_again.len);
    assert_memory_equal(buf_str(&data), buf_str(&data_again), data.len);
    buf_close(&data);
    buf_close(&data_again);
    clients_close(&c);
    clients_close(&again);
}

static void a_save_keeps_all(void **state)
{
    (void)state;
    goes_on_after_save(0, 10);
    goes_on_after_save(500, 1000);
    goes_on_after_save(CLIENTS_EXACT, CLIENTS_EXACT + 1);
    goes_on_after_save(CLIENTS_EXACT + 1, CLIENTS_EXACT + 50000);
}

static void nonsense_is_not_restored(void **state)
{
    (void)state;
    static char data[16 * (CLIENTS_EXACT + 1)];
    struct clients c;
    clients_init(&c);
    assert_false(clients_restore(&c, true, data, 16)); /* no length: nobody */
    assert_false(clients_restore(&c, true, data, 15));
    assert_false(clients_restore(&c, true, data, sizeof data));
    assert_false(clients_restore(&c, false, data, CLIENTS_REGISTERS - 1));
    assert_false(clients_restore(&c, false, data, CLIENTS_REGISTERS)); /* a sketch of nobody */
    data[9] = 65;                                                      /* above every rank */
    assert_false(clients_restore(&c, false, data, CLIENTS_REGISTERS));
    data[9] = 50;
    assert_true(clients_restore(&c, false, data, CLIENTS_REGISTERS));
    assert_int_equal(clients_count(&c), 1);
    clients_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(different_addresses_are_different_clients),
        cmocka_unit_test(exact_up_to_the_limit_and_near_above),
        cmocka_unit_test(a_save_keeps_all),
        cmocka_unit_test(nonsense_is_not_restored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
