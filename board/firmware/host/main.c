/*
 * The core as a process, for tests and for machines too weak to emulate the microcontroller. Its world is handed to it
 * 10 ms at a time on stdin, and what it did to that world is told on stdout; so it lives as fast as it is driven.
 *
 * In:  u16 bytes of UART, the bytes; of each ms closed loops, a bit per line, of a town line its tip negative; of each ms
 *      town lines with more than 3 V, in the high four bits with more than 20 V, of a telephone's line a short and earth;
 *      u16 keys held; captured samples, all lines
 *      of a sample beside each other; u8 bypass in use.
 * Out: u16 bytes of UART, the bytes; per ms and line: 1 battery, 2 ringing, 4 reversed, 8 loop of a town line closed, 16 voltage
 *      of a lamp; LED colours of each ms; u8 law; u8 relay; u8 rebooted; played samples as captured ones.
 *
 * Arguments: first boot id, then one digit per socket, PORT_….
 */
#include <stdio.h>
#include <stdlib.h>

#include "bytes.h"
#include "board.h"
#include "hat.h"

#define MS_PER_BLOCK 10u
#define SAMPLES_PER_MS 8u

static struct hat hat;

static void start(struct hat_identity *identity, uint8_t cause) {
    board = (struct board){0};
    identity->reset_cause = cause;
    hat_start(&hat, identity, &board.rings);
}

static bool read_exactly(void *to, size_t count) {
    return fread(to, 1, count, stdin) == count;
}

/* One block of the world; false at the end of it. */
static bool run_block(struct hat_identity *identity) {
    uint8_t header[2];
    uint8_t uart[UINT16_MAX];
    uint8_t loops[MS_PER_BLOCK];
    uint8_t volts[MS_PER_BLOCK];
    uint8_t keys[2];
    uint8_t captured[HAT_BLOCK_SAMPLES][HAT_LINES];
    uint8_t bypass;
    uint8_t drives[MS_PER_BLOCK][HAT_LINES];
    uint8_t leds[MS_PER_BLOCK][HAT_LEDS];
    uint8_t played[HAT_BLOCK_SAMPLES][HAT_LINES];
    if (!read_exactly(header, sizeof header)) return false;
    if (!read_exactly(uart, get_u16(header)) || !read_exactly(loops, sizeof loops) || !read_exactly(volts, sizeof volts) ||
        !read_exactly(keys, sizeof keys) || !read_exactly(captured, sizeof captured) || !read_exactly(&bypass, 1))
        return false;
    board.keys = get_u16(keys);
    board.bypass = bypass != 0;
    hat_receive(&hat, uart, get_u16(header));
    bool rebooted = board.rebooting;
    if (rebooted) {
        identity->boot_id++;
        start(identity, RESET_COMMAND);
    }
    for (unsigned ms = 0; ms < MS_PER_BLOCK; ms++) {
        board.loops = loops[ms];
        board.volts = volts[ms];
        for (unsigned i = ms * SAMPLES_PER_MS; i < (ms + 1) * SAMPLES_PER_MS; i++) {
            unsigned at = board.sample_clock++ % AUDIO_RING;
            copy_bytes(board.rings.captured[at], captured[i], HAT_LINES);
            copy_bytes(played[i], board.rings.playout[at], HAT_LINES);
        }
        hat_run(&hat);
        copy_bytes(drives[ms], board.drives, HAT_LINES);
        copy_bytes(leds[ms], board.leds, HAT_LEDS);
    }
    const uint8_t flags[] = {board.law, board.relay, rebooted};
    put_u16(header, (uint16_t)board.uart_length);
    fwrite(header, 1, sizeof header, stdout);
    fwrite(board.uart, 1, board.uart_length, stdout);
    fwrite(drives, 1, sizeof drives, stdout);
    fwrite(leds, 1, sizeof leds, stdout);
    fwrite(flags, 1, sizeof flags, stdout);
    fwrite(played, 1, sizeof played, stdout);
    board.uart_length = 0;
    return fflush(stdout) == 0;
}

int main(int count, char **arguments) {
    struct hat_identity identity = {.serial_low = 1};
    identity.boot_id = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : 1;
    for (unsigned line = 0; line < HAT_LINES; line++) identity.kinds[line] = PORT_FXS;
    for (unsigned line = 0; count > 2 && line < HAT_LINES && arguments[2][line] != '\0'; line++)
        identity.kinds[line] = (uint8_t)(arguments[2][line] - '0');
    start(&identity, RESET_POWER);
    while (run_block(&identity)) {
    }
    return 0;
}
