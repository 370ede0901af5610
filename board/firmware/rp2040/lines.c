/*
 * The lines' circuits: SLIC modules whose pins hang on shift registers, two bytes out and one in. A pulse of the latch
 * loads the inputs and shows the outputs that were shifted last.
 */
#include "board.h"
#include "registers.h"

/* Each line's four output bits. */
#define RING_MODE 1u
#define REVERSE 2u
#define POWER_DOWN 4u
#define A_LAW 8u
/* Inputs: loops in the low four bits, missing modules (their strap pulls low) in the high four. */
#define ABSENT_SHIFT 4u
/* The bell's voltage turns round at 25 Hz. */
#define HALF_WAVE_MS 20u
#define SPI_RECEIVED (1u << 2)

static uint8_t outputs[HAT_LINES];
static uint8_t inputs;
static struct line_drive drives[HAT_LINES];
static uint8_t law;
static unsigned wave_ms;

static uint8_t exchange(uint16_t out) {
    REG(SIO_GPIO_OUT_CLR) = 1u << PIN_LINE_LATCH;
    REG(SIO_GPIO_OUT_SET) = 1u << PIN_LINE_LATCH;
    REG(SPI0_DR) = out;
    while ((REG(SPI0_SR) & SPI_RECEIVED) == 0) {
    }
    uint8_t in = (uint8_t)(REG(SPI0_DR) >> 8);
    REG(SIO_GPIO_OUT_CLR) = 1u << PIN_LINE_LATCH;
    REG(SIO_GPIO_OUT_SET) = 1u << PIN_LINE_LATCH;
    return in;
}

void lines_poll(void) {
    wave_ms = (wave_ms + 1) % (2 * HALF_WAVE_MS);
    uint16_t out = 0;
    for (unsigned line = 0; line < HAT_LINES; line++) {
        const struct line_drive *drive = &drives[line];
        bool reversed = drive->ringing ? wave_ms >= HALF_WAVE_MS : drive->reversed;
        outputs[line] = (uint8_t)((drive->ringing ? RING_MODE : 0) | (reversed ? REVERSE : 0) |
                                  (drive->battery ? 0 : POWER_DOWN) | (law == LAW_ALAW ? A_LAW : 0));
        out |= (uint16_t)(outputs[line] << (4 * line));
    }
    inputs = exchange(out);
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
    lines_poll();
    for (unsigned line = 0; line < HAT_LINES; line++)
        kinds[line] = (inputs >> (ABSENT_SHIFT + line) & 1) != 0 ? PORT_NONE : PORT_FXS;
}

bool hal_loop_closed(unsigned line) {
    return (inputs >> line & 1) != 0;
}

void hal_line_drive(unsigned line, struct line_drive drive) {
    drives[line] = drive;
}

void hal_codec_law(uint8_t codec_law) {
    law = codec_law;
}
