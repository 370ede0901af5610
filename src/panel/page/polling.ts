import { useEffect, useRef, useState } from 'preact/hooks';
import { isLinked, type Result } from './api.ts';

/**
 * Asks again and again while the page is looked at and the appliance is there; `undefined` until the first answer. `again`
 * asks at once; `set` takes over an answer that came another way, and what was asked before it counts no more.
 */
export function usePolled<Value>(ask: () => Promise<Result<Value>>, everyMs: number, deps: readonly unknown[]) {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [turn, setTurn] = useState(0);
  const latest = useRef(0);
  useEffect(() => {
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      if (!document.hidden && isLinked()) {
        const asked = latest.current;
        const result = await ask();
        if (ended) return;
        if (result.ok && asked === latest.current) setValue(result.value);
      }
      timer = setTimeout(() => void poll(), everyMs);
    };
    void poll();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [...deps, turn]);
  const again = () => setTurn((count) => count + 1);
  const set = (answer: Value) => {
    latest.current++;
    setValue(answer);
  };
  return [value, again, set] as const;
}

/** The time, anew each second, while something on the page counts seconds. */
export function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!running) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
