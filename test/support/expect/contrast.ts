import type { Page } from 'puppeteer-core';

/** A text of a chart that is hard to read on what lies under it. */
export interface FaintText {
  readonly text: string;
  readonly ratio: number;
}

/**
 * Texts in charts with a contrast below the given one, as WCAG computes it, against the mark under their middle, or the
 * card. axe-core does not look into SVG.
 */
export function faintTexts(page: Page, least: number): Promise<FaintText[]> {
  return page.evaluate(`(${COMPUTE})(${least})`) as Promise<FaintText[]>;
}

/** Runs in the page; as text, since it speaks of a DOM that the tests do not know. */
const COMPUTE = `(least) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parse = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const over = (top, alpha, below) => top.map((value, index) => value * alpha + below[index] * (1 - alpha));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = [];
  for (const text of document.querySelectorAll('.chart text')) {
    if (text.textContent.trim() === '' || text.getClientRects().length === 0) continue;
    text.scrollIntoView({ block: 'center' });
    const box = text.getBoundingClientRect();
    const card = parse(getComputedStyle(text.closest('.card')).backgroundColor).rgb;
    const under = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2).filter((element) => element.closest('svg') && element.tagName !== 'text' && element.tagName !== 'svg');
    let ground = card;
    for (const mark of under.reverse()) {
      const style = getComputedStyle(mark);
      if (style.fill === 'none') continue;
      const { rgb, alpha } = parse(style.fill);
      ground = over(rgb, alpha * Number(style.fillOpacity), ground);
    }
    const style = getComputedStyle(text);
    // Text with an outline of the card's colour brings its own ground.
    if (style.stroke !== 'none') ground = card;
    const ink = over(parse(style.fill).rgb, Number(style.fillOpacity), ground);
    const [light, dark] = [luminance(ink), luminance(ground)].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < least) faint.push({ text: text.textContent, ratio: Math.round(ratio * 100) / 100 });
  }
  return faint;
}`;
