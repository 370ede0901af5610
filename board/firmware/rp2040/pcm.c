/*
 * The PCM highway: 512 kHz, 8 kHz frames of 64 bits, of which the first 32 are the lines' 8-bit slots, line 1 first. A PIO
 * state machine makes the clocks and moves the bits; DMA moves the samples between it and the core's rings.
 */
#include "board.h"
#include "registers.h"

#define MACHINE 0u
/* 102.4 MHz / 20 is ten steps a bit. */
#define DIVIDER (20u << 16)

/* Side-set: bit 0 is PCLK, bit 1 FSYNC; `delay` is steps beyond the first. */
#define STEP(instruction, clocks, delay) ((instruction) | (clocks) << 11 | (delay) << 8)
#define OUT_BIT 0x6001u
#define IN_BIT 0x4001u
#define SET_X(n) (0xe020u | (n))
#define JUMP_X(to) (0x0040u | (to))
#define PUSH 0x8000u
#define PULL 0x8080u
#define NOTHING 0xa042u
#define ONES_TO_X 0xa02bu
#define SET_PINDIRS(n) (0xe080u | (n))

/* Bits change with the rising edge of PCLK and are read at its falling edge. A dry FIFO gives all ones: idle code. */
static const uint16_t program[] = {
    STEP(OUT_BIT, 3, 4),   STEP(IN_BIT, 2, 3),  STEP(SET_X(30), 0, 0),  /* the first bit, under FSYNC */
    STEP(OUT_BIT, 1, 4),   STEP(IN_BIT, 0, 3),  STEP(JUMP_X(3), 0, 0),  /* 31 more */
    STEP(SET_X(29), 1, 4), STEP(PUSH, 0, 4),                            /* what came in is a frame */
    STEP(NOTHING, 1, 4),   STEP(NOTHING, 0, 3), STEP(JUMP_X(8), 0, 0),  /* 30 idle bits */
    STEP(ONES_TO_X, 1, 4), STEP(PULL, 0, 4),                            /* what goes out next */
};
#define PROGRAM_LENGTH (sizeof program / sizeof program[0])

#define RING_BITS 11u
#define SAMPLES_PER_MS 8u

static struct audio_rings *rings;
static uint32_t clock;

static void start_pair(unsigned first, uint32_t from, uint32_t to, uint32_t control) {
    for (unsigned i = 0; i < 2; i++) {
        REG(DMA_READ(first + i)) = from;
        REG(DMA_WRITE(first + i)) = to;
        REG(DMA_COUNT(first + i)) = AUDIO_RING;
        REG(DMA_AL1_CTRL(first + i)) = control | DMA_CHAIN(first + 1 - i);
    }
    REG(DMA_CTRL_TRIG(first)) = control | DMA_CHAIN(first + 1);
}

void pcm_start(struct audio_rings *core_rings) {
    rings = core_rings;
    pin_function(PIN_PCM_CLOCK, FUNCTION_PIO0, PAD_PLAIN);
    pin_function(PIN_PCM_SYNC, FUNCTION_PIO0, PAD_PLAIN);
    pin_function(PIN_PCM_OUT, FUNCTION_PIO0, PAD_PLAIN);
    pin_function(PIN_PCM_IN, FUNCTION_PIO0, PAD_PLAIN | PAD_INPUT | PAD_PULL_UP);
    for (unsigned i = 0; i < PROGRAM_LENGTH; i++) REG(PIO0_INSTR_MEM(i)) = program[i];
    REG(PIO0_CLKDIV(MACHINE)) = DIVIDER;
    REG(PIO0_EXECCTRL(MACHINE)) = (PROGRAM_LENGTH - 1) << 12;
    REG(PIO0_SHIFTCTRL(MACHINE)) = 0;
    REG(PIO0_PINCTRL(MACHINE)) = 3u << 26 | PIN_PCM_CLOCK << 5;
    REG(PIO0_INSTR(MACHINE)) = SET_PINDIRS(7);
    REG(PIO0_PINCTRL(MACHINE)) =
        2u << 29 | 1u << 20 | PIN_PCM_IN << 15 | PIN_PCM_CLOCK << 10 | PIN_PCM_OUT;
    uint32_t common = DMA_ENABLE | DMA_HIGH_PRIORITY | DMA_WORDS | DMA_RING(RING_BITS) | DMA_QUIET | DMA_SWAP;
    start_pair(DMA_PCM_OUT, (uint32_t)(uintptr_t)rings->playout, PIO0_TXF(MACHINE),
               common | DMA_READ_ON | DMA_PACED_BY(DREQ_PIO0_TX0));
    start_pair(DMA_PCM_IN, PIO0_RXF(MACHINE), (uint32_t)(uintptr_t)rings->captured,
               common | DMA_WRITE_ON | DMA_RING_WRITES | DMA_PACED_BY(DREQ_PIO0_RX0));
    SET(PIO0_CTRL) = 1u << MACHINE;
}

bool pcm_poll(void) {
    uint32_t base = (uint32_t)(uintptr_t)rings->captured;
    uint32_t offset = REG(DMA_WRITE(DMA_PCM_IN)) - base + REG(DMA_WRITE(DMA_PCM_IN + 1)) - base;
    uint32_t before = clock;
    clock += (offset / HAT_LINES - clock) % AUDIO_RING;
    return before / SAMPLES_PER_MS != clock / SAMPLES_PER_MS;
}

uint32_t hal_sample_clock(void) {
    return clock;
}
