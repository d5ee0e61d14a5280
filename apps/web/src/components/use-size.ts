// SPDX-License-Identifier: Apache-2.0
'use client';

import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Size } from '@/domain/layout/types';

/** Size of an element in px, followed; `null` before it is known. */
export function useSize<T extends HTMLElement>(): { ref: RefObject<T | null>; size: Size | null } {
  const ref = useRef<T>(null);
  const [size, setSize] = useState<Size | null>(null);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = (): void => {
      const { clientWidth: width, clientHeight: height } = element;
      if (width > 0 && height > 0)
        setSize((was) => (was?.width === width && was.height === height ? was : { width, height }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, size };
}
