#include "lights.h"

#include "protocol.h"

void light_set(struct light *light, uint8_t colour, uint16_t on_ms, uint16_t off_ms) {
    /* The same light again does not start its blinking afresh. */
    if (light->colour == colour && light->on_ms == on_ms && light->off_ms == off_ms) return;
    *light = (struct light){colour, on_ms, off_ms, 0};
}

uint8_t light_step(struct light *light) {
    if (light->off_ms == 0) return light->colour;
    bool lit = light->at_ms < light->on_ms;
    if (++light->at_ms >= (uint32_t)light->on_ms + light->off_ms) light->at_ms = 0;
    return lit ? light->colour : COLOUR_OFF;
}
