/* Vectors, and the way from reset to main. */
#include "board.h"

extern uint32_t data_load, data_start, data_end, bss_start, bss_end, stack_top;

int main(void);

_Noreturn void reset(void) {
    const uint32_t *from = &data_load;
    for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
    main();
    for (;;) {
    }
}

/* A fault stops here, and the watchdog starts everything afresh. */
static _Noreturn void fault(void) {
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static void (*const vectors[48])(void) = {
    (void (*)(void))(uintptr_t)&stack_top, reset, fault, fault, [11] = fault, [14] = fault, [15] = fault, [16] = tick,
};
