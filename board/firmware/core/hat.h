/* The HAT: lines, keypad, LEDs, sound and the link to the host, on the sample clock and nothing else. */
#ifndef HAT_H
#define HAT_H

#include "audio.h"
#include "frame.h"
#include "fxo.h"
#include "fxs.h"
#include "keypad.h"
#include "lights.h"
#include "reliable.h"

#define FIRMWARE_MAJOR 1
#define FIRMWARE_MINOR 3
#define FIRMWARE_PATCH 0

/* What the HAL knows at the start. */
struct hat_identity {
    /* Another number at each start: it tells the host of a reset. */
    uint32_t boot_id;
    uint32_t serial_low;
    uint32_t serial_high;
    uint8_t reset_cause;
    /* PORT_… of each socket. */
    uint8_t kinds[HAT_LINES];
};

struct hat {
    struct hat_identity identity;
    struct frame_decoder decoder;
    struct reliable link;
    struct fxs lines[HAT_LINES];
    struct line_drive drives[HAT_LINES];
    struct fxo town[HAT_LINES];
    bool loops[HAT_LINES];
    struct keypad keypad;
    struct light lights[HAT_LEDS];
    uint8_t shown[HAT_LEDS];
    struct audio audio;
    /* End of the last millisecond that was lived. */
    uint32_t clock;
    uint32_t uptime_ms;
    uint8_t ms_of_block;
    /* The host's name for this time together; 0 without a host. */
    uint32_t session;
    uint32_t silent_ms;
    uint32_t hello_in_ms;
    uint32_t send_dropped;
    uint32_t bad_commands;
};

void hat_start(struct hat *hat, const struct hat_identity *identity, struct audio_rings *rings);
void hat_receive(struct hat *hat, const uint8_t *bytes, unsigned count);
/* Lives up to the sample clock. Call it more often than every AUDIO_RING / 2 samples. */
void hat_run(struct hat *hat);

#endif
