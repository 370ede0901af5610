#include "fxo.h"

#include "protocol.h"

/* Ringing turns the wires round every 5 to 45 ms, 11 to 100 Hz; what stands for longer is a polarity. */
#define HALF_WAVE_MIN_MS 5u
#define HALF_WAVE_MAX_MS 45u
#define STEADY_MS 60u
/* Fewer turns are a click, a dial pulse on the pair beside, a polarity that bounces. */
#define RING_HALF_WAVES 4u
/* A shorter interruption is a click. */
#define BREAK_MIN_MS 10u
/* Longer, and the line is gone: an exchange that clears a call gives current again. */
#define DEAD_MS 2000u
/* So long a voltage must stand, behind our own loop, too. */
#define LEVEL_MS 100u

static const struct line_event NOTHING = {0, 0};

static void count_ms(uint32_t *ms) {
    if (*ms != UINT32_MAX) ++*ms;
}

void fxo_init(struct fxo *line) {
    *line = (struct fxo){.volts = FXO_VOLTS, .level = FXO_VOLTS};
}

void fxo_loop(struct fxo *line, bool closed) {
    if (closed == line->closed) return;
    line->closed = closed;
    line->recall_for_ms = 0;
    line->dead_for_ms = 0;
    line->level_for_ms = 0;
    line->half_waves = 0;
    line->ringing = false;
}

void fxo_recall(struct fxo *line, uint16_t ms) {
    if (line->closed) line->recall_for_ms = ms;
}

bool fxo_drive(const struct fxo *line) {
    return line->closed && line->recall_for_ms == 0;
}

static void follow_sign(struct fxo *line, struct town_wires wires) {
    if (!wires.live) {
        line->half_waves = 0;
        return;
    }
    if (wires.reversed == line->sign) {
        count_ms(&line->sign_for_ms);
        return;
    }
    bool turns = line->sign_for_ms >= HALF_WAVE_MIN_MS && line->sign_for_ms <= HALF_WAVE_MAX_MS;
    if (!turns) line->half_waves = 0;
    else if (line->half_waves < RING_HALF_WAVES) line->half_waves++;
    line->sign = wires.reversed;
    line->sign_for_ms = 1;
}

static struct line_event tell_ringing(struct fxo *line, bool ringing) {
    line->ringing = ringing;
    line->half_waves = 0;
    return (struct line_event){EVT_RINGING, ringing};
}

static struct line_event tell_volts(struct fxo *line, uint8_t volts) {
    line->volts = volts;
    return (struct line_event){EVT_VOLTAGE, volts};
}

static struct line_event watch_closed(struct fxo *line, bool live) {
    if (!live) {
        count_ms(&line->dead_for_ms);
        return line->dead_for_ms == DEAD_MS ? tell_volts(line, 0) : NOTHING;
    }
    uint32_t ms = line->dead_for_ms;
    line->dead_for_ms = 0;
    if (line->volts == 0) return tell_volts(line, FXO_VOLTS);
    return ms < BREAK_MIN_MS ? NOTHING : (struct line_event){EVT_LOOP_BREAK, (uint16_t)ms};
}

static struct line_event watch_open(struct fxo *line, struct town_wires wires) {
    if (line->half_waves == RING_HALF_WAVES && !line->ringing) return tell_ringing(line, true);
    if (line->ringing) return line->sign_for_ms > STEADY_MS || !wires.live ? tell_ringing(line, false) : NOTHING;
    uint8_t level = !wires.live ? 0 : wires.full ? FXO_VOLTS : 9;
    if (level != line->level) line->level_for_ms = 0;
    line->level = level;
    count_ms(&line->level_for_ms);
    if (line->level_for_ms < LEVEL_MS || level == line->volts) return NOTHING;
    return tell_volts(line, level);
}

struct line_event fxo_step(struct fxo *line, struct town_wires wires) {
    if (line->recall_for_ms > 0) {
        line->recall_for_ms--;
        return NOTHING;
    }
    follow_sign(line, wires);
    if (wires.live && line->sign_for_ms >= STEADY_MS && line->sign != line->reversed) {
        line->reversed = line->sign;
        return (struct line_event){EVT_POLARITY, line->reversed};
    }
    return line->closed ? watch_closed(line, wires.live) : watch_open(line, wires);
}
