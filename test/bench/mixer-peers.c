/*
 * The mixers that the one in WebAssembly is measured against, each as a C programmer would write it. Every function mixes
 * a room `rounds` times: `in` and `out` hold `members` blocks of 160 codes, one after the other, all of one law
 * (0 = µ-law, 1 = A-law). What each member hears is the sum of all others.
 *
 *     gcc -O3 -march=native -shared -fPIC
 */
#include <smmintrin.h>
#include <stdint.h>
#include <string.h>

enum { SAMPLES = 160 };

static int16_t decoded[2][256];
static uint8_t encoded[2][65536];
/* Asterisk's tables leave out the bits that its laws do not resolve. */
static uint8_t encoded_short[2][16384];

static int ulaw_sample(int code) {
  int u = ~code & 0xff;
  int magnitude = ((((u & 15) << 3) + 132) << ((u >> 4) & 7)) - 132;
  return u & 0x80 ? -magnitude : magnitude;
}

static int alaw_sample(int code) {
  int a = code ^ 0x55;
  int segment = (a >> 4) & 7;
  int magnitude = ((a & 15) << 4) + 8;
  if (segment > 0) magnitude = (magnitude + 256) << (segment - 1);
  return a & 0x80 ? magnitude : -magnitude;
}

/* Negative samples by their ones' complement, as ITU-T G.191 does. */
static int ulaw_code(int sample) {
  int magnitude = sample < 0 ? ~sample : sample;
  if (magnitude > 32635) magnitude = 32635;
  magnitude += 132;
  int segment = 31 - __builtin_clz(magnitude) - 7;
  return ~((sample < 0 ? 0x80 : 0) | segment << 4 | ((magnitude >> (segment + 3)) & 15)) & 0xff;
}

static int alaw_code(int sample) {
  int magnitude = sample < 0 ? ~sample : sample;
  int segment = magnitude < 256 ? 0 : 31 - __builtin_clz(magnitude) - 7;
  int quantum = (magnitude >> (segment == 0 ? 4 : segment + 3)) & 15;
  return ((sample < 0 ? 0 : 0x80) | segment << 4 | quantum) ^ 0x55;
}

void prepare(void) {
  for (int code = 0; code < 256; code++) {
    decoded[0][code] = ulaw_sample(code);
    decoded[1][code] = alaw_sample(code);
  }
  for (int sample = -32768; sample < 32768; sample++) {
    encoded[0][(uint16_t)sample] = ulaw_code(sample);
    encoded[1][(uint16_t)sample] = alaw_code(sample);
  }
  for (int i = 0; i < 16384; i++) {
    encoded_short[0][i] = encoded[0][i << 2];
    encoded_short[1][i] = encoded[1][i << 2];
  }
}

static inline int clip(int sample) { return sample > 32767 ? 32767 : sample < -32768 ? -32768 : sample; }

/* Tables and sums of 32 bits. */
void mix_tables(int law, const uint8_t *in, uint8_t *out, int members, int rounds) {
  const int16_t *decode = decoded[law];
  const uint8_t *encode = encoded[law];
  for (int round = 0; round < rounds; round++) {
    int32_t sum[SAMPLES] = {0};
    for (int member = 0; member < members; member++) {
      const uint8_t *block = in + member * SAMPLES;
      for (int i = 0; i < SAMPLES; i++) sum[i] += decode[block[i]];
    }
    for (int member = 0; member < members; member++) {
      const uint8_t *block = in + member * SAMPLES;
      uint8_t *heard = out + member * SAMPLES;
      for (int i = 0; i < SAMPLES; i++) heard[i] = encode[(uint16_t)clip(sum[i] - decode[block[i]])];
    }
  }
}

/* One sample at a time, as Asterisk has it. */
static inline void add_saturated(int16_t *to, int16_t sample) {
  int sum = *to + sample;
  if (sum > 32767)
    *to = 32767;
  else if (sum < -32768)
    *to = -32768;
  else
    *to = sum;
}

static inline void subtract_saturated(int16_t *to, int16_t sample) {
  int difference = *to - sample;
  if (difference > 32767)
    *to = 32767;
  else if (difference < -32768)
    *to = -32768;
  else
    *to = difference;
}

/* The arithmetic of Asterisk's bridge_softmix: samples of 16 bits, added and subtracted with saturation. */
void mix_saturated(int law, const uint8_t *in, uint8_t *out, int members, int rounds) {
  static int16_t samples[512][SAMPLES];
  const int16_t *decode = decoded[law];
  const uint8_t *encode = encoded_short[law];
  for (int round = 0; round < rounds; round++) {
    int16_t sum[SAMPLES] = {0};
    for (int member = 0; member < members; member++) {
      const uint8_t *block = in + member * SAMPLES;
      for (int i = 0; i < SAMPLES; i++) samples[member][i] = decode[block[i]];
      for (int i = 0; i < SAMPLES; i++) add_saturated(&sum[i], samples[member][i]);
    }
    for (int member = 0; member < members; member++) {
      int16_t heard[SAMPLES];
      memcpy(heard, sum, sizeof heard);
      for (int i = 0; i < SAMPLES; i++) subtract_saturated(&heard[i], samples[member][i]);
      uint8_t *codes = out + member * SAMPLES;
      for (int i = 0; i < SAMPLES; i++) codes[i] = encode[(uint16_t)heard[i] >> 2];
    }
  }
}

