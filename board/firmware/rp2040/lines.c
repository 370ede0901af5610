/*
 * The lines' circuits: SLIC modules for telephones and DAA modules for town lines, whose pins hang on shift registers, two
 * bytes out and two in. A pulse of the latch loads the inputs and shows the outputs that were shifted last.
 */
#include "board.h"
#include "registers.h"

/* Each line's four output bits; the first closes the loop of a DAA module. */
#define RING_MODE 1u
#define LOOP 1u
#define REVERSE 2u
#define POWER_DOWN 4u
#define A_LAW 8u
/* Inputs, four lines each: any voltage or a short, voltage of rest or earth, loop current or a negative tip, strap. */
#define LIVE_SHIFT 0u
#define FULL_SHIFT 4u
#define LOOP_SHIFT 8u
#define STRAP_SHIFT 12u
/* A register's inputs need this long to follow an output through a module's strap. */
#define STRAP_SETTLES 300u
/* The bell's voltage turns round at 25 Hz. */
#define HALF_WAVE_MS 20u
#define SPI_RECEIVED (1u << 2)

static uint16_t inputs;
static uint8_t town_lines;
static struct line_drive drives[HAT_LINES];
static uint8_t loops;
static uint8_t law;
static uint8_t wave_ms[HAT_LINES];

static uint16_t exchange(uint16_t out) {
    REG(SIO_GPIO_OUT_CLR) = 1u << PIN_LINE_LATCH;
    REG(SIO_GPIO_OUT_SET) = 1u << PIN_LINE_LATCH;
    REG(SPI0_DR) = out;
    while ((REG(SPI0_SR) & SPI_RECEIVED) == 0) {
    }
    uint16_t in = (uint16_t)REG(SPI0_DR);
    REG(SIO_GPIO_OUT_CLR) = 1u << PIN_LINE_LATCH;
    REG(SIO_GPIO_OUT_SET) = 1u << PIN_LINE_LATCH;
    return in;
}

static bool input(unsigned shift, unsigned line) {
    return (inputs >> (shift + line) & 1) != 0;
}

void lines_poll(void) {
    uint16_t out = 0;
    for (unsigned line = 0; line < HAT_LINES; line++) {
        const struct line_drive *drive = &drives[line];
        if ((town_lines >> line & 1) != 0) {
            out |= (uint16_t)(((loops >> line & 1) != 0 ? LOOP : 0) | (law == LAW_ALAW ? A_LAW : 0)) << (4 * line);
            continue;
        }
        /* A ring begins with a turn; the voltage of a lamp is that of ringing, which does not turn. */
        bool turned = drive->ringing && wave_ms[line] < HALF_WAVE_MS;
        bool reversed = drive->reversed != turned;
        wave_ms[line] = (uint8_t)((wave_ms[line] + 1) % (2 * HALF_WAVE_MS));
        unsigned bits = (drive->ringing || drive->lamp ? RING_MODE : 0) | (reversed ? REVERSE : 0) |
                        (drive->battery ? 0 : POWER_DOWN) | (law == LAW_ALAW ? A_LAW : 0);
        out |= (uint16_t)(bits << (4 * line));
    }
    inputs = exchange(out);
}

/* What the straps say while the outputs are these. */
static uint16_t read_straps(uint16_t out) {
    exchange(out);
    for (volatile unsigned wait = 0; wait < STRAP_SETTLES; wait++) {
    }
    return exchange(out);
}

void lines_start(uint8_t *kinds) {
    pin_function(PIN_LINE_IN, FUNCTION_SPI, PAD_PLAIN | PAD_INPUT | PAD_PULL_UP);
    pin_function(PIN_LINE_CLOCK, FUNCTION_SPI, PAD_PLAIN);
    pin_function(PIN_LINE_OUT, FUNCTION_SPI, PAD_PLAIN);
    pin_function(PIN_LINE_LATCH, FUNCTION_SIO, PAD_PLAIN);
    REG(SIO_GPIO_OUT_SET) = 1u << PIN_LINE_LATCH;
    REG(SIO_GPIO_OE_SET) = 1u << PIN_LINE_LATCH;
    /* 16 bits, clock idle low, 102.4 MHz / 16 = 6.4 MHz. */
    REG(SPI0_CPSR) = 16;
    REG(SPI0_CR0) = 15;
    REG(SPI0_CR1) = 1u << 1;
    /* A strap is pulled low by a SLIC module, follows "power down" on a DAA module, and stays high where none is. */
    uint16_t powered_down = read_straps(0x1111u * POWER_DOWN);
    uint16_t powered = read_straps(0);
    for (unsigned line = 0; line < HAT_LINES; line++) {
        bool high = (powered >> (STRAP_SHIFT + line) & 1) != 0;
        bool followed = (powered_down >> (STRAP_SHIFT + line) & 1) != 0;
        kinds[line] = high ? PORT_NONE : followed ? PORT_FXO : PORT_FXS;
        if (kinds[line] == PORT_FXO) town_lines |= (uint8_t)(1u << line);
    }
    lines_poll();
}

struct town_wires hal_town_wires(unsigned line) {
    return (struct town_wires){
        .reversed = input(LOOP_SHIFT, line),
        .live = input(LIVE_SHIFT, line),
        .full = input(FULL_SHIFT, line),
    };
}

void hal_town_loop(unsigned line, bool closed) {
    uint8_t bit = (uint8_t)(1u << line);
    loops = (uint8_t)(closed ? loops | bit : loops & ~bit);
}

bool hal_loop_closed(unsigned line) {
    return input(LOOP_SHIFT, line);
}

/* A SLIC module's monitor sets one bit for a short, one for current to earth, both when it is too hot. */
uint8_t hal_line_fault(unsigned line) {
    return (uint8_t)((input(LIVE_SHIFT, line) ? FAULT_SHORT : 0) | (input(FULL_SHIFT, line) ? FAULT_GROUND : 0));
}

void hal_line_drive(unsigned line, struct line_drive drive) {
    if (drive.ringing && !drives[line].ringing) wave_ms[line] = 0;
    drives[line] = drive;
}

void hal_codec_law(uint8_t codec_law) {
    law = codec_law;
}
