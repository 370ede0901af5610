/* The key matrix: one row a millisecond, debounced, with long presses. */
#ifndef KEYPAD_H
#define KEYPAD_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"

#define KEYPAD_ROWS 4u
#define KEYPAD_COLUMNS (HAT_KEYS / KEYPAD_ROWS)

struct keypad {
    unsigned row;
    uint8_t scanned[KEYPAD_ROWS];
    uint16_t down;
    /* Scans in a row that saw each key other than it is believed to be. */
    uint8_t differs[HAT_KEYS];
    uint16_t held_ms[HAT_KEYS];
};

/* Called with each key that changes, and KEY_…. */
typedef void key_handler(void *context, uint8_t key, uint8_t action);

/* One millisecond: `columns` has a bit for each column that the selected row closes. Select `row` after it. */
void keypad_step(struct keypad *keypad, uint8_t columns, key_handler *handler, void *context);

#endif
