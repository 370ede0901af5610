#include "board.h"

#include "bytes.h"
#include "keypad.h"

#define FULL_SHIFT 4u
#define DRIVE_LOOP 8u

struct board board;

uint32_t hal_sample_clock(void) {
    return board.sample_clock;
}

bool hal_uart_send(const uint8_t *bytes, unsigned count) {
    if (board.uart_length + count > UART_BYTES) return false;
    copy_bytes(board.uart + board.uart_length, bytes, count);
    board.uart_length += count;
    return true;
}

uint32_t hal_uart_overruns(void) {
    return 0;
}

bool hal_loop_closed(unsigned line) {
    return (board.loops >> line & 1) != 0;
}

uint8_t hal_line_fault(unsigned line) {
    return (uint8_t)((board.volts >> line & 1) | (board.volts >> (FULL_SHIFT + line) & 1) << 1);
}

void hal_line_drive(unsigned line, struct line_drive drive) {
    board.drives[line] = (uint8_t)(drive.battery | drive.ringing << 1 | drive.reversed << 2 | drive.lamp << 4);
}

struct town_wires hal_town_wires(unsigned line) {
    return (struct town_wires){
        .reversed = (board.loops >> line & 1) != 0,
        .live = (board.volts >> line & 1) != 0,
        .full = (board.volts >> (FULL_SHIFT + line) & 1) != 0,
    };
}

void hal_town_loop(unsigned line, bool closed) {
    board.drives[line] = closed ? DRIVE_LOOP : 0;
}

void hal_codec_law(uint8_t law) {
    board.law = law;
}

uint8_t hal_keypad_columns(void) {
    return board.keys >> (board.row * KEYPAD_COLUMNS) & 15;
}

void hal_keypad_select(unsigned row) {
    board.row = row;
}

void hal_led(unsigned led, uint8_t colour) {
    board.leds[led] = colour;
}

void hal_relay(bool energised) {
    board.relay = energised;
}

bool hal_bypass_in_use(void) {
    return board.bypass;
}

void hal_reboot(void) {
    board.rebooting = true;
}
