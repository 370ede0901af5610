#include "keypad.h"

/* A key that a finger touches for 20 ms counts, whatever its contact does in the first of them. */
#define BELIEVED_SCANS 3u
#define LONG_PRESS_MS 1000u

/*
 * Three keys at the corners of a rectangle close the fourth as well: no diodes. Then no new key is believed, until one of
 * them is let go.
 */
static bool is_ambiguous(const uint8_t *rows) {
    for (unsigned a = 0; a < KEYPAD_ROWS; a++) {
        for (unsigned b = a + 1; b < KEYPAD_ROWS; b++) {
            uint8_t shared = rows[a] & rows[b];
            if ((shared & (shared - 1)) != 0) return true;
        }
    }
    return false;
}

static void scan_key(struct keypad *keypad, uint8_t key, bool closed, key_handler *handler, void *context) {
    uint16_t bit = (uint16_t)(1u << key);
    bool down = (keypad->down & bit) != 0;
    if (down && keypad->held_ms[key] < LONG_PRESS_MS) {
        keypad->held_ms[key] = (uint16_t)(keypad->held_ms[key] + KEYPAD_ROWS);
        if (keypad->held_ms[key] >= LONG_PRESS_MS) handler(context, key, KEY_LONG);
    }
    keypad->differs[key] = closed == down ? 0 : (uint8_t)(keypad->differs[key] + 1);
    if (keypad->differs[key] < BELIEVED_SCANS) return;
    keypad->differs[key] = 0;
    keypad->held_ms[key] = 0;
    keypad->down ^= bit;
    handler(context, key, down ? KEY_UP : KEY_DOWN);
}

void keypad_step(struct keypad *keypad, uint8_t columns, key_handler *handler, void *context) {
    keypad->scanned[keypad->row] = columns & ((1u << KEYPAD_COLUMNS) - 1u);
    keypad->row = (keypad->row + 1) % KEYPAD_ROWS;
    if (keypad->row != 0) return;
    bool ambiguous = is_ambiguous(keypad->scanned);
    for (unsigned key = 0; key < HAT_KEYS; key++) {
        bool closed = (keypad->scanned[key / KEYPAD_COLUMNS] >> (key % KEYPAD_COLUMNS) & 1) != 0;
        bool down = (keypad->down >> key & 1) != 0;
        scan_key(keypad, (uint8_t)key, closed && (down || !ambiguous), handler, context);
    }
}
