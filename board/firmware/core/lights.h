/* LEDs that are on and off in turn. */
#ifndef LIGHTS_H
#define LIGHTS_H

#include <stdbool.h>
#include <stdint.h>

/* `off_ms` 0 is steady. */
struct light {
    uint8_t colour;
    uint16_t on_ms;
    uint16_t off_ms;
    uint32_t at_ms;
};

void light_set(struct light *light, uint8_t colour, uint16_t on_ms, uint16_t off_ms);
/* One millisecond; the colour that is to be seen in it. */
uint8_t light_step(struct light *light);

#endif
