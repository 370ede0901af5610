#include "audio.h"

#include "bytes.h"

static uint8_t idle_code(const struct audio *audio) {
    return audio->law == LAW_ALAW ? 0xd5 : 0xff;
}

static void clear(struct audio *audio, uint32_t from, unsigned samples) {
    uint8_t idle = idle_code(audio);
    for (unsigned i = 0; i < samples; i++) {
        for (unsigned line = 0; line < HAT_LINES; line++) audio->rings->playout[(from + i) % AUDIO_RING][line] = idle;
    }
}

static unsigned count_lines(uint8_t mask) {
    unsigned count = 0;
    for (; mask != 0; mask &= (uint8_t)(mask - 1)) count++;
    return count;
}

void audio_init(struct audio *audio, struct audio_rings *rings) {
    *audio = (struct audio){.rings = rings, .law = LAW_ULAW};
    clear(audio, 0, AUDIO_RING);
}

void audio_control(struct audio *audio, uint8_t mask, uint8_t law) {
    bool starts = audio->mask == 0 || audio->law != law;
    audio->mask = mask & AUDIO_LINES_MASK;
    audio->law = law;
    if (!starts && audio->mask != 0) return;
    audio->answered = 0;
    audio->warming = HAT_PLAYOUT_BLOCKS;
    clear(audio, 0, AUDIO_RING);
}

unsigned audio_end_block(struct audio *audio, uint8_t *payload) {
    uint32_t media_ts = audio->block_start;
    clear(audio, media_ts, HAT_BLOCK_SAMPLES);
    audio->block_start += HAT_BLOCK_SAMPLES;
    bool answered = (audio->answered & 1) != 0;
    audio->answered >>= 1;
    if (audio->mask == 0) return 0;
    if (audio->warming > 0) audio->warming--;
    else if (answered) audio->played++;
    else audio->underruns++;
    put_u32(payload + MSG_PCM_UP_MEDIA_TS, media_ts);
    payload[MSG_PCM_UP_MASK] = audio->mask;
    uint8_t *to = payload + MSG_PCM_UP_BLOCKS;
    for (unsigned line = 0; line < HAT_LINES; line++) {
        if ((audio->mask >> line & 1) == 0) continue;
        for (unsigned i = 0; i < HAT_BLOCK_SAMPLES; i++) *to++ = audio->rings->captured[(media_ts + i) % AUDIO_RING][line];
    }
    return (unsigned)(to - payload);
}

bool audio_answer(struct audio *audio, const uint8_t *payload, unsigned size) {
    if (size < MSG_PCM_DN_SIZE) return false;
    uint8_t mask = payload[MSG_PCM_DN_MASK];
    if ((mask & ~AUDIO_LINES_MASK) != 0) return false;
    if (size != MSG_PCM_DN_SIZE + count_lines(mask) * HAT_BLOCK_SAMPLES) return false;
    uint32_t play_at = get_u32(payload + MSG_PCM_DN_MEDIA_TS) + HAT_PLAYOUT_BLOCKS * HAT_BLOCK_SAMPLES;
    uint32_t ahead = play_at - audio->block_start;
    unsigned blocks = ahead / HAT_BLOCK_SAMPLES;
    if (blocks == 0 || blocks > HAT_PLAYOUT_BLOCKS || ahead % HAT_BLOCK_SAMPLES != 0) {
        audio->late++;
        return true;
    }
    /* A line that was switched off while its answer was under way stays silent. */
    const uint8_t *from = payload + MSG_PCM_DN_BLOCKS;
    for (unsigned line = 0; line < HAT_LINES; line++) {
        if ((mask >> line & 1) == 0) continue;
        if ((audio->mask >> line & 1) != 0) {
            for (unsigned i = 0; i < HAT_BLOCK_SAMPLES; i++) audio->rings->playout[(play_at + i) % AUDIO_RING][line] = from[i];
        }
        from += HAT_BLOCK_SAMPLES;
    }
    audio->answered |= (uint8_t)(1u << blocks);
    return true;
}
