import { describe, expect, it } from 'vitest';
import { LiveVoice } from '../../../../firmware-bridge/emulator/live-voice.ts';
import { Phone } from '../../../../firmware-bridge/emulator/phone.ts';
import { measureTones } from '../../../../firmware-bridge/emulator/tone-meter.ts';

/** What the phone says for some time. */
function said(phone: Phone, ms: number): Int16Array {
  const out = new Int16Array(ms * 8);
  for (let at = 0; at < out.length; at += 80) phone.run(out.subarray(at, at + 80), new Uint8Array(10));
  return out;
}

describe('Phone', () => {
  it('dials 80 ms of two tones and 80 ms of silence a digit, 400 ms after it was lifted', () => {
    const phone = new Phone();
    phone.lift();
    phone.dialTones('5#');
    expect(phone.busyMs).toBe(400 + 2 * 160);
    const sound = said(phone, 720);
    const sounding = Array.from({ length: 72 }, (_, i) => sound.slice(80 * i, 80 * i + 80).some((one) => one !== 0));
    expect(sounding.map((one) => (one ? 'X' : '.')).join('')).toBe(
      `${'.'.repeat(40)}${`${'X'.repeat(8)}${'.'.repeat(8)}`.repeat(2)}`,
    );
    expect(measureTones(sound.slice(3200, 3840)).map(({ hz }) => Math.round(hz / 10))).toEqual([77, 134]);
    expect(measureTones(sound.slice(4480, 5120)).map(({ hz }) => Math.round(hz / 10))).toEqual([94, 148]);
    const [low, high] = measureTones(sound.slice(3200, 3840));
    expect(low!.dbm0).toBeCloseTo(-9, 0);
    expect(high!.dbm0).toBeCloseTo(-7, 0);
  });

  it('says and dials in the order it was told', () => {
    const phone = new Phone();
    phone.lift();
    phone.say(new Int16Array(80).fill(7));
    phone.dialTones('1');
    phone.say(new Int16Array(80).fill(9));
    const sound = said(phone, 600);
    expect(new Set(sound.slice(3200, 3280))).toEqual(new Set([7]));
    expect(new Set(sound.slice(3280 + 1280, 3280 + 1360))).toEqual(new Set([9]));
    expect(sound[3280 + 1360]).toBe(0);
  });

  it('gives up what it was told when it is put down', () => {
    const phone = new Phone();
    phone.lift();
    phone.dialTones('123');
    said(phone, 100);
    phone.putDown();
    expect(phone.busyMs).toBe(0);
    phone.lift();
    expect(said(phone, 1000).every((one) => one === 0)).toBe(true);
  });

  it('leaves the loop open for 1.2 s when it is lifted as soon as it was put down, so that it is no flash', () => {
    const phone = new Phone();
    phone.lift();
    said(phone, 1000);
    phone.putDown();
    said(phone, 100);
    phone.lift();
    expect(phone.hook).toBe('off');
    const loop = new Uint8Array(10);
    const closed = Array.from({ length: 130 }, () => {
      phone.run(new Int16Array(80), loop);
      return loop.every((one) => one === 1);
    });
    expect(closed.indexOf(true)).toBe(110);
    expect(closed.slice(110)).not.toContain(false);
  });

  it('speaks live while the handset is lifted, and keeps quiet while it dials', () => {
    const phone = new Phone();
    const voice = new Int16Array(800).fill(5);
    phone.speak(voice);
    phone.lift();
    expect(said(phone, 400).every((one) => one === 0)).toBe(true);
    phone.speak(voice);
    phone.dialTones('1');
    const sound = said(phone, 80);
    expect(sound.some((one) => one === 5)).toBe(false);
    phone.putDown();
    phone.lift();
    said(phone, 1600);
    phone.speak(voice);
    expect(new Set(said(phone, 100))).toEqual(new Set([5]));
    expect(new Set(said(phone, 10))).toEqual(new Set([0]));
  });

  it('hands what it hears to its listeners until they leave', () => {
    const phone = new Phone();
    const heard: Int16Array[] = [];
    const leave = phone.listen((samples) => heard.push(samples.slice()));
    const block = Int16Array.of(1, 2, 3);
    phone.hear(block);
    leave();
    phone.hear(block);
    expect(heard).toEqual([Int16Array.of(1, 2, 3)]);
  });
});

describe('LiveVoice', () => {
  it('holds 60 ms back before it begins', () => {
    const voice = new LiveVoice();
    const block = new Int16Array(80);
    voice.push(new Int16Array(479).fill(1));
    voice.pull(block);
    expect(block[0]).toBe(0);
    voice.push(new Int16Array(1).fill(1));
    voice.pull(block);
    expect(block[0]).toBe(1);
  });

  it('leaves out the oldest beyond 400 ms', () => {
    const voice = new LiveVoice();
    voice.push(Int16Array.from({ length: 4000 }, (_, i) => i));
    const block = new Int16Array(3200);
    voice.pull(block);
    expect([block[0], block[3199]]).toEqual([800, 3999]);
  });
});