/* A code is a small floating-point number: four of them at once, by hand, without tables. */
static inline __m128 four_samples(__m128i codes, int law) {
  const __m128i bits = _mm_add_epi32(_mm_slli_epi32(_mm_and_si128(codes, _mm_set1_epi32(0x7f)), 19),
                                     _mm_set1_epi32((134 << 23) | (1 << 18)));
  __m128 magnitude = _mm_castsi128_ps(bits);
  if (law == 0)
    magnitude = _mm_sub_ps(magnitude, _mm_set1_ps(132));
  else
    magnitude = _mm_add_ps(magnitude, _mm_min_ps(_mm_sub_ps(magnitude, _mm_set1_ps(256)), _mm_setzero_ps()));
  const __m128i sign = _mm_slli_epi32(_mm_and_si128(codes, _mm_set1_epi32(0x80)), 24);
  return _mm_xor_ps(magnitude, _mm_castsi128_ps(sign));
}

static inline __m128i four_codes(__m128 samples, int law) {
  const __m128 sign = _mm_and_ps(samples, _mm_castsi128_ps(_mm_set1_epi32(1u << 31)));
  __m128 magnitude = _mm_xor_ps(samples, sign);
  if (law == 0)
    magnitude = _mm_add_ps(_mm_min_ps(magnitude, _mm_set1_ps(32635)), _mm_set1_ps(132));
  else {
    magnitude = _mm_min_ps(magnitude, _mm_set1_ps(32767));
    magnitude = _mm_max_ps(magnitude, _mm_add_ps(_mm_mul_ps(magnitude, _mm_set1_ps(0.5f)), _mm_set1_ps(128)));
  }
  const __m128i bits = _mm_sub_epi32(_mm_srli_epi32(_mm_castps_si128(magnitude), 19), _mm_set1_epi32(134 << 4));
  return _mm_or_si128(bits, _mm_srli_epi32(_mm_castps_si128(sign), 24));
}

static inline void mix_columns(int law, const uint8_t *in, uint8_t *out, int members) {
  /* What turns a code into sign (set where negative), segment and quantum, and back. */
  const __m128i flip = _mm_set1_epi8(law == 0 ? (char)0xff : (char)0xd5);
  for (int at = 0; at < SAMPLES; at += 16) {
    __m128 sum[4];
    /* Half a step up makes the magnitude of a negative sample its ones' complement. */
    for (int k = 0; k < 4; k++) sum[k] = _mm_set1_ps(0.5f);
    for (int member = 0; member < members; member++) {
      __m128i codes = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(in + member * SAMPLES + at)), flip);
      sum[0] = _mm_add_ps(sum[0], four_samples(_mm_cvtepu8_epi32(codes), law));
      sum[1] = _mm_add_ps(sum[1], four_samples(_mm_cvtepu8_epi32(_mm_srli_si128(codes, 4)), law));
      sum[2] = _mm_add_ps(sum[2], four_samples(_mm_cvtepu8_epi32(_mm_srli_si128(codes, 8)), law));
      sum[3] = _mm_add_ps(sum[3], four_samples(_mm_cvtepu8_epi32(_mm_srli_si128(codes, 12)), law));
    }
    for (int member = 0; member < members; member++) {
      __m128i codes = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(in + member * SAMPLES + at)), flip);
      __m128i a = four_codes(_mm_sub_ps(sum[0], four_samples(_mm_cvtepu8_epi32(codes), law)), law);
      __m128i b = four_codes(_mm_sub_ps(sum[1], four_samples(_mm_cvtepu8_epi32(_mm_srli_si128(codes, 4)), law)), law);
      __m128i c = four_codes(_mm_sub_ps(sum[2], four_samples(_mm_cvtepu8_epi32(_mm_srli_si128(codes, 8)), law)), law);
      __m128i d = four_codes(_mm_sub_ps(sum[3], four_samples(_mm_cvtepu8_epi32(_mm_srli_si128(codes, 12)), law)), law);
      __m128i heard = _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
      _mm_storeu_si128((__m128i *)(out + member * SAMPLES + at), _mm_xor_si128(heard, flip));
    }
  }
}

void mix_vectors(int law, const uint8_t *in, uint8_t *out, int members, int rounds) {
  for (int round = 0; round < rounds; round++) {
    if (law == 0)
      mix_columns(0, in, out, members);
    else
      mix_columns(1, in, out, members);
  }
}
